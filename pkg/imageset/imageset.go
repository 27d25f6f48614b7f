// Package imageset reads the image set: the YAML file that says which node images should exist, at which providers, and what
// makes them.
//
// The file is decoded strictly. Everything that is wrong with it is reported at once, each problem with its line.
package imageset

// APIVersion and Kind head every image set.
const (
	APIVersion = "nodeimage.giantswarm.io/v1alpha1"
	Kind       = "ImageSet"
)

// The types of providers, as they stand in plans. In the file, cloud-director is written cloudDirector.
const (
	TypeAWS           = "aws"
	TypeAzure         = "azure"
	TypeS3            = "s3"
	TypeVSphere       = "vsphere"
	TypeCloudDirector = "cloud-director"
	TypeDirectory     = "directory"
)

// ImageSet is the file.
type ImageSet struct {
	APIVersion string              `json:"apiVersion" jsonschema:"nodeimage.giantswarm.io/v1alpha1"`
	Kind       string              `json:"kind" jsonschema:"ImageSet"`
	Name       NameScheme          `json:"name,omitempty" jsonschema:"the parts of every image's name that are not versions"`
	Versions   Versions            `json:"versions,omitempty" jsonschema:"the versions to make images of, where the command line says nothing"`
	Sources    Sources             `json:"sources,omitempty" jsonschema:"where versions are looked up: a URL or a file"`
	Exclude    []Exclusion         `json:"exclude,omitempty" jsonschema:"images that are not wanted; each condition that an entry gives must hold"`
	Tools      []Tool              `json:"tools,omitempty" jsonschema:"what the tooling version bakes into the images"`
	Builders   map[string]Builder  `json:"builders" jsonschema:"what makes an image, by name"`
	Providers  map[string]Provider `json:"providers" jsonschema:"where consumers look images up, by name"`
}

// NameScheme holds the parts of a name that are not versions.
type NameScheme struct {
	OS      string `json:"os,omitempty" jsonschema:"the operating system; flatcar is the only one"`
	Channel string `json:"channel,omitempty" jsonschema:"Flatcar's release channel; stable if not given"`
	Suffix  string `json:"suffix,omitempty" jsonschema:"what names end in; gs if not given"`
}

// Versions are exact versions or queries, a list separated by commas.
type Versions struct {
	Flatcar    string `json:"flatcar,omitempty" jsonschema:"Flatcar versions"`
	Kubernetes string `json:"kubernetes,omitempty" jsonschema:"Kubernetes versions, with or without v"`
	Tooling    string `json:"tooling,omitempty" jsonschema:"release of capi-image-builder, with or without v"`
}

// Sources say where versions are looked up.
type Sources struct {
	Flatcar    string `json:"flatcar,omitempty" jsonschema:"Flatcar's release feed: a URL, a file or a directory"`
	Kubernetes string `json:"kubernetes,omitempty" jsonschema:"Kubernetes' releases: a URL, a file or a directory"`
	Tooling    string `json:"tooling,omitempty" jsonschema:"capi-image-builder's releases: github.com/OWNER/NAME or a file"`
}

// Exclusion names images that are not wanted. Conditions that are not given hold for every image.
type Exclusion struct {
	Providers  []string `json:"providers,omitempty" jsonschema:"at these providers"`
	Flatcar    string   `json:"flatcar,omitempty" jsonschema:"a version range, such as <3815.2.5"`
	Kubernetes string   `json:"kubernetes,omitempty" jsonschema:"a version range, such as <1.25"`
	Tooling    string   `json:"tooling,omitempty" jsonschema:"a version range"`
	Reason     string   `json:"reason" jsonschema:"why; shown in the plan"`
}

// Tool is a program that is installed into the images by an Ansible role.
type Tool struct {
	Name      string   `json:"name" jsonschema:"the tool"`
	Version   string   `json:"version" jsonschema:"its version, without v"`
	Role      string   `json:"role,omitempty" jsonschema:"the Ansible role that installs it; the tool's name if not given"`
	Providers []string `json:"providers,omitempty" jsonschema:"only in the images of these providers; all if not given"`
}

// Builder is an upstream make target with its Packer variables and environment.
type Builder struct {
	Target       string            `json:"target" jsonschema:"make target of kubernetes-sigs/image-builder, such as build-ami-flatcar"`
	ImageBuilder string            `json:"imageBuilder,omitempty" jsonschema:"the release of kubernetes-sigs/image-builder that runs it, such as v0.1.55"`
	Variables    map[string]string `json:"variables,omitempty" jsonschema:"Packer variables beyond those that nodeimage sets"`
	Environment  map[string]string `json:"environment,omitempty" jsonschema:"environment of the make target; never credentials"`
}

// Provider is a place where consumers look images up. Exactly one of its types is given.
type Provider struct {
	Builder       string         `json:"builder" jsonschema:"the builder that makes its images"`
	AWS           *AWS           `json:"aws,omitempty" jsonschema:"machine images (AMIs) of an AWS account"`
	Azure         *Azure         `json:"azure,omitempty" jsonschema:"versions in an Azure compute gallery"`
	S3            *S3            `json:"s3,omitempty" jsonschema:"objects in an S3 bucket"`
	VSphere       *VSphere       `json:"vsphere,omitempty" jsonschema:"templates in a vCenter's folder or content library"`
	CloudDirector *CloudDirector `json:"cloudDirector,omitempty" jsonschema:"vApp templates in a VMware Cloud Director catalog"`
	Directory     *Directory     `json:"directory,omitempty" jsonschema:"files in a local directory"`
}

// AWS describes AMIs by who owns them and where they must be.
type AWS struct {
	Owner        string   `json:"owner" jsonschema:"account that owns the images, 12 digits, quoted"`
	Regions      []string `json:"regions" jsonschema:"every region must hold the image"`
	Architecture string   `json:"architecture,omitempty" jsonschema:"amd64 (default) or arm64; arm64 images have it in their name"`
	Public       bool     `json:"public,omitempty" jsonschema:"only images that other accounts may use count"`
	Profile      string   `json:"profile,omitempty" jsonschema:"profile of the AWS configuration to use, where there are several"`
}

// Azure describes a compute gallery, private or community.
type Azure struct {
	Subscription     string   `json:"subscription,omitempty" jsonschema:"subscription of the gallery, or of whoever reads a community gallery"`
	ResourceGroup    string   `json:"resourceGroup,omitempty" jsonschema:"resource group of the gallery"`
	Gallery          string   `json:"gallery,omitempty" jsonschema:"name of the gallery"`
	CommunityGallery string   `json:"communityGallery,omitempty" jsonschema:"public name of a community gallery; looks as consumers do, instead of at the private gallery"`
	Regions          []string `json:"regions" jsonschema:"every region must hold a completed replica"`
	Architecture     string   `json:"architecture,omitempty" jsonschema:"amd64 (default) or arm64"`
	HyperVGeneration string   `json:"hyperVGeneration,omitempty" jsonschema:"V1 or V2; not checked if not given"`
	Cloud            string   `json:"cloud,omitempty" jsonschema:"public (default), usgovernment or china"`
}

// S3 describes objects by a computed key.
type S3 struct {
	Bucket    string `json:"bucket" jsonschema:"the bucket"`
	Region    string `json:"region,omitempty" jsonschema:"the bucket's region"`
	Key       string `json:"key" jsonschema:"key of an image; fields {name} {channel} {flatcar} {kubernetes} {tooling} {suffix} {arch}"`
	Marker    string `json:"marker,omitempty" jsonschema:"key of an object that is written last, such as {key}.sha256sums; without it the image is pending"`
	Anonymous bool   `json:"anonymous,omitempty" jsonschema:"do not sign requests, for public buckets"`
	PathStyle bool   `json:"pathStyle,omitempty" jsonschema:"put the bucket into the path, as most S3-compatible servers want it"`
	Profile   string `json:"profile,omitempty" jsonschema:"profile of the AWS configuration to use, where there are several"`
}

// VSphere describes virtual machine templates of one or more vCenters.
type VSphere struct {
	URL            string   `json:"url,omitempty" jsonschema:"the vCenter, such as https://vcenter.example/sdk; GOVC_URL if neither url nor urls is given"`
	URLs           []string `json:"urls,omitempty" jsonschema:"several vCenters; every one must hold the image"`
	Folder         string   `json:"folder,omitempty" jsonschema:"inventory path of the folder with the templates, such as /dc/vm/templates"`
	Library        string   `json:"library,omitempty" jsonschema:"content library to look in instead of a folder"`
	TemplateSuffix string   `json:"templateSuffix,omitempty" jsonschema:"appended to the name with a dash, as cluster charts do per site"`
	Prefix         string   `json:"prefix,omitempty" jsonschema:"read PREFIX_GOVC_… before GOVC_…, where there are several accounts"`
}

// CloudDirector describes vApp templates of a catalog.
type CloudDirector struct {
	URL     string `json:"url,omitempty" jsonschema:"the API, such as https://vcd.example/api; VCD_URL if not given"`
	Org     string `json:"org" jsonschema:"the organisation"`
	Catalog string `json:"catalog" jsonschema:"the catalog with the templates"`
	Prefix  string `json:"prefix,omitempty" jsonschema:"read PREFIX_VCD_… before VCD_…, where there are several accounts"`
}

// Directory describes files below a local directory.
type Directory struct {
	Path   string `json:"path" jsonschema:"the directory, relative to where nodeimage runs"`
	File   string `json:"file" jsonschema:"file of an image below it; the fields of an S3 key"`
	Marker string `json:"marker,omitempty" jsonschema:"file that is written last, such as {file}.sha256; without it the image is pending"`
}

// Type says which type of provider p is, one of the Type constants, or "" where it has none or several.
func (p Provider) Type() string {
	if types := p.types(); len(types) == 1 {
		return types[0]
	}
	return ""
}

func (p Provider) types() []string {
	var types []string
	add := func(given bool, name string) {
		if given {
			types = append(types, name)
		}
	}
	add(p.AWS != nil, TypeAWS)
	add(p.Azure != nil, TypeAzure)
	add(p.S3 != nil, TypeS3)
	add(p.VSphere != nil, TypeVSphere)
	add(p.CloudDirector != nil, TypeCloudDirector)
	add(p.Directory != nil, TypeDirectory)
	return types
}

// Architecture says for which processors the provider's images are: amd64 unless its settings say arm64.
func (p Provider) Architecture() string {
	switch {
	case p.AWS != nil && p.AWS.Architecture != "":
		return p.AWS.Architecture
	case p.Azure != nil && p.Azure.Architecture != "":
		return p.Azure.Architecture
	}
	return "amd64"
}
