package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// present answers for another source, that everything is there.
type present struct{ inventory.Source }

func (p present) Look(_ context.Context, images []inventory.Image) (inventory.Findings, error) {
	found := make(inventory.Findings)
	for _, image := range images {
		for _, location := range p.Locations() {
			found.Add(image, inventory.Finding{Location: location, State: inventory.Present})
		}
	}
	return found, nil
}

// TestSources wants a program that plans to be asked for every source, with one key for those of one account, asked in one way.
func TestSources(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "images.yaml")
	if err := os.WriteFile(file, []byte(`apiVersion: nodeimage.giantswarm.io/v1alpha1
kind: ImageSet
versions: {flatcar: 3815.2.5, kubernetes: 1.29.7, tooling: 1.15.0}
builders:
  ami: {target: build-ami-flatcar, imageBuilder: v0.1.55}
  raw: {target: build-raw-flatcar, imageBuilder: v0.1.55}
providers:
  a: {builder: ami, aws: {owner: "706635527432", regions: [eu-west-1, eu-central-1]}}
  b: {builder: raw, directory: {path: nowhere, file: "{name}.raw"}}
  c: {builder: raw, directory: {path: nowhere, file: "{name}.raw"}}
  d: {builder: raw, directory: {path: nowhere, file: "{name}.raw", marker: "{name}.done"}}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	asked := map[string][]string{}
	var stdout, stderr bytes.Buffer
	status := Run(t.Context(), Environment{
		Args: []string{"plan", "--images", file}, Stdout: &stdout, Stderr: &stderr, Getenv: getenv(nil),
		Sources: func(key string, s inventory.Source) inventory.Source {
			asked[key] = append(asked[key], s.Locations()...)
			return present{s}
		},
	})
	if status != 0 || !strings.Contains(stderr.String(), "\n4 to skip\n") {
		t.Errorf("status %d\n%s", status, stderr.String())
	}
	want := map[string][]string{
		`{"builder":"","aws":{"owner":"706635527432","regions":["eu-west-1","eu-central-1"]}}`:     {"eu-west-1", "eu-central-1"},
		`{"builder":"","directory":{"path":"nowhere","file":"{name}.raw"}}`:                        {"nowhere"},
		`{"builder":"","directory":{"path":"nowhere","file":"{name}.raw","marker":"{name}.done"}}`: {"nowhere"},
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
