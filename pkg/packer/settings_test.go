package packer_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/packer"
)

// setting is what an image set says, and what comes of it. A value of "-" stands for a variable that must not be set.
type setting struct {
	target      string
	change      func(*packer.Input)
	variables   map[string]string
	environment map[string]string
}

func vsphereProvider(v imageset.VSphere) func(*packer.Input) {
	return func(in *packer.Input) {
		in.Providers = map[string]imageset.Provider{"p": {Builder: "b", VSphere: &v}}
	}
}

var settings = map[string]setting{
	"the image set chooses where to build": {
		"build-ami-flatcar", variable("aws_region", "us-east-1"),
		map[string]string{"aws_region": "us-east-1", "ami_regions": "eu-west-1,eu-central-1"},
		nil,
	},
	"regions of all providers and the image set's": {
		"build-ami-flatcar",
		both(variable("ami_regions", "us-east-1, eu-west-1"), add(awsProvider("amd64"), func(p *imageset.Provider) { p.AWS.Regions = []string{"sa-east-1", "eu-west-1"} })),
		map[string]string{"ami_regions": "us-east-1,eu-west-1,eu-central-1,sa-east-1", "aws_region": "eu-west-1"},
		nil,
	},
	"public for one of two providers": {
		"build-ami-flatcar", add(awsProvider("amd64"), func(p *imageset.Provider) { p.AWS.Public = false }),
		map[string]string{"ami_groups": "all", "snapshot_groups": "all"},
		nil,
	},
	"private AMI": {
		"build-ami-flatcar", func(in *packer.Input) {
			p := awsProvider("amd64")
			p.AWS.Public = false
			in.Providers = map[string]imageset.Provider{"p": p}
		},
		map[string]string{"ami_groups": "", "snapshot_groups": ""},
		nil,
	},
	"private AMI that an organisation may use": {
		"build-ami-flatcar", func(in *packer.Input) {
			p := awsProvider("amd64")
			p.AWS.Public = false
			in.Providers = map[string]imageset.Provider{"p": p}
			in.Build.Variables["ami_users"] = "123456789012"
		},
		map[string]string{"ami_groups": "", "ami_users": "123456789012"},
		nil,
	},
	"defaults give way": {
		"build-qemu-flatcar", variable("output_directory", "/mnt/{name}"),
		map[string]string{"output_directory": "/mnt/flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs"},
		nil,
	},
	"fields are replaced, the shell's are not": {
		"build-qemu-flatcar", variable("custom_post_processor_command", `cp {name} ${name} {other} {"a": {}} {kubernetes`),
		map[string]string{"custom_post_processor_command": `cp flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs ${name} {other} {"a": {}} {kubernetes`},
		nil,
	},
	"source in a community gallery": {
		"build-azure-sig-flatcar-gen2",
		both(variable("community_gallery_image_id", "/CommunityGalleries/flatcar/Images/flatcar-{channel}-amd64/Versions/{flatcar}"), variable("image_version", "")),
		map[string]string{"community_gallery_image_id": "/CommunityGalleries/flatcar/Images/flatcar-stable-amd64/Versions/3815.2.5", "image_version": ""},
		nil,
	},
	"community gallery and the gallery behind it": {
		"build-azure-sig-flatcar-gen2", func(in *packer.Input) {
			in.Providers = map[string]imageset.Provider{"p": {Builder: "b", Azure: &imageset.Azure{CommunityGallery: "gs-1", Subscription: "reader", Regions: []string{"West Europe"}}}}
			in.Build.Environment["GALLERY_NAME"], in.Build.Environment["RESOURCE_GROUP_NAME"] = "CapzFlatcar", "cluster-api-images"
		},
		map[string]string{"replication_regions": "westeurope"},
		map[string]string{"GALLERY_NAME": "CapzFlatcar", "RESOURCE_GROUP_NAME": "cluster-api-images", "AZURE_LOCATION": "westeurope", "AZURE_SUBSCRIPTION_ID": "-"},
	},
	"gallery said twice, in other letters": {
		"build-azure-sig-flatcar-gen2", environment("GALLERY_NAME", "capzflatcar"), nil,
		map[string]string{"GALLERY_NAME": "capzflatcar"},
	},
	"Azure in China, built elsewhere in it": {
		"build-azure-sig-flatcar", func(in *packer.Input) {
			p := azureProvider("V1")
			p.Azure.Cloud = "china"
			in.Providers = map[string]imageset.Provider{"p": p}
			in.Build.Environment["AZURE_LOCATION"] = "chinaeast3"
		},
		map[string]string{"cloud_environment_name": "China", "replication_regions": "westeurope,germanywestcentral"},
		map[string]string{"AZURE_LOCATION": "chinaeast3"},
	},
	"vCenter whose folder consumers look in": {
		"build-node-ova-vsphere-flatcar", vsphereProvider(imageset.VSphere{URL: "https://vcenter.example/sdk", Folder: "/dc/vm/images/flatcar"}),
		map[string]string{"vcenter_server": "vcenter.example", "datacenter": "dc", "folder": "images/flatcar", "convert_to_template": "true"},
		nil,
	},
	"vCenter to which images are imported": {
		"build-node-ova-vsphere-flatcar", vsphereProvider(imageset.VSphere{URL: "https://vcenter.example/sdk", Folder: "/dc/vm/images", TemplateSuffix: "lille"}),
		map[string]string{"vcenter_server": "-", "folder": "-", "convert_to_template": "-"},
		nil,
	},
	"two vCenters": {
		"build-node-ova-vsphere-flatcar", vsphereProvider(imageset.VSphere{URLs: []string{"https://a.example/sdk", "https://b.example/sdk"}, Folder: "/dc/vm/images"}),
		map[string]string{"vcenter_server": "-", "folder": "-"},
		nil,
	},
	"vCenter, but built on a workstation": {
		"build-node-ova-local-flatcar", vsphereProvider(imageset.VSphere{URL: "https://vcenter.example/sdk", Folder: "/dc/vm/images"}),
		map[string]string{"vcenter_server": "-", "folder": "-"},
		nil,
	},
	"roles and user variables are joined": {
		"build-ami-flatcar", func(in *packer.Input) {
			in.Build.Variables["node_custom_roles_post"] = "hardening  teleport"
			in.Build.Variables["ansible_user_vars"] = `motd="hello {name}" level=2`
			in.Build.Tools = append(in.Build.Tools, imageset.Tool{Name: "nvidia-runtime", Version: "1.17.4"})
		},
		map[string]string{
			"node_custom_roles_post": "hardening teleport nvidia-runtime",
			"ansible_user_vars": `motd="hello flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs" level=2 ` +
				`teleport_version=16.5.12 nvidia_runtime_version=1.17.4`,
		},
		nil,
	},
	"the same version said twice": {
		"build-ami-flatcar", variable("ansible_user_vars", "teleport_version='16.5.12'"),
		map[string]string{"ansible_user_vars": "teleport_version='16.5.12'"},
		nil,
	},
	"quotes in quotes": {
		"build-ami-flatcar", variable("ansible_user_vars", "\t a=\"x \\\"y\\\" '  teleport_version=1'\"  b='' "),
		map[string]string{"ansible_user_vars": "a=\"x \\\"y\\\" '  teleport_version=1'\"  b='' teleport_version=16.5.12"},
		nil,
	},
	"no tools": {
		"build-ami-flatcar", func(in *packer.Input) { in.Build.Tools = nil },
		map[string]string{"node_custom_roles_post": "-", "ansible_user_vars": "-"},
		nil,
	},
	"flags stay": {
		"build-ami-flatcar", both(environment("PACKER_FLAGS", "-on-error=abort"), overwrite),
		nil,
		map[string]string{"PACKER_FLAGS": "-on-error=abort -force"},
	},
	"AMI is replaced by a flag":        {"build-ami-flatcar-arm64", overwrite, nil, map[string]string{"PACKER_FLAGS": "-force"}},
	"OVA is replaced by a flag":        {"build-node-ova-vsphere-flatcar", overwrite, nil, map[string]string{"PACKER_FLAGS": "-force"}},
	"disk is replaced by a flag":       {"build-raw-flatcar", overwrite, nil, map[string]string{"PACKER_FLAGS": "-force"}},
	"Nutanix is replaced by variable":  {"build-nutanix-flatcar", overwrite, map[string]string{"force_deregister": "true"}, map[string]string{"PACKER_FLAGS": "-"}},
	"Outscale is replaced by variable": {"build-osc-flatcar", overwrite, map[string]string{"overwrite_existing": "true"}, map[string]string{"PACKER_FLAGS": "-"}},
	"nothing is replaced":              {"build-ami-flatcar", nil, nil, map[string]string{"PACKER_FLAGS": "-"}},
}

func both(changes ...func(*packer.Input)) func(*packer.Input) {
	return func(in *packer.Input) {
		for _, change := range changes {
			change(in)
		}
	}
}

func overwrite(in *packer.Input) { in.Build.Overwrite = true }

func TestSettings(t *testing.T) {
	t.Parallel()
	for name, tc := range settings {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t, tc.target)
			if tc.change != nil {
				tc.change(&in)
			}
			out, err := packer.For(in)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.variables, picked(out.Variables, tc.variables)); diff != "" {
				t.Errorf("variables (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.environment, picked(out.Environment, tc.environment)); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
		})
	}
}

// picked are the values that are asked for, with "-" for those that are not there.
func picked(all, asked map[string]string) map[string]string {
	if asked == nil {
		return nil
	}
	out := make(map[string]string)
	for key := range asked {
		value, ok := all[key]
		if !ok {
			value = "-"
		}
		out[key] = value
	}
	return out
}

// What is not wrong, but may go wrong, is said beside the output.
func TestWarnings(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]refusal{
		"nothing":             {"build-ami-flatcar", nil, nil},
		"no release":          {"build-ami-flatcar", func(in *packer.Input) { in.Build.ImageBuilder = "" }, []string{"builders.b.imageBuilder is not given"}},
		"later release":       {"build-ami-flatcar", func(in *packer.Input) { in.Build.ImageBuilder = "v0.2.0" }, []string{"builders.b.imageBuilder is v0.2.0, but what upstream reads is known up to v0.1.55"}},
		"unrecorded":          {"build-ami-flatcar", both(variable("iops", "1"), func(in *packer.Input) { in.Build.ImageBuilder = "0.1.40" }), []string{"builders.b.variables has iops, known to be read by v0.1.55; whether 0.1.40 reads them"}},
		"unknown environment": {"build-azure-sig-flatcar", environment("SIG_PUBLISHR", "x"), []string{"builders.b.environment.SIG_PUBLISHR is not known to be read by build-azure-sig-flatcar; the nearest that is known is SIG_PUBLISHER"}},
		"known environment":   {"build-ami-flatcar", both(environment("AWS_PROFILE", "ami"), environment("PACKER_LOG", "1"), environment("TMPDIR", "/tmp")), nil},
		"source by hand":      {"build-ami-flatcar", variable("source_ami", "ami-1"), []string{"builders.b.variables.source_ami chooses the source image, and Flatcar 3815.2.5 is not in it"}},
		"source with version": {"build-ami-flatcar", variable("ami_filter_name", "Flatcar-{channel}-{flatcar}-*"), nil},
		"source in Glance":    {"build-openstack-flatcar", variable("source_image", "flatcar-{flatcar}"), nil},
		"nothing in Glance":   {"build-openstack-flatcar", nil, []string{"source_image is not given: Glance has to have an image called flatcar-stable-3815.2.5"}},
		"gallery's version":   {"build-azure-sig-flatcar", overwrite, []string{"builds.b-0.overwrite is true: version 3815.2.5 of flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs can't be replaced"}},
		"second in Glance":    {"build-openstack-flatcar", both(overwrite, variable("source_image", "flatcar-3815.2.5")), []string{"builds.b-0.overwrite is true: Glance keeps"}},
		"second in Proxmox":   {"build-proxmox-flatcar", overwrite, []string{"builds.b-0.overwrite is true: Proxmox keeps"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(t, tc.target)
			if tc.change != nil {
				tc.change(&in)
			}
			out, err := packer.For(in)
			if err != nil {
				t.Fatal(err)
			}
			if len(out.Warnings) != len(tc.want) {
				t.Fatalf("warnings %q, want %d", out.Warnings, len(tc.want))
			}
			for i, want := range tc.want {
				if !strings.Contains(out.Warnings[i], want) {
					t.Errorf("got:  %s\nwant: … %s …", out.Warnings[i], want)
				}
			}
		})
	}
}
