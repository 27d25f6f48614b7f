package packer_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/packer"
)

// refusal is a build that can't be made, with what the error has to say; where all of it is the point, the whole of it.
type refusal struct {
	target string
	change func(*packer.Input)
	want   []string
}

func variable(key, value string) func(*packer.Input) {
	return func(in *packer.Input) { in.Build.Variables[key] = value }
}

func environment(key, value string) func(*packer.Input) {
	return func(in *packer.Input) { in.Build.Environment[key] = value }
}

// add has the build serve one more provider.
func add(p imageset.Provider, change func(*imageset.Provider)) func(*packer.Input) {
	return func(in *packer.Input) {
		change(&p)
		in.Build.Providers = append(in.Build.Providers, "p2")
		in.Providers = map[string]imageset.Provider{"p": in.Providers["p"], "p2": p}
	}
}

var refusals = map[string]refusal{
	"misspelt target":         {"build-ami-flatcar-arm", nil, []string{`builders.b.target is "build-ami-flatcar-arm"`, "nearest is build-ami-flatcar-arm64"}},
	"target of another OS":    {"build-ami-ubuntu-2404", nil, []string{"no release of image-builder has for Flatcar"}},
	"misspelt variable":       {"build-ami-flatcar", variable("image_nam", "x"), []string{"builders.b.variables.image_nam is not read by build-ami-flatcar", "the nearest that it reads is image_name"}},
	"misspelt volume":         {"build-ami-flatcar", variable("volumesize", "20"), []string{"builders.b.variables.volumesize", "reads is volume_size"}},
	"misspelt list":           {"build-azure-sig-flatcar-gen2", variable("replicate_regions", "x"), []string{"reads is replication_regions"}},
	"another cloud's":         {"build-node-ova-vsphere-flatcar", variable("ami_regions", "x"), []string{"builders.b.variables.ami_regions is not read by"}},
	"variables of 2023":       {"build-ami-flatcar", variable("shared_credentials_file", "/x"), []string{"builders.b.variables.shared_credentials_file is not read by"}},
	"the name":                {"build-ami-flatcar", variable("image_name", "x"), []string{"builders.b.variables.image_name is what gives the image its name"}},
	"the version":             {"build-azure-sig-flatcar", variable("sig_image_version", "1.0.0"), []string{"variables.sig_image_version is what gives the image its name"}},
	"the name of an OVA":      {"build-node-ova-local-flatcar", variable("image_name", "x"), []string{"does nothing for this target: the name is build_version"}},
	"the file of an OVA":      {"build-node-ova-local-flatcar", variable("kubernetes_typed_version", "x"), []string{"name of the OVA file"}},
	"Kubernetes":              {"build-qemu-flatcar", variable("kubernetes_semver", "v1.0.0"), []string{"follows from the plan's Kubernetes version"}},
	"Flatcar":                 {"build-qemu-flatcar", variable("release_version", "1.2.3"), []string{"follows from the plan's Flatcar version"}},
	"build name":              {"build-azure-sig-flatcar", variable("build_name", "x"), []string{"leave it alone"}},
	"Ansible's extra vars":    {"build-ami-flatcar", variable("ansible_extra_vars", "a=b"), []string{"builders.b.variables.ansible_extra_vars", "use ansible_user_vars"}},
	"Ansible's common vars":   {"build-ami-flatcar", variable("ansible_common_vars", "a=b"), []string{"use ansible_user_vars"}},
	"replacing":               {"build-nutanix-flatcar", variable("force_deregister", "true"), []string{"follows from the plan, which says whether something is replaced"}},
	"gallery as a variable":   {"build-azure-sig-flatcar", variable("shared_image_gallery_name", "x"), []string{"use GALLERY_NAME in the environment"}},
	"credential":              {"build-node-ova-vsphere-flatcar", variable("password", "x"), []string{"named like a credential"}},
	"template in a variable":  {"build-ami-flatcar", variable("ami_description", "{{timestamp}}"), []string{`builders.b.variables.ami_description contains "{{"`}},
	"line break in a value":   {"build-ami-flatcar", variable("ami_description", "a\nb"), []string{"contains a line break"}},
	"bad UTF-8":               {"build-ami-flatcar", variable("ami_description", "a\xffb"), []string{"not valid UTF-8"}},
	"template in environment": {"build-ami-flatcar", environment("AWS_PROFILE", "{{env `HOME`}}"), []string{`builders.b.environment.AWS_PROFILE contains "{{"`}},
	"NUL in the environment":  {"build-ami-flatcar", environment("AWS_PROFILE", "a\x00b"), []string{"builders.b.environment.AWS_PROFILE contains a line break or another control"}},
	"environment's name":      {"build-ami-flatcar", environment("A-B", "x"), []string{"builders.b.environment.A-B is no name that a shell can export"}},
	"environment's digit":     {"build-ami-flatcar", environment("1A", "x"), []string{"no name that a shell can export"}},
	"secret environment":      {"build-ami-flatcar", environment("AWS_SECRET_ACCESS_KEY", "x"), []string{"named like a credential"}},
	"Flatcar's environment":   {"build-ami-flatcar", environment("FLATCAR_VERSION", "1.2.3"), []string{"builders.b.environment.FLATCAR_VERSION follows from"}},
	"image definition":        {"build-azure-sig-flatcar", environment("SIG_IMAGE_DEFINITION", "x"), []string{"what gives the image its name"}},
	"variable files":          {"build-ami-flatcar", environment("PACKER_VAR_FILES", "x"), []string{"give variables instead"}},
	"force in flags":          {"build-ami-flatcar", environment("PACKER_FLAGS", "-on-error=abort --force"), []string{"has --force, but only the plan says"}},
	"force with a value":      {"build-ami-flatcar", environment("PACKER_FLAGS", "-force=false"), []string{"has -force=false"}},
	"variable in flags":       {"build-ami-flatcar", environment("PACKER_FLAGS", "-var image_name=x"), []string{"has -var, which beats everything"}},
	"variable file in flags":  {"build-ami-flatcar", environment("PACKER_FLAGS", "--var-file=x"), []string{"has --var-file=x"}},
	"Amazon's account": {
		"build-ami-flatcar", add(awsProvider("amd64"), func(p *imageset.Provider) { p.AWS.Owner = "306934455918" }),
		[]string{"providers.p2.aws.owner is 306934455918, but providers.p.aws.owner is 706635527432"},
	},
	"public and not": {"build-ami-flatcar", variable("ami_groups", ""), []string{`builders.b.variables.ami_groups is "", but a provider has aws.public`}},
	"two galleries": {
		"build-azure-sig-flatcar", add(azureProvider("V1"), func(p *imageset.Provider) { p.Azure.Gallery = "Other" }),
		[]string{"providers.p2.azure.gallery is Other, but another provider that the build serves has CapzFlatcar"},
	},
	"two clouds": {"build-azure-sig-flatcar", func(in *packer.Input) {
		in.Providers = map[string]imageset.Provider{"p": azureProvider("V1"), "p2": azureProvider("V1")}
		in.Build.Providers = []string{"p", "p2"}
		in.Providers["p"].Azure.Cloud = "china"
	}, []string{`providers.p2.azure.cloud is "", but another provider that the build serves is in China`}},
	"another gallery": {
		"build-azure-sig-flatcar", environment("GALLERY_NAME", "Other"),
		[]string{"builders.b.environment.GALLERY_NAME is Other, but the providers that the build serves look in CapzFlatcar"},
	},
	"no gallery": {"build-azure-sig-flatcar", func(in *packer.Input) {
		in.Providers = map[string]imageset.Provider{"p": {Builder: "b", Azure: &imageset.Azure{CommunityGallery: "gs-1", Regions: []string{"westeurope"}}}}
	}, []string{"builders.b.environment.GALLERY_NAME is missing", "builders.b.environment.RESOURCE_GROUP_NAME is missing"}},
	"generation":   {"build-azure-sig-flatcar", func(in *packer.Input) { in.Providers = map[string]imageset.Provider{"p": azureProvider("V2")} }, []string{"providers.p.azure.hyperVGeneration is V2, but build-azure-sig-flatcar makes images of generation V1"}},
	"architecture": {"build-ami-flatcar", func(in *packer.Input) { in.Providers = map[string]imageset.Provider{"p": awsProvider("arm64")} }, []string{"providers.p.aws.architecture is arm64, but build-ami-flatcar makes images for amd64"}},
	"architecture in the name": {"build-ami-flatcar", func(in *packer.Input) {
		in.Build.Image = strings.Replace(in.Build.Image, "-gs", "-arm64-gs", 1)
	}, []string{"builds.b-0.image is for arm64, but build-ami-flatcar makes images for amd64"}},
	"arm64 on Azure": {"build-azure-sig-flatcar", func(in *packer.Input) {
		p := azureProvider("V1")
		p.Azure.Architecture = "arm64"
		in.Providers = map[string]imageset.Provider{"p": p}
	}, []string{"providers.p.azure.architecture is arm64"}},
	"bucket of AMIs":   {"build-ami-flatcar", func(in *packer.Input) { in.Providers = map[string]imageset.Provider{"p": s3Provider()} }, []string{"providers.p.builder is b, whose target build-ami-flatcar makes nothing that can be found at a provider of type s3"}},
	"unknown provider": {"build-ami-flatcar", func(in *packer.Input) { in.Build.Providers = append(in.Build.Providers, "gone") }, []string{"providers.gone is not in the image set"}},
	"stale plan": {
		"build-ami-flatcar", add(awsProvider("amd64"), func(p *imageset.Provider) { p.Builder = "c" }),
		[]string{"providers.p2.builder is c, but build b-0 of builder b serves it"},
	},
	"nobody":                     {"build-ami-flatcar", func(in *packer.Input) { in.Build.Providers = nil }, []string{"builds.b-0.providers is empty"}},
	"no name of ours":            {"build-ami-flatcar", func(in *packer.Input) { in.Build.Image = "flatcar-stable-{{timestamp}}" }, []string{"builds.b-0.image is", "no name that nodeimage makes"}},
	"name of something else":     {"build-ami-flatcar", func(in *packer.Input) { in.Build.Kubernetes = "1.29.8" }, []string{"builds.b-0.image is flatcar-stable", "but the build is of Flatcar stable 3815.2.5, Kubernetes 1.29.8"}},
	"name too long for Azure":    {"build-azure-sig-flatcar", longSuffix, []string{"builds.b-0.image does not fit", "has 1 to 69"}},
	"tool that nobody can quote": {"build-ami-flatcar", func(in *packer.Input) { in.Build.Tools[0].Version = "1 2" }, []string{"tools.teleport has role"}},
	"two tools of one role": {"build-ami-flatcar", func(in *packer.Input) {
		in.Build.Tools = append(in.Build.Tools, imageset.Tool{Name: "tsh", Version: "17.0.0", Role: "teleport"})
	}, []string{"tools.tsh.version is 17.0.0, but teleport_version is 16.5.12 already"}},
	"tool and user variable": {"build-ami-flatcar", variable("ansible_user_vars", `x="a b" teleport_version=17.0.0`), []string{"tools.teleport.version is 16.5.12, but teleport_version is 17.0.0 already"}},
	"user variables as JSON": {"build-ami-flatcar", variable("ansible_user_vars", `{"a": 1}`), []string{"builders.b.variables.ansible_user_vars is JSON", "version of teleport"}},
	"user variables, open":   {"build-ami-flatcar", variable("ansible_user_vars", `a="b`), []string{"builders.b.variables.ansible_user_vars is", `ends within "a=b"`}},
}

func longSuffix(in *packer.Input) {
	in.Build.Image = strings.Replace(in.Build.Image, "-gs", "-gs-a-site-with-a-long-name", 1)
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for name, tc := range refusals {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := tc.target
			if _, known := targets[base]; !known {
				base = "build-ami-flatcar"
			}
			in := input(t, base)
			in.Build.Target = tc.target
			if tc.change != nil {
				tc.change(&in)
			}
			out, err := packer.For(in)
			var errs packer.Errors
			if !errors.As(err, &errs) {
				t.Fatalf("got %v and %v, want packer.Errors", out, err)
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got:  %v\nwant: … %s …", err, want)
				}
			}
			if diff := cmp.Diff(packer.Output{}, out); diff != "" {
				t.Errorf("output beside an error (-want +got):\n%s", diff)
			}
		})
	}
}

// Everything that is wrong is told at once, in the same order every time, and each with the place to change.
func TestAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	in := input(t, "build-ami-flatcar")
	in.Build.ImageBuilder = "v0.1.27"
	in.Build.Variables["volume_sise"] = "20"
	in.Build.Variables["build_name"] = "x"
	in.Build.Environment["PACKER_VAR_FILES"] = "x"
	in.Providers = map[string]imageset.Provider{"p": awsProvider("arm64")}
	_, err := packer.For(in)
	var errs packer.Errors
	if !errors.As(err, &errs) {
		t.Fatalf("got %v, want packer.Errors", err)
	}
	var paths []string
	for _, e := range errs {
		paths = append(paths, e.Path)
	}
	want := []string{
		"providers.p.aws.architecture", "builders.b.variables.build_name", "builders.b.variables.volume_sise",
		"builders.b.environment.PACKER_VAR_FILES", "builders.b.imageBuilder", "builders.b.imageBuilder",
	}
	if diff := cmp.Diff(want, paths); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
	var single packer.Error
	if !errors.As(err, &single) || single.Path != want[0] {
		t.Errorf("errors.As finds %v, want the first error", single)
	}
}
