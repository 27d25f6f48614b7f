package test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestDocumentedChart renders the chart that docs/helm.md is about: its YAML blocks begin with the path of a file.
func TestDocumentedChart(t *testing.T) {
	t.Parallel()
	blocks := documented(t)
	want := blocks["rendered"]
	delete(blocks, "rendered")
	blocks.read(t, "../nodeimage", "charts/nodeimage/")
	for engine, run := range engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			rendered, err := draw(t, run, blocks, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			got := strings.TrimSpace(rendered["cluster/templates/machines.yaml"])
			if diff := cmp.Diff(strings.TrimSpace(string(want)), got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func documented(t *testing.T) files {
	t.Helper()
	doc, err := os.ReadFile("../../docs/helm.md")
	if err != nil {
		t.Fatal(err)
	}
	f := files{}
	for _, block := range strings.Split(string(doc), "\n```yaml\n# ")[1:] {
		block, _, _ = strings.Cut(block, "\n```\n")
		path, text, _ := strings.Cut(block, "\n")
		f[path] = []byte(text)
	}
	return f
}

// TestDocumentedSettings wants every setting and its default in docs/helm.md.
func TestDocumentedSettings(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/helm.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../nodeimage/values.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var settings map[string]any
	if err := yaml.UnmarshalStrict(text, &settings); err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(doc), "\n## Settings\n")
	for setting, value := range settings {
		text, _ := value.(string) // of release there is nothing to show
		if !strings.Contains(table, "`"+setting+"`") || text != "" && !strings.Contains(table, "`"+text+"`") {
			t.Errorf("%s (%v) is not in the table of settings", setting, value)
		}
	}
}

// TestDocumentedMessage wants the message that docs/helm.md shows.
func TestDocumentedMessage(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("../../docs/helm.md")
	if err != nil {
		t.Fatal(err)
	}
	for engine, run := range engines {
		_, err := draw(t, run, example(t), map[string]any{"nodeimage": map[string]any{"release": changed("os-tooling", "")}}, nil)
		if err == nil {
			t.Fatalf("%s: rendered, want a refusal", engine)
		}
		_, said, _ := strings.Cut(err.Error(), "nodeimage: ")
		if !strings.Contains(string(doc), "    nodeimage: "+said+"\n") {
			t.Errorf("%s: docs/helm.md does not show %q", engine, said)
		}
	}
}
