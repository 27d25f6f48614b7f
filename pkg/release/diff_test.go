package release

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

func TestCompare(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after Release
		first         string
		changed       string
	}{
		"same versions": {
			made(t, "vsphere-29.0.0", "3815.2.5", "1.29.7", "1.15.0"), made(t, "vsphere-29.0.1", "3815.2.5", "1.29.7", "1.15.0"),
			"vsphere-29.0.0 → vsphere-29.0.1 keeps its node image: flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs", "",
		},
		"only tooling": {
			made(t, "aws-27.2.0", "3815.2.5", "1.27.16", "1.20.0"), made(t, "aws-27.3.0", "3815.2.5", "1.27.16", "1.20.1"),
			"aws-27.2.0 → aws-27.3.0 needs a new node image for os-tooling: flatcar-stable-3815.2.5-kube-1.27.16-tooling-1.20.1-gs", "os-tooling*",
		},
		"only Flatcar": {
			made(t, "azure-29.0.0", "3815.2.5", "1.29.7", "1.15.0"), made(t, "azure-29.0.1", "3975.2.0", "1.29.7", "1.15.0"),
			"azure-29.0.0 → azure-29.0.1 needs a new node image for flatcar: flatcar-stable-3975.2.0-kube-1.29.7-tooling-1.15.0-gs", "flatcar*",
		},
		"both legacy": {
			made(t, "aws-28.0.0", "3815.2.2", "1.28.11"), made(t, "aws-28.1.0", "3815.2.5", "1.28.11"),
			"aws-28.0.0 → aws-28.1.0 has no node image whose name tells its tooling", "flatcar",
		},
		"no image of ours": {
			made(t, "eks-32.0.0", "4459.2.3", "1.32.10", "1.26.3"), made(t, "eks-32.1.0", "4459.2.3", "1.32.11", "1.26.4"),
			"eks-32.0.0 → eks-32.1.0 has no node image whose name tells its tooling", "kubernetes os-tooling",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := Compare(Side{Release: c.before}, Side{Release: c.after}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var changed []string
			for _, change := range d.Components {
				changed = append(changed, change.Name+strings.Repeat("*", map[bool]int{true: 1}[change.Image]))
			}
			var notes strings.Builder
			if err := Notes(&notes, d); err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(notes.String(), "\n")
			if diff := cmp.Diff([2]string{c.first, c.changed}, [2]string{first, strings.Join(changed, " ")}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestToolsOfTheProvider leaves out tools and builders that the release's images have nothing to do with.
func TestToolsOfTheProvider(t *testing.T) {
	t.Parallel()
	before, after := giantswarm(t), giantswarm(t)
	before.Tools = []imageset.Tool{{Name: "everywhere", Version: "1.0.0"}, {Name: "elsewhere", Version: "1.0.0", Providers: []string{"capv"}}}
	after.Tools = []imageset.Tool{{Name: "elsewhere", Version: "2.0.0", Providers: []string{"capv"}}, {Name: "here", Version: "2.0.0", Providers: []string{"capa"}}}
	for _, builder := range []string{"ova", "ami-china"} {
		b := after.Builders[builder]
		b.ImageBuilder = "v0.1.56"
		after.Builders[builder] = b
	}
	d, err := Compare(
		Side{made(t, "aws-29.0.0", "3815.2.5", "1.29.7", "1.15.0"), before}, Side{made(t, "aws-29.0.1", "3815.2.5", "1.29.7", "1.15.1"), after}, Options{},
	)
	if err != nil {
		t.Fatal(err)
	}
	want := []Change{
		{"everywhere", "1.0.0", "", true}, {"here", "", "2.0.0", true}, {"image-builder", "0.1.55", "0.1.55, 0.1.56", true},
	}
	if diff := cmp.Diff(want, d.Tools); diff != "" {
		t.Error(diff)
	}
}
