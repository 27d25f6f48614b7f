package packer

import (
	"slices"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/name"
)

// builder is what an upstream make target makes and by which of its variables the image gets its name. Values and sentences may
// have the fields of an S3 key, such as {name}.
type builder struct {
	target   string
	upstream string   // section of upstream.txt
	since    string   // the first release with the target
	arch     string   // of the image
	types    []string // providers whose consumers can find what it makes
	hyperV   string   // Hyper-V generation of an Azure image

	fixed       map[string]string // variables that make the image what its name says; the image set can't change them
	defaults    map[string]string // variables that the image set can change
	environment map[string]string // fixed like the variables, beside Flatcar's channel and version

	force      bool     // PACKER_FLAGS=-force replaces what exists
	replaces   string   // the variable that says whether what exists is replaced
	adds       string   // what overwriting does where upstream can't replace what exists
	settledBy  []string // variables that choose the source image; Flatcar's version must be in them
	note       string   // what whoever uses the outcome has to know
	unnameable string   // why images can't have the plan's name
}

var (
	disks = []string{imageset.TypeS3, imageset.TypeDirectory}
	ovas  = []string{imageset.TypeS3, imageset.TypeDirectory, imageset.TypeVSphere, imageset.TypeCloudDirector}
)

// builders are the targets of upstream's Makefile for Flatcar. The names come from the templates' own expressions, such as
// ami_name in packer/ami/packer.json and template_name in packer/proxmox/packer.json.tmpl.
var builders = []builder{
	ami("build-ami-flatcar", "v0.1.7", name.AMD64),
	ami("build-ami-flatcar-arm64", "v0.1.43", name.ARM64),
	sig("build-azure-sig-flatcar", "v0.1.11", "V1"),
	sig("build-azure-sig-flatcar-gen2", "v0.1.12", "V2"),
	ova("build-node-ova-vsphere-flatcar"),
	ova("build-node-ova-local-flatcar"),
	qemu("build-qemu-flatcar", ""),
	qemu("build-kubevirt-qemu-flatcar", "upstream also makes a container disk and names it after the channel and version of Flatcar alone"),
	{
		target: "build-raw-flatcar", upstream: "raw", since: "v0.1.9", arch: name.AMD64, types: disks,
		fixed: map[string]string{"vm_name": "{name}"}, defaults: map[string]string{"output_directory": "./output/{name}"},
		// Upstream also puts a compressed copy beside the image, without the tooling version in its name; no variable changes that.
		force: true, settledBy: []string{"iso_url"},
	},
	{
		target: "build-openstack-flatcar", upstream: "openstack", since: "v0.1.15", arch: name.AMD64, types: disks,
		fixed: map[string]string{"image_name": "{name}"},
		// Upstream leaves volume_type null, which Packer refuses; empty is OpenStack's own default type. Neither variable of
		// the environment chooses the Flatcar version here: only the source image in Glance does.
		defaults:  map[string]string{"source_image": "flatcar-{channel}-{flatcar}", "volume_type": ""},
		adds:      "Glance keeps images of the same name side by side: delete the old one, or consumers may get it",
		settledBy: []string{"source_image", "source_image_filter_name"},
	},
	{
		target: "build-nutanix-flatcar", upstream: "nutanix", since: "v0.1.14", arch: name.AMD64, types: disks,
		fixed: map[string]string{"image_name": "{name}"}, replaces: "force_deregister", settledBy: []string{"image_url"},
	},
	{
		target: "build-proxmox-flatcar", upstream: "proxmox", since: "v0.1.41", arch: name.AMD64, types: disks,
		fixed: map[string]string{"artifact_name": "{name}"}, settledBy: []string{"iso_url"},
		adds: "Proxmox keeps templates of the same name side by side: delete the old one, or consumers may get it",
	},
	{
		// image_name is not the image's name here but the filter for the Ubuntu image that Flatcar is installed from.
		target: "build-osc-flatcar", upstream: "outscale", since: "v0.1.53", arch: name.AMD64, types: disks,
		fixed: map[string]string{"omi_name": "{name}"}, replaces: "overwrite_existing",
	},
	hcloud("build-hcloud-flatcar", name.AMD64),
	hcloud("build-hcloud-flatcar-arm64", name.ARM64),
}

func ami(target, since, arch string) builder {
	return builder{
		target: target, upstream: "ami", since: since, arch: arch, types: []string{imageset.TypeAWS},
		fixed: map[string]string{"image_name": "{name}"},
		// They only feed tags, which upstream leaves empty for Flatcar.
		defaults: map[string]string{"distribution_release": "{channel}", "distribution_version": "{channel}-{flatcar}"},
		force:    true, settledBy: []string{"source_ami", "ami_filter_name"},
	}
}

func sig(target, since, hyperV string) builder {
	return builder{
		target: target, upstream: "azure", since: since, arch: name.AMD64, types: []string{imageset.TypeAzure}, hyperV: hyperV,
		// Packer publishes to the definition image_name, which upstream's script creates as SIG_IMAGE_DEFINITION.
		fixed:       map[string]string{"image_name": "{name}", "sig_image_version": "{flatcar}"},
		environment: map[string]string{"SIG_IMAGE_DEFINITION": "{name}"},
		force:       true,
		adds: "version {flatcar} of {name} can't be replaced: where it exists, delete it first (az sig image-version delete), or the " +
			"build fails when it publishes",
		settledBy: []string{"image_version", "community_gallery_image_id", "direct_shared_gallery_image_id", "source_sig_image_version"},
	}
}

// ova names the virtual machine and its directory. The file keeps upstream's name, because consumers of the bucket look for it:
// NAME/flatcar-CHANNEL-FLATCAR-kube-vKUBERNETES.ova (hack/image-build-ova.py; name.Name.FileStem).
func ova(target string) builder {
	return builder{
		target: target, upstream: "ova", since: "v0.1.13", arch: name.AMD64, types: ovas,
		fixed: map[string]string{"build_version": "{name}"},
		force: true, settledBy: []string{"iso_url"},
	}
}

func qemu(target, note string) builder {
	return builder{
		target: target, upstream: "qemu", since: "v0.1.7", arch: name.AMD64, types: disks,
		fixed:    map[string]string{"vm_name": "{name}", "artifact_name": "{name}"},
		defaults: map[string]string{"output_directory": "./output/{name}"},
		force:    true, settledBy: []string{"iso_url"}, note: note,
	}
}

func hcloud(target, arch string) builder {
	return builder{
		target: target, upstream: "hcloud", since: "v0.1.19", arch: arch, types: disks,
		unnameable: "names its snapshots cluster-api-flatcar-{channel}-{flatcar}-v{kubernetes}-TIMESTAMP, and no variable of upstream " +
			"changes that (packer/hcloud/packer-flatcar.json, snapshot_name)",
	}
}

func builderOf(target string) (builder, bool) {
	i := slices.IndexFunc(builders, func(b builder) bool { return b.target == target })
	if i < 0 {
		return builder{}, false
	}
	return builders[i], true
}

func targets() []string {
	out := make([]string, len(builders))
	for i, b := range builders {
		out[i] = b.target
	}
	return out
}
