package versions_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/pkg/versions"
)

func TestNewReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := versions.New(versions.Config{
		Channel:       "edge",
		Architectures: []string{"amd64", "riscv64"},
		Sources: versions.Sources{
			Flatcar:    "https://me:secret@mirror.example/flatcar",
			Kubernetes: "ftp://mirror.example",
			Tooling:    "https://github.com/giantswarm",
		},
	})
	var input *versions.InputError
	if !errors.As(err, &input) {
		t.Fatalf("got %T, want *InputError", err)
	}
	want := []string{
		"time is not set", `"edge" is no Flatcar channel`, `no architecture "riscv64"`,
		"flatcar versions carries credentials", "kubernetes versions is neither a path nor a URL", "tooling versions is not a repository",
	}
	if len(input.Problems) != len(want) {
		t.Fatalf("got %d problems, want %d: %q", len(input.Problems), len(want), input.Problems)
	}
	for i := range want {
		if !strings.Contains(input.Problems[i], want[i]) {
			t.Errorf("got %q, want it to contain %q", input.Problems[i], want[i])
		}
	}
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("the error shows the password: %v", err)
	}
}

func TestNewAcceptsSources(t *testing.T) {
	t.Parallel()
	for _, sources := range []versions.Sources{
		{},
		{Flatcar: "releases.json", Kubernetes: "data", Tooling: "tags.txt"},
		{Flatcar: "https://mirror.example/flatcar/", Kubernetes: "https://mirror.example", Tooling: "github.com/me/fork"},
		{Flatcar: "https://mirror.example/releases-stable.json", Tooling: "https://ghe.example/me/fork"},
		{Kubernetes: "https://mirror.example/schedule.yaml", Tooling: "https://mirror.example/tags.txt"},
	} {
		if _, err := versions.New(versions.Config{Now: now, Sources: sources}); err != nil {
			t.Errorf("%+v: %v", sources, err)
		}
	}
}

// How a source is written says what it is: a document or a base, a repository or a file. Offline and with an empty cache
// the error names the place that would have been asked.
func TestSourceForms(t *testing.T) {
	t.Parallel()
	const api = "https://api.github.com/repos/me/fork/releases?per_page=100"
	for source, want := range map[string]string{
		"https://mirror.example":             "https://mirror.example/release/stable.txt",
		"https://mirror.example/k8s.d/":      "https://mirror.example/k8s.d/release/stable.txt",
		"https://mirror.example/data.json":   "https://mirror.example/data.json",
		"https://mirror.example/eol.yaml":    "https://mirror.example/eol.yaml",
		"https://mirror.example/eol.yml?v=1": "https://mirror.example/eol.yml?v=1",
		"https://mirror.example/tags.txt":    "https://mirror.example/tags.txt",
		"https://mirror.example/tags.txt.d":  "https://mirror.example/tags.txt.d/release/stable.txt",
		"https://mirror.example/release/txt": "https://mirror.example/release/txt/release/stable.txt",
	} {
		wantPlace(t, versions.Kubernetes, versions.Sources{Kubernetes: source}, want)
	}
	for source, want := range map[string]string{
		"github.com/me/fork":           api,
		"github.com/me/fork/":          api,
		"https://github.com/me/fork":   api,
		"github.com/me":                "github.com/me",
		"github.com/me/fork/tags":      "github.com/me/fork/tags",
		"github.com//fork":             "github.com//fork",
		"mirror/github.com/me/fork":    "mirror/github.com/me/fork",
		"githubxcom/me/fork":           "githubxcom/me/fork",
		"https://ghe.example/me/fork/": "https://ghe.example/api/v3/repos/me/fork/releases?per_page=100",
	} {
		wantPlace(t, versions.Tooling, versions.Sources{Tooling: source}, want)
	}
}

func wantPlace(t *testing.T, subject versions.Subject, sources versions.Sources, want string) {
	t.Helper()
	_, err := resolve(t, versions.Config{Offline: true, Sources: sources}, subject, "latest")
	var source *versions.SourceError
	if !errors.As(err, &source) || source.URL != want {
		t.Errorf("%+v: got %T %v, want *SourceError about %s", sources, err, err, want)
	}
}
