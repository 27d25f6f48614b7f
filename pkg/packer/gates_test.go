package packer_test

import (
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/pkg/name"
	"github.com/giantswarm/nodeimage/pkg/packer"
)

func noTools(in *packer.Input) { in.Build.Tools = nil }

// gate is a build that one release can't make and another can. Either may be left out.
type gate struct {
	target          string
	change          func(*packer.Input)
	flatcar         func(*name.Name)
	closed, open    string
	because, advice string
}

func big(n *name.Name) { n.Flatcar = "4593.2.0" }

var gates = map[string]gate{
	"AMI target":           {"build-ami-flatcar", noTools, nil, "v0.1.6", "", "has no make target build-ami-flatcar", "v0.1.7 is the first"},
	"arm64 AMI target":     {"build-ami-flatcar-arm64", nil, nil, "v0.1.42", "v0.1.43", "has no make target build-ami-flatcar-arm64", "v0.1.43 is the first"},
	"Azure target":         {"build-azure-sig-flatcar", noTools, nil, "v0.1.10", "", "has no make target", "v0.1.11 is the first"},
	"Azure gen2 target":    {"build-azure-sig-flatcar-gen2", noTools, nil, "v0.1.11", "", "has no make target", "v0.1.12 is the first"},
	"OVA target":           {"build-node-ova-vsphere-flatcar", nil, nil, "v0.1.12", "v0.1.13", "has no make target", "v0.1.13 is the first"},
	"local OVA target":     {"build-node-ova-local-flatcar", nil, nil, "v0.1.12", "v0.1.13", "has no make target", "v0.1.13 is the first"},
	"qemu target":          {"build-qemu-flatcar", noTools, nil, "v0.1.6", "", "has no make target", "v0.1.7 is the first"},
	"raw target":           {"build-raw-flatcar", noTools, nil, "v0.1.8", "", "has no make target", "v0.1.9 is the first"},
	"OpenStack target":     {"build-openstack-flatcar", nil, nil, "v0.1.14", "v0.1.15", "has no make target", "v0.1.15 is the first"},
	"Nutanix target":       {"build-nutanix-flatcar", nil, nil, "v0.1.13", "v0.1.14", "has no make target", "v0.1.14 is the first"},
	"Proxmox target":       {"build-proxmox-flatcar", nil, nil, "v0.1.40", "v0.1.41", "has no make target", "v0.1.41 is the first"},
	"Outscale target":      {"build-osc-flatcar", nil, nil, "v0.1.52", "v0.1.53", "has no make target", "v0.1.53 is the first"},
	"AMI name":             {"build-ami-flatcar", nil, nil, "v0.1.27", "", "ignores image_name", "v0.1.28 is the first"},
	"AMI of a version":     {"build-ami-flatcar", nil, nil, "v0.1.31", "v0.1.32", "newest Flatcar would be built under the name of 3815.2.5", "v0.1.32 is the first"},
	"filter by hand":       {"build-ami-flatcar", variable("ami_filter_name", "Flatcar*{flatcar}*"), nil, "", "v0.1.28", "", ""},
	"source AMI by hand":   {"build-ami-flatcar", variable("source_ami", "ami-1"), nil, "", "v0.1.28", "", ""},
	"image definition":     {"build-azure-sig-flatcar-gen2", nil, nil, "v0.1.29", "v0.1.30", "ignores SIG_IMAGE_DEFINITION", "v0.1.30 is the first"},
	"disk's name":          {"build-qemu-flatcar", nil, nil, "v0.1.13", "v0.1.14", "ignores vm_name and artifact_name", "v0.1.14 is the first"},
	"container disk":       {"build-kubevirt-qemu-flatcar", nil, nil, "v0.1.13", "v0.1.14", "ignores vm_name", "v0.1.14 is the first"},
	"raw disk's name":      {"build-raw-flatcar", nil, nil, "v0.1.13", "v0.1.14", "ignores vm_name", "v0.1.14 is the first"},
	"tools":                {"build-qemu-flatcar", nil, nil, "v0.1.12", "v0.1.14", "would lack the tools", "v0.1.13 is the first"},
	"roles after sysprep":  {"build-ami-flatcar", variable("node_custom_roles_post_sysprep", "x"), nil, "v0.1.43", "v0.1.44", "builders.b.variables.node_custom_roles_post_sysprep is not read by image-builder v0.1.43", "v0.1.44 is the first"},
	"big Flatcar":          {"build-ami-flatcar", nil, big, "v0.1.50", "v0.1.51", "Flatcar 4593.2.0 needs 15", `set volume_size to "15"`},
	"big Flatcar on arm64": {"build-ami-flatcar-arm64", nil, big, "v0.1.50", "v0.1.51", "root volume of 8 GB", "v0.1.51 is the first"},
	"big volume":           {"build-ami-flatcar", variable("volume_size", "20"), big, "", "v0.1.50", "", ""},
	"small Flatcar":        {"build-ami-flatcar", nil, nil, "", "v0.1.50", "", ""},
	"small volume":         {"build-ami-flatcar", variable("volume_size", "8"), big, "v0.1.55", "", `builders.b.variables.volume_size is "8", but Flatcar 4593.2.0 needs 15`, ""},
	"volume of no size":    {"build-ami-flatcar", variable("volume_size", "a lot"), big, "v0.1.55", "", `volume_size is "a lot"`, ""},
	"no release":           {"build-ami-flatcar", nil, nil, "main", "", `builders.b.imageBuilder is "main", but must be a release such as v0.1.55`, ""},
}

// try makes the build with a release of image-builder.
func (g gate) try(t *testing.T, release string) error {
	t.Helper()
	in := input(t, g.target)
	if g.flatcar != nil {
		in = input(t, g.target, g.flatcar)
	}
	if g.change != nil {
		g.change(&in)
	}
	in.Build.ImageBuilder = release
	_, err := packer.For(in)
	return err
}

// Each gate is closed for the release before the one that opened it, with a reason, and open for that one.
func TestReleases(t *testing.T) {
	t.Parallel()
	for label, g := range gates {
		t.Run(label, func(t *testing.T) {
			t.Parallel()
			if g.open != "" {
				if err := g.try(t, g.open); err != nil {
					t.Errorf("%s is refused: %v", g.open, err)
				}
			}
			if g.closed == "" {
				return
			}
			err := g.try(t, g.closed)
			if err == nil || !strings.Contains(err.Error(), g.because) || !strings.Contains(err.Error(), g.advice) {
				t.Errorf("%s: got %v, want … %s … %s …", g.closed, err, g.because, g.advice)
			}
		})
	}
}

// A release that lacks the target lacks everything else, too: one problem says it.
func TestReleaseWithoutTarget(t *testing.T) {
	t.Parallel()
	in := input(t, "build-ami-flatcar")
	in.Build.ImageBuilder = "v0.1.0"
	_, err := packer.For(in)
	if err == nil || strings.Count(err.Error(), "\n") != 0 {
		t.Errorf("got %v, want one problem", err)
	}
}
