package packer_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/name"
	"github.com/giantswarm/nodeimage/pkg/packer"
)

const iso = "https://{channel}.release.flatcar-linux.net/amd64-usr/{flatcar}/flatcar_production_iso_image.iso"

// rendered is what Packer has to make of the templates in testdata/render, which have upstream's expressions for the names and
// sources of images, with the defaults in the order in which upstream's files override one another.
var rendered = map[string]struct{ template, want string }{
	"build-ami-flatcar":              {"ami.json", "ami_name {name}\nsource Flatcar*{channel}*{flatcar}*\n"},
	"build-ami-flatcar-arm64":        {"ami.json", "ami_name {name}\nsource Flatcar*{channel}*{flatcar}*\n"},
	"build-azure-sig-flatcar":        {"azure.json", published},
	"build-azure-sig-flatcar-gen2":   {"azure.json", published},
	"build-node-ova-vsphere-flatcar": {"ova.json", exported},
	"build-node-ova-local-flatcar":   {"ova.json", exported},
	"build-qemu-flatcar":             {"qemu.json", "disk ./output/{name}/{name}\nartifact {name}\nsource " + iso + "\n"},
	"build-kubevirt-qemu-flatcar":    {"qemu.json", "disk ./output/{name}/{name}\nartifact {name}\nsource " + iso + "\n"},
	"build-raw-flatcar":              {"raw.json", "disk ./output/{name}/{name}\nsource " + iso + "\n"},
	"build-openstack-flatcar":        {"openstack.json", "image_name {name}\nsource flatcar-{channel}-{flatcar}\n"},
	"build-nutanix-flatcar":          {"nutanix.json", "image_name {name}\nreplace false\n"},
	"build-proxmox-flatcar":          {"proxmox.json", "template_name {name}\nsource " + iso + "\n"},
	"build-osc-flatcar":              {"outscale.json", "omi_name {name}\nsource Ubuntu-*, Flatcar {channel} {flatcar}\nreplace false\n"},
}

const (
	published = "definition {name}\ndestination cluster-api-images/CapzFlatcar/{name}/{flatcar}\n" +
		"managed image {name}-1700000000\nsource {flatcar}\n"
	exported = "vm_name {name}\nfile ./output/{name}/flatcar-{channel}-{flatcar}-kube-v{kubernetes}.ova\nsource " + iso + "\n"
)

// Packer itself shows that the emitted files give the image the plan's name, and that Flatcar's version comes through.
func TestPackerRendersName(t *testing.T) {
	t.Parallel()
	need(t, "packer", "packer is not installed, so that nothing shows which names it would render (Debian: apt-get install packer)")
	variants := map[string]func(*name.Name){
		"stable gs":  func(*name.Name) {},
		"beta mn-gs": func(n *name.Name) { n.Channel, n.Flatcar, n.Suffix = "beta", "3975.1.0", "mn-gs" },
	}
	for target, tc := range rendered {
		for variant, change := range variants {
			t.Run(target+" "+variant, func(t *testing.T) {
				t.Parallel()
				in := input(t, target, change)
				want, err := imageset.Expand(tc.want+"kubernetes v{kubernetes}\n", map[string]string{
					"name": in.Build.Image, "channel": in.Build.Channel, "flatcar": in.Build.Flatcar, "kubernetes": in.Build.Kubernetes,
				})
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(want, render(t, in, tc.template)); diff != "" {
					t.Errorf("what packer renders (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// render has Packer build a file from a template, as upstream's Makefile would: with the environment sourced and the variable
// file last.
func render(t *testing.T, in packer.Input, template string) string {
	t.Helper()
	out, err := packer.For(in)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, err := filepath.Abs(filepath.Join("testdata", "render", template))
	// Go runs a test again if a file that it has looked at has changed. Packer's looking does not count.
	_, statErr := os.Stat(path)
	if err = errors.Join(err, statErr,
		os.WriteFile(filepath.Join(dir, "env"), out.Env(), 0o600),
		os.WriteFile(filepath.Join(dir, "vars.json"), out.VarsJSON(), 0o600),
	); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-ec", `. ./env; exec packer build -color=false -var-file=vars.json "$0"`, path)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "CHECKPOINT_DISABLE=1"}
	if log, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("packer: %v\n%s", err, log)
	}
	content, err := os.ReadFile(filepath.Join(dir, "rendered"))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// need skips a test where a program is missing; where everything has to be tested, it fails it.
func need(t *testing.T, program, why string) {
	t.Helper()
	if _, err := exec.LookPath(program); err == nil {
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatal(why)
	}
	t.Skip(why)
}
