package imageset_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

const whole = `apiVersion: nodeimage.giantswarm.io/v1alpha1
kind: ImageSet
name: {os: flatcar, channel: beta, suffix: mn-gs}
versions: {flatcar: 3815.2.5, kubernetes: 1.30, tooling: latest}
sources: {tooling: github.com/giantswarm/capi-image-builder}
exclude:
  - {kubernetes: "<1.25", reason: end of life}
tools:
  - {name: teleport, version: 16.5.12, providers: [capa]}
builders:
  ami: {target: build-ami-flatcar, imageBuilder: v0.1.55, variables: {ami_groups: all}, environment: {AWS_PROFILE: ami}}
  sig: {target: build-azure-sig-flatcar-gen2}
  ova: {target: build-node-ova-vsphere-flatcar}
providers:
  capa: {builder: ami, aws: {owner: 012345678901, regions: [eu-west-1, eu-central-1], architecture: arm64, public: true}}
  capz: {builder: sig, azure: {resourceGroup: images, gallery: Capz, regions: [westeurope]}}
  seen: {builder: sig, azure: {communityGallery: capz-1234, regions: [West Europe]}}
  capv: {builder: ova, s3: {bucket: images, key: "capv/{name}/{flatcar}.ova", marker: "{key}.sha256sums"}}
  site: {builder: ova, vsphere: {url: "https://vcenter.example/sdk", folder: /dc/vm/templates, templateSuffix: lille}}
  vcd: {builder: ova, cloudDirector: {org: giantswarm, catalog: giantswarm}}
  local: {builder: ova, directory: {path: dist, file: "{name}.ova"}}
`

func TestDecode(t *testing.T) {
	t.Parallel()
	set, err := imageset.Decode("images.yaml", []byte(whole))
	if err != nil {
		t.Fatal(err)
	}
	// An unquoted 1.30 is a number to YAML, but a version to us, and an account may begin with 0.
	if got := set.Versions.Kubernetes + " " + set.Providers["capa"].AWS.Owner; got != "1.30 012345678901" {
		t.Errorf("read %s", got)
	}
	want := map[string]string{
		"capa": "aws arm64", "capz": "azure amd64", "seen": "azure amd64", "capv": "s3 amd64", "site": "vsphere amd64",
		"vcd": "cloud-director amd64", "local": "directory amd64",
	}
	got := make(map[string]string)
	for name, p := range set.Providers {
		got[name] = p.Type() + " " + p.Architecture()
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	for change, want := range map[string]string{
		"kind: ImageSet -> kind: Images":                                                   `images.yaml:2: kind is "Images", but must be "ImageSet"`,
		"kind: ImageSet -> knd: ImageSet":                                                  "images.yaml:1: kind is missing\nimages.yaml:2: knd is not a known key; here go apiVersion, kind, name, versions, sources, exclude, tools, builders, providers",
		"channel: beta -> channel: edge":                                                   `images.yaml:3: name.channel is "edge", but must be one of stable, beta, alpha, lts`,
		"suffix: mn-gs -> suffix: gs_":                                                     `images.yaml:3: name.suffix is "gs_", but must look like ^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`,
		"versions: { -> versions: [{a: b}, {":                                              "",
		"public: true -> public: maybe":                                                    "images.yaml:15: providers.capa.aws.public must be true or false",
		"regions: [eu-west-1, eu-central-1] -> regions: eu-west-1":                         "images.yaml:15: providers.capa.aws.regions must be a list",
		"regions: [eu-west-1, eu-central-1] -> regions: []":                                "images.yaml:15: providers.capa.aws.regions is empty",
		"regions: [eu-west-1, eu-central-1] -> regions: [a, a]":                            `images.yaml:15: providers.capa.aws.regions[1] is "a", which is in the list already`,
		"owner: 012345678901, -> ":                                                         "images.yaml:15: providers.capa.aws.owner is missing",
		"owner: 012345678901 -> owner: 12345":                                              `images.yaml:15: providers.capa.aws.owner is "12345", but must look like ^[0-9]{12}$`,
		"owner: 012345678901 -> owner: ~":                                                  "images.yaml:15: providers.capa.aws.owner must be a text",
		"architecture: arm64 -> region: a":                                                 "images.yaml:15: providers.capa.aws.region is not a known key; here go owner, regions, architecture, public, profile",
		"capa: {builder: ami -> capa: {builder: amo":                                       `images.yaml:15: providers.capa.builder is "amo", but the builders are ami, ova, sig`,
		`<1.25" -> <<1.25"`:                                                                `images.yaml:7: exclude[0].kubernetes is "<<1.25", but must be a version range such as <1.25 or >=1.28 <1.31`,
		`kubernetes: "<1.25", -> `:                                                         "images.yaml:7: exclude[0] has no condition and would exclude every image",
		`reason: end of life -> reason: ""`:                                                "images.yaml:7: exclude[0].reason is empty",
		"version: 16.5.12 -> version: 16.5":                                                `images.yaml:9: tools[0].version is "16.5", but must be an exact version such as 16.5.12`,
		"providers: [capa] -> providers: [capo]":                                           `images.yaml:9: tools[0].providers[0] is "capo", but the providers are capa, capv, capz, local, seen, site, vcd`,
		"ami_groups: all -> aws_secret_key: x":                                             "images.yaml:11: builders.ami.variables.aws_secret_key is named like a credential, and credentials never stand in an image set: give it to the build step as a secret",
		"AWS_PROFILE: ami -> A-B: ami":                                                     `images.yaml:11: builders.ami.environment.A-B is "A-B", but must look like ^[A-Za-z_][A-Za-z0-9_]*$`,
		"ami_groups: all -> ami_groups: \"{{env `HOME`}}\"":                                `images.yaml:11: builders.ami.variables.ami_groups contains "{{", which Packer would expand`,
		"gallery: Capz, -> ":                                                               "images.yaml:16: providers.capz.azure.gallery is missing; a private gallery needs resourceGroup and gallery, a community gallery communityGallery",
		"communityGallery: capz-1234 -> communityGallery: a, gallery: b":                   "images.yaml:17: providers.seen.azure.communityGallery can't stand beside gallery or resourceGroup: a provider looks at one gallery",
		"capv/{name}/ -> capv/":                                                            "images.yaml:18: providers.capv.s3.key must contain {name}, or two images would share it",
		"capv/{name}/ -> capv/{nam}/":                                                      "images.yaml:18: providers.capv.s3.key has {nam}, but the fields are {arch} {channel} {flatcar} {kubernetes} {name} {suffix} {tooling}: capv/{nam}/{flatcar}.ova",
		"capv/{name}/ -> capv/{name}/}":                                                    "images.yaml:18: providers.capv.s3.key has a } without {: capv/{name}/}{flatcar}.ova",
		"{key}.sha256sums -> sums":                                                         "images.yaml:18: providers.capv.s3.marker must contain {name}, or two images would share it",
		"folder: /dc/vm/templates -> folder: /a, library: b":                               "images.yaml:19: providers.site.vsphere must have either folder or library, to say where the templates are",
		"https://vcenter -> https://user:pw@vcenter":                                       "images.yaml:19: providers.site.vsphere.url has a user or password in it; credentials never stand in an image set",
		"https://vcenter.example/sdk -> vcenter.example":                                   "images.yaml:19: providers.site.vsphere.url is not an address like https://host.example/path",
		"cloudDirector: {org -> cloud-director: {org":                                      "images.yaml:20: providers.vcd.cloud-director is not a known key; here go builder, aws, azure, s3, vsphere, cloudDirector, directory",
		"cloudDirector: {org: giantswarm, catalog: giantswarm} -> ":                        "images.yaml:20: providers.vcd has no type: one of aws, azure, s3, vsphere, cloudDirector or directory must say where to look",
		"local: {builder: ova, -> local: {builder: ova, s3: {bucket: b, key: \"{name}\"},": "images.yaml:21: providers.local has 2 types, but must have one: s3, directory",
		"local: -> Local_:":                                                                "images.yaml:21: providers.Local_ must have a name that looks like ^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
		"local: -> vcd:":                                                                   "images.yaml:21: providers.vcd is given twice",
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			from, to, _ := strings.Cut(change, " -> ")
			spoilt := strings.Replace(whole, from, to, 1)
			if spoilt == whole {
				t.Fatal("the change changes nothing")
			}
			_, err := imageset.Decode("images.yaml", []byte(spoilt))
			var problems imageset.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("got %v, want problems", err)
			}
			if want != "" && err.Error() != want {
				t.Errorf("got  %s\nwant %s", err, want)
			}
		})
	}
}

// TestDecodeReportsEverything has problems of all kinds at once, which come in the order of the lines.
func TestDecodeReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := imageset.Decode("x.yaml", []byte("kind: Set\nbuilders: {}\nproviders:\n  a: {aws: {regions: [], public: 1}}\nextra: 1\n"))
	want := []string{
		`x.yaml:1: kind is "Set", but must be "ImageSet"`,
		"x.yaml:1: apiVersion is missing",
		"x.yaml:2: builders is empty",
		"x.yaml:4: providers.a.aws.regions is empty",
		"x.yaml:4: providers.a.aws.public must be true or false",
		"x.yaml:4: providers.a.aws.owner is missing",
		"x.yaml:4: providers.a.builder is missing",
		"x.yaml:5: extra is not a known key; here go apiVersion, kind, name, versions, sources, exclude, tools, builders, providers",
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestDecodeDocuments(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		"":              "x.yaml: is empty",
		"# nothing\n":   "x.yaml: is empty",
		"a: [":          "x.yaml: yaml: line 1: did not find expected node content",
		whole + "---\n": "x.yaml:22: has a second YAML document; an image set is one",
		"- a":           "x.yaml:1: must be a mapping of keys to values",
	} {
		_, err := imageset.Decode("x.yaml", []byte(data))
		if err == nil || err.Error() != want {
			t.Errorf("%.20q: got %v, want %s", data, err, want)
		}
	}
	if _, err := imageset.Load("missing.yaml"); err == nil || err.Error() != "missing.yaml: can't be read: no such file or directory" {
		t.Errorf("got %v", err)
	}
}

// TestShipped holds the image sets that are shipped to their own rules.
func TestShipped(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../images/*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("found %v, %v", files, err)
	}
	for _, file := range files {
		if _, err := imageset.Load(file); err != nil {
			t.Error(err)
		}
	}
}

func TestSchemaIsCheckedIn(t *testing.T) {
	t.Parallel()
	want, err := imageset.SchemaJSON()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/imageset.schema.json")
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("docs/imageset.schema.json is not what the types say (%v): run go generate ./pkg/imageset", err)
	}
}
