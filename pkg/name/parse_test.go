package name_test

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/name"
)

func TestParseLegacy(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]struct {
		form name.Form
		name name.Name
	}{
		"capa-ami-ubuntu-1.23.9-00-gs":             {name.FormAWSUbuntu, name.Name{Kubernetes: "1.23.9", Suffix: "gs"}},
		"capa-ami-ubuntu-20.04-1.23.9-00-gs":       {name.FormAWSUbuntu, name.Name{Kubernetes: "1.23.9", Suffix: "gs"}},
		"capa-ami-ubuntu-22.04-1.24.1-00-gs":       {name.FormAWSUbuntu, name.Name{Kubernetes: "1.24.1", Suffix: "gs"}},
		"capa-ami-flatcar-stable-v1.24.14-gs":      {name.FormAWSFlatcar, name.Name{Channel: "stable", Kubernetes: "1.24.14", Suffix: "gs"}},
		"capa-ami-flatcar-stable-v1.25.16-2-gs":    {name.FormAWSVariant, name.Name{Channel: "stable", Kubernetes: "1.25.16", Suffix: "gs"}},
		"flatcar-stable-3815.2.2-kube-v1.27.14-gs": {name.FormKubeV, name.Name{Channel: "stable", Flatcar: "3815.2.2", Kubernetes: "1.27.14", Suffix: "gs"}},
		"flatcar-stable-3815.2.2-kube-v1.27.14":    {name.FormKubeV, name.Name{Channel: "stable", Flatcar: "3815.2.2", Kubernetes: "1.27.14"}},
		"flatcar-stable-3815.2.2-kube-v1.27.14-alpha.1": {
			name.FormKubeVVariant, name.Name{Channel: "stable", Flatcar: "3815.2.2", Kubernetes: "1.27.14"},
		},
		"flatcar-stable-3815.2.5-kube-v1.29.7-tooling-1.15.0-gs": {
			name.FormKubeVTooling, name.Name{Channel: "stable", Flatcar: "3815.2.5", Kubernetes: "1.29.7", Tooling: "1.15.0", Suffix: "gs"},
		},
		"capi-flatcar-stable-1.24.11-gen2":    {name.FormAzureGen2, name.Name{Channel: "stable", Kubernetes: "1.24.11"}},
		"capi-flatcar-stable-1.24.11-gen2-gs": {name.FormAzureGen2, name.Name{Channel: "stable", Kubernetes: "1.24.11", Suffix: "gs"}},
		"flatcar-stable-3815.2.5-kube-1.29.7-tooling-N/A-gs": {
			name.FormIncomplete, name.Name{Channel: "stable", Suffix: "gs"},
		},
	} {
		t.Run(s, func(t *testing.T) {
			t.Parallel()
			p := name.Parse(s)
			if diff := cmp.Diff(want.name, p.Name); p.Form != want.form || diff != "" {
				t.Errorf("form %q, want %q\n%s", p.Form, want.form, diff)
			}
			if p.String() != s || p.Current() || !p.Legacy() || p.Note == "" {
				t.Errorf("composed %q (current %v, legacy %v, note %q)", p, p.Current(), p.Legacy(), p.Note)
			}
		})
	}
}

func TestParseForeign(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "flatcar", "ami-0abc", "flatcar-stable-3815.2.5", "flatcar-stable-3815.2.5-kube-1.29.7",
		"flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0", "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-",
		"flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-arm64", "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15-gs",
		"flatcar-stable-v3815.2.5-kube-1.29.7-tooling-1.15.0-gs", "flatcar-stable-3815.2.5-kube-1.29.7-tooling-v1.15.0-gs",
		"flatcar-edge-3815.2.5-kube-1.29.7-tooling-1.15.0-gs", "Flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs",
		" flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs", "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs\n",
		"flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs.x", "flatcar-stable-3815.2.5-kube-01.29.7-tooling-1.15.0-gs",
		"ubuntu-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs", "\xff\xfe",
	} {
		t.Run(s, func(t *testing.T) {
			t.Parallel()
			if p := name.Parse(s); p.Form != name.FormForeign || p.String() != s || p.Note == "" || p.Current() || p.Legacy() {
				t.Errorf("got %+v", p)
			}
		})
	}
}

// consumers are the expressions by which others take names apart. What is composed has to pass them.
var consumers = map[string]*regexp.Regexp{
	"cluster-api-events":          regexp.MustCompile(`^flatcar-[a-z]+-([0-9]+\.[0-9]+\.[0-9]+)-kube-([0-9]+\.[0-9]+\.[0-9]+)-tooling-[0-9]+\.[0-9]+\.[0-9]+(?:-[a-z0-9]+)?-gs$`),
	"image-distribution-operator": regexp.MustCompile(`^flatcar-([a-z]+)-([0-9.]+)-kube-([0-9.]+)-tooling-([0-9.]+)-gs$`),
	"gpu-node-pool":               regexp.MustCompile(`^flatcar-[a-z]+-[0-9]+\.[0-9]+\.[0-9]+-kube-`),
}

func TestConsumersTakeNamesApart(t *testing.T) {
	t.Parallel()
	for consumer, pattern := range consumers {
		for _, arch := range []string{name.AMD64, name.ARM64} {
			parts := good
			parts.Arch = arch
			n, err := name.New(parts, name.Options{})
			if err != nil {
				t.Fatal(err)
			}
			// The operator imports OVAs, and there are none for arm64.
			want := arch == name.AMD64 || consumer != "image-distribution-operator"
			if got := pattern.MatchString(n.String()); got != want {
				t.Errorf("%s takes %s apart: %v, want %v", consumer, n, got, want)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs", "flatcar-beta-3815.2.5-kube-1.29.7-tooling-1.15.0-rc.1-arm64-gs-lille",
		"flatcar-stable-3815.2.5-kube-v1.29.7-alpha.1", "capi-flatcar-stable-1.24.11-gen2", "x",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p := name.Parse(s)
		if p.String() != s {
			t.Errorf("composed %q of %q", p, s)
		}
		if !p.Current() {
			return
		}
		again, err := name.New(p.Name, name.Options{AllowPrerelease: true})
		if err != nil || again != p.Name {
			t.Errorf("the parts of %q make %+v, %v", s, again, err)
		}
	})
}
