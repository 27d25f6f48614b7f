package test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lookupCase is a rendering of the example, and what is wanted at some place of it.
type lookupCase struct {
	provider  string
	values    map[string]any // of the example
	nodeimage map[string]any
	at        []string
	want      map[string]any
	refused   []string
}

// lookups render the example chart for a provider. What is wanted is what the provider's cluster chart looks up: see
// giantswarm/cluster-aws, cluster-azure, cluster-vsphere and cluster-cloud-director, helm templates.
var lookups = map[string]lookupCase{
	"aws": {
		provider: "aws", at: awsTemplate,
		want: map[string]any{"instanceType": "m5.xlarge", "imageLookupFormat": plain, "imageLookupOrg": "706635527432"},
	},
	"aws without region": {
		provider: "aws", values: map[string]any{"region": ""}, at: awsTemplate,
		want: map[string]any{"instanceType": "m5.xlarge", "imageLookupFormat": plain, "imageLookupOrg": "706635527432"},
	},
	"aws in China": {
		provider: "aws", values: map[string]any{"region": "cn-northwest-1"}, at: awsTemplate,
		want: map[string]any{"instanceType": "m5.xlarge", "imageLookupFormat": plain, "imageLookupOrg": "306934455918"},
	},
	"aws, workers on arm64": {
		provider: "aws", values: map[string]any{"arm64Workers": true}, at: []string{"AWSMachinePool", "spec", "awsLaunchTemplate"},
		want: map[string]any{
			"instanceType": "m7g.xlarge", "imageLookupOrg": "706635527432",
			"imageLookupFormat": "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-arm64-gs",
		},
	},
	"aws, control plane beside workers on arm64": {
		provider: "aws", values: map[string]any{"arm64Workers": true, "region": "cn-north-1"}, at: awsTemplate,
		want: map[string]any{"instanceType": "m5.xlarge", "imageLookupFormat": plain, "imageLookupOrg": "306934455918"},
	},
	"aws, own account": {
		provider: "aws", nodeimage: map[string]any{"awsOwner": "123456789012"}, at: awsTemplate,
		want: map[string]any{"instanceType": "m5.xlarge", "imageLookupFormat": plain, "imageLookupOrg": "123456789012"},
	},
	"aws, account as a number": {
		provider: "aws", nodeimage: map[string]any{"awsOwner": 706635527432.0},
		refused: []string{"awsOwner has to be a string: quote it"},
	},
	"aws, no account in China": {
		provider: "aws", values: map[string]any{"region": "cn-north-1"}, nodeimage: map[string]any{"awsOwnerChina": "", "suffix": "-"},
		refused: []string{`awsOwnerChina "" is not the 12 digits of an AWS account`, `suffix "-" may only have`},
	},
	"azure": {
		provider: "azure", at: []string{"AzureMachineTemplate", "spec", "template", "spec", "image", "computeGallery"},
		want: map[string]any{"gallery": "gsCapzFlatcar-41c2d140-ac44-4d8b-b7e1-7b2f1ddbe4d0", "name": plain, "version": "3815.2.5"},
	},
	"azure, own gallery, versions with v": {
		provider: "azure", at: []string{"AzureMachineTemplate", "spec", "template", "spec", "image", "computeGallery"},
		nodeimage: map[string]any{"azureGallery": "own", "flatcar": "v3815.2.5"},
		want:      map[string]any{"gallery": "own", "name": plain, "version": "3815.2.5"},
	},
	"azure, no gallery": {
		provider: "azure", nodeimage: map[string]any{"azureGallery": ""}, refused: []string{`azureGallery "" is empty`},
	},
	"vsphere":                  templateCase("", plain),
	"vsphere, a site":          templateCase("lille", plain+"-lille"),
	"vsphere, a site's dashes": templateCase("lille-2", plain+"-lille-2"),
	"vsphere, a dash too many": templateCase("lille-", plain+"-lille"),
	"vsphere, 80 characters":   templateCase("a2345678901234567890123456", plain+"-a2345678901234567890123456"),
	"vsphere, 81 characters": {
		provider: "vsphere", nodeimage: map[string]any{"templateSuffix": "a23456789012345678901234567"},
		refused: []string{"has 81 characters, but vSphere allows a virtual machine 80"},
	},
	"vsphere, a path": {
		provider: "vsphere", nodeimage: map[string]any{"templateSuffix": "a/b"},
		refused: []string{`templateSuffix "a/b" may only have letters, digits and dashes`},
	},
	"cloud director": {
		provider: "cloud-director", at: vcdTemplate,
		want: map[string]any{"catalog": "giantswarm", "template": plain, "sizingPolicy": "m1.large"},
	},
	"cloud director, own catalog, never a site": {
		provider: "cloud-director", nodeimage: map[string]any{"catalog": "node images", "templateSuffix": "lille"}, at: vcdTemplate,
		want: map[string]any{"catalog": "node images", "template": plain, "sizingPolicy": "m1.large"},
	},
	"cloud director, no catalog": {
		provider: "cloud-director", nodeimage: map[string]any{"catalog": ""}, refused: []string{`catalog "" is empty`},
	},
	"a setting that does not exist": {
		provider: "aws", nodeimage: map[string]any{"flatcarVersion": "3815.2.5"}, refused: []string{`"flatcarVersion" is not a setting: there are release, releaseName, flatcar`},
	},
}

var (
	awsTemplate = []string{"AWSMachineTemplate", "spec", "template", "spec"}
	vcdTemplate = []string{"VCDMachineTemplate", "spec", "template", "spec"}
)

// templateCase is a vSphere template at a site.
func templateCase(site, want string) lookupCase {
	return lookupCase{
		provider: "vsphere", nodeimage: map[string]any{"templateSuffix": site},
		at: []string{"VSphereMachineTemplate", "spec", "template", "spec"},
		want: map[string]any{
			"template": want, "cloneMode": "linkedClone", "numCPUs": 4.0, "memoryMiB": 8192.0,
			"network": map[string]any{"devices": []any{map[string]any{"networkName": "nodes", "dhcp4": true}}},
		},
	}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	for what, tc := range lookups {
		for engine, run := range engines {
			t.Run(engine+"/"+what, func(t *testing.T) {
				t.Parallel()
				settings := map[string]any{"flatcar": "3815.2.5", "kubernetes": "v1.29.7", "tooling": "1.15.0"}
				maps.Copy(settings, tc.nodeimage)
				values := map[string]any{"provider": tc.provider, "nodeimage": settings}
				maps.Copy(values, tc.values)
				rendered, err := draw(t, run, example(t), values, nil)
				checkSaid(t, err, tc.refused)
				if err != nil {
					return
				}
				if diff := cmp.Diff(any(tc.want), at(manifests(t, rendered), tc.at...)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}
