package packer_test

import (
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/name"
	"github.com/giantswarm/nodeimage/pkg/packer"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

var update = flag.Bool("update", false, "write the golden files")

// targets are all of upstream's make targets for Flatcar that a build can have, with the provider that the test's build serves.
var targets = map[string]imageset.Provider{
	"build-ami-flatcar":              awsProvider(name.AMD64),
	"build-ami-flatcar-arm64":        awsProvider(name.ARM64),
	"build-azure-sig-flatcar":        azureProvider("V1"),
	"build-azure-sig-flatcar-gen2":   azureProvider("V2"),
	"build-node-ova-vsphere-flatcar": s3Provider(),
	"build-node-ova-local-flatcar":   s3Provider(),
	"build-qemu-flatcar":             directoryProvider(),
	"build-kubevirt-qemu-flatcar":    directoryProvider(),
	"build-raw-flatcar":              directoryProvider(),
	"build-openstack-flatcar":        s3Provider(),
	"build-nutanix-flatcar":          directoryProvider(),
	"build-proxmox-flatcar":          s3Provider(),
	"build-osc-flatcar":              directoryProvider(),
	"build-hcloud-flatcar":           directoryProvider(),
	"build-hcloud-flatcar-arm64":     directoryProvider(),
}

func awsProvider(arch string) imageset.Provider {
	return imageset.Provider{Builder: "b", AWS: &imageset.AWS{
		Owner: "706635527432", Regions: []string{"eu-west-1", "eu-central-1"}, Architecture: arch, Public: true,
	}}
}

func azureProvider(generation string) imageset.Provider {
	return imageset.Provider{Builder: "b", Azure: &imageset.Azure{
		Subscription: "11111111-2222-3333-4444-555555555555", ResourceGroup: "cluster-api-images", Gallery: "CapzFlatcar",
		Regions: []string{"westeurope", "Germany West Central"}, HyperVGeneration: generation,
	}}
}

func s3Provider() imageset.Provider {
	return imageset.Provider{Builder: "b", S3: &imageset.S3{Bucket: "images", Key: "{name}/image"}}
}

func directoryProvider() imageset.Provider {
	return imageset.Provider{Builder: "b", Directory: &imageset.Directory{Path: "dist", File: "{name}"}}
}

func arch(target string) string {
	if strings.HasSuffix(target, "-arm64") {
		return name.ARM64
	}
	return name.AMD64
}

// input is the build of a target, of the versions that the documentation uses throughout.
func input(t *testing.T, target string, parts ...func(*name.Name)) packer.Input {
	t.Helper()
	n := name.Name{Flatcar: "3815.2.5", Kubernetes: "1.29.7", Tooling: "1.15.0", Suffix: "gs", Arch: arch(target)}
	for _, change := range parts {
		change(&n)
	}
	n, err := name.New(n, name.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return packer.Input{
		Build: plan.BuildRun{
			Key: "b-0", Builder: "b", Image: n.String(), Channel: n.Channel, Flatcar: n.Flatcar, Kubernetes: n.Kubernetes,
			Tooling: n.Tooling, Target: target, ImageBuilder: "v0.1.55", Providers: []string{"p"},
			Tools:     []imageset.Tool{{Name: "teleport", Version: "16.5.12", Role: "teleport"}},
			Variables: map[string]string{}, Environment: map[string]string{},
		},
		Providers: map[string]imageset.Provider{"p": targets[target]},
	}
}

// Every target's exact output stands in testdata/golden/TARGET, for reviewers to read.
func TestGolden(t *testing.T) {
	t.Parallel()
	for target := range targets {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			out, err := packer.For(input(t, target))
			got := map[string]string{}
			if err != nil {
				got["error"] = err.Error() + "\n"
			} else {
				got["vars.json"], got["env"], got["target"] = string(out.VarsJSON()), string(out.Env()), out.Target+"\n"
			}
			if len(out.Warnings) > 0 {
				got["warnings"] = strings.Join(out.Warnings, "\n") + "\n"
			}
			compareGolden(t, filepath.Join("testdata", "golden", target), got)
		})
	}
}

func compareGolden(t *testing.T, dir string, got map[string]string) {
	t.Helper()
	if *update {
		if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o755)); err != nil {
			t.Fatal(err)
		}
		for file, content := range got {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		want[e.Name()] = string(content)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("golden files in %s (-want +got, refresh with -update):\n%s", dir, diff)
	}
}

// What is emitted has to be read by upstream, or Packer ignores it. An image set that sets one variable more, misspelt, is told
// so: its error comes from the same table that this test holds the output against.
func TestEmittedIsRead(t *testing.T) {
	t.Parallel()
	for target := range targets {
		t.Run(target, func(t *testing.T) {
			t.Parallel()
			in := input(t, target)
			in.Build.Overwrite = true
			out, err := packer.For(in)
			if strings.Contains(target, "hcloud") {
				if err == nil {
					t.Fatal("hcloud can't name its images, but was not refused")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			// Handing back what was emitted shows what the table says about each of its names: fixed ones are refused as such,
			// and only names that upstream does not read are called that.
			in.Build.Variables = maps.Clone(out.Variables)
			_, err = packer.For(in)
			if err == nil || strings.Contains(err.Error(), "is not read by") {
				t.Errorf("not everything in %v is read by %s: %v", slices.Sorted(maps.Keys(out.Variables)), target, err)
			}
		})
	}
}
