package packer

import (
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// served walks the providers that the build serves, in the plan's order. Those that don't fit have been reported.
func (w *work) served() iter.Seq2[string, imageset.Provider] {
	return func(yield func(string, imageset.Provider) bool) {
		for _, p := range w.build.Providers {
			if provider, ok := w.providers[p]; ok && !yield("providers."+p, provider) {
				return
			}
		}
	}
}

// aws makes the image in the first region and has Packer copy it to all of them. The account that builds owns the image, so all
// providers have to look for the same owner. Unlike upstream, it is private unless a provider wants it public.
func (w *work) aws() {
	var regions []string
	var owner, first string
	public := false
	for path, p := range w.served() {
		if p.AWS == nil {
			continue
		}
		if owner != "" && p.AWS.Owner != owner {
			w.fail(path+".aws.owner", "is %s, but %s.aws.owner is %s: one build makes images of one account; give it a builder of its own",
				p.AWS.Owner, first, owner)
		}
		if owner == "" {
			owner, first = p.AWS.Owner, path
		}
		regions = append(regions, p.AWS.Regions...)
		public = public || p.AWS.Public
	}
	w.variables["ami_regions"] = join(",", regions...)
	w.variables["aws_region"], _, _ = strings.Cut(w.variables["ami_regions"], ",")
	groups := ""
	if public {
		groups = "all"
	}
	w.variables["ami_groups"], w.variables["snapshot_groups"] = groups, groups
	if own, given := w.build.Variables["ami_groups"]; given && public && !slices.Contains(strings.Split(own, ","), "all") {
		w.fail(w.variablePath("ami_groups"), "is %q, but a provider has aws.public: consumers would not find the image", own)
	}
}

// mustAgree is the environment that says where an Azure image is published; consumers look nowhere else.
var mustAgree = map[string]bool{"GALLERY_NAME": true, "RESOURCE_GROUP_NAME": true, "AZURE_SUBSCRIPTION_ID": true}

// azure publishes to the gallery of the providers. One that looks at a community gallery, as consumers do, does not know the
// gallery behind it: then the builder's environment has to say. Regions are written as Azure itself writes them, because
// upstream's script does not quote them.
func (w *work) azure() {
	var regions []string
	for path, p := range w.served() {
		if p.Azure == nil {
			continue
		}
		if p.Azure.CommunityGallery == "" {
			w.settle(path+".azure.gallery", "GALLERY_NAME", p.Azure.Gallery)
			w.settle(path+".azure.resourceGroup", "RESOURCE_GROUP_NAME", p.Azure.ResourceGroup)
			w.settle(path+".azure.subscription", "AZURE_SUBSCRIPTION_ID", p.Azure.Subscription)
		}
		if g := p.Azure.HyperVGeneration; g != "" && g != w.builder.hyperV {
			w.fail(path+".azure.hyperVGeneration", "is %s, but %s makes images of generation %s", g, w.build.Target, w.builder.hyperV)
		}
		w.azureCloud(path+".azure.cloud", p.Azure.Cloud)
		for _, r := range p.Azure.Regions {
			regions = append(regions, strings.ToLower(strings.ReplaceAll(r, " ", "")))
		}
	}
	w.variables["replication_regions"] = join(",", regions...)
	if len(regions) > 0 {
		w.environment["AZURE_LOCATION"] = regions[0]
	}
}

// settle notes what a provider's settings say about the environment. Two providers must not say different things.
func (w *work) settle(path, key, value string) {
	switch already := w.environment[key]; {
	case value == "":
	case already == "":
		w.environment[key] = value
	case !strings.EqualFold(already, value):
		w.fail(path, "is %s, but another provider that the build serves has %s: one build publishes to one place", value, already)
	}
}

// azureCloud names the national cloud
// (https://developer.hashicorp.com/packer/integrations/hashicorp/azure/latest/components/builder/arm, cloud_environment_name).
func (w *work) azureCloud(path, cloud string) {
	value := map[string]string{"usgovernment": "USGovernment", "china": "China"}[cloud]
	if already := w.variables["cloud_environment_name"]; already != "" && value != already {
		w.fail(path, "is %q, but another provider that the build serves is in %s", cloud, already)
	}
	if value != "" {
		w.variables["cloud_environment_name"] = value
	}
}

// checkAzure makes sure that upstream's script does not make up where an image goes: it would invent a gallery's name.
func (w *work) checkAzure() {
	if w.builder.upstream != "azure" {
		return
	}
	for _, key := range []string{"AZURE_LOCATION", "GALLERY_NAME", "RESOURCE_GROUP_NAME"} {
		if w.environment[key] == "" {
			w.fail(w.environmentPath(key), "is missing, and no provider's settings give it: upstream would publish somewhere else")
		}
	}
}

// vsphere says where the virtual machine is made, if that is where consumers look for it: a provider with one vCenter, a folder
// and no suffix finds the machine itself, once it is a template. All others get the image by an import, and the variables of the
// builder, or a variable file with the credentials, say where it is made.
func (w *work) vsphere() {
	var direct []*imageset.VSphere
	for _, p := range w.served() {
		if p.VSphere != nil && p.VSphere.TemplateSuffix == "" && p.VSphere.Folder != "" {
			direct = append(direct, p.VSphere)
		}
	}
	if w.build.Target != "build-node-ova-vsphere-flatcar" || len(direct) != 1 {
		return
	}
	urls := append(slices.Clone(direct[0].URLs), direct[0].URL)
	urls = slices.DeleteFunc(urls, func(u string) bool { return u == "" })
	if len(urls) > 1 {
		return
	}
	if datacenter, folder, ok := strings.Cut(strings.Trim(direct[0].Folder, "/"), "/vm/"); ok {
		w.variables["datacenter"], w.variables["folder"] = datacenter, folder
		w.variables["convert_to_template"] = "true"
	}
	for _, u := range urls {
		if parsed, err := url.Parse(u); err == nil && parsed.Host != "" {
			w.variables["vcenter_server"] = parsed.Host
		}
	}
}
