package release

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	releases, err := Decode("releases.yaml", []byte(`# two releases and something else
apiVersion: release.giantswarm.io/v1alpha1
kind: Release
metadata:
  name: cloud-director-29.1.0
spec:
  components:
  - version: 3815.2.5
    name: flatcar
  - catalog: control-plane-catalog
    name: os-tooling
    version: &tooling 1.15.0
  - {name: containerd, version: 1.7.0}
  - {name: kubernetes, version: 1.30}
  state: active
---
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
---
- a list
---
apiVersion: helm.example/v1
kind: Release
---
{"apiVersion": "release.giantswarm.io/v1alpha1", "kind": "Release", "metadata": {"name": "aws-35.0.0-rc.1"}, "spec": {"components": []}}
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Release{
		{
			File: "releases.yaml", Line: 5, Name: "cloud-director-29.1.0", Provider: "cloud-director", State: "active",
			Components: map[string]Component{
				Flatcar: {"3815.2.5", 9, 8}, Tooling: {"1.15.0", 11, 12}, Kubernetes: {"1.30", 14, 14}, "containerd": {"1.7.0", 13, 13},
			},
		},
		{File: "releases.yaml", Line: 25, Name: "aws-35.0.0-rc.1", Provider: "aws", Components: map[string]Component{}},
	}
	if diff := cmp.Diff(want, releases, cmpopts.IgnoreFields(Release{}, "Version")); diff != "" {
		t.Error(diff)
	}
	for i, version := range []string{"29.1.0", "35.0.0-rc.1"} {
		if got := releases[i].Version.String(); got != version {
			t.Errorf("version %s, want %s", got, version)
		}
	}
}

func TestDecodeProblems(t *testing.T) {
	t.Parallel()
	const head = "apiVersion: release.giantswarm.io/v1alpha1\nkind: Release\n"
	for name, c := range map[string]struct {
		yaml string
		want Problems
	}{
		"no name":        {head + "spec: {components: []}", Problems{{"f", 1, "metadata.name is missing"}}},
		"no version":     {head + "metadata: {name: aws}\nspec: {components: []}", Problems{{"f", 3, `metadata.name is "aws", but must be PROVIDER-MAJOR.MINOR.PATCH, such as aws-29.1.0`}}},
		"half a version": {head + "metadata: {name: aws-29.1}\nspec: {components: []}", Problems{{"f", 3, `metadata.name is "aws-29.1", but must be PROVIDER-MAJOR.MINOR.PATCH, such as aws-29.1.0`}}},
		"no provider":    {head + "metadata: {name: v19.0.0}\nspec: {components: []}", Problems{{"f", 3, `metadata.name is "v19.0.0", but must be PROVIDER-MAJOR.MINOR.PATCH, such as aws-29.1.0`}}},
		"no components":  {head + "metadata: {name: aws-29.1.0}\nspec: {components: {}}", Problems{{"f", 1, "aws-29.1.0: spec.components is missing, or no list"}}},
		"no spec":        {head + "metadata: {name: aws-29.1.0}", Problems{{"f", 1, "aws-29.1.0: spec.components is missing, or no list"}}},
		"later version":  {"kind: Release\napiVersion: release.giantswarm.io/v2", Problems{{"f", 2, `apiVersion is "release.giantswarm.io/v2", but only release.giantswarm.io/v1alpha1 is known`}}},
		"twice": {
			head + "metadata: {name: aws-29.1.0}\nspec:\n  components:\n  - name: flatcar\n  - name: flatcar\n",
			Problems{{"f", 7, "aws-29.1.0: component flatcar is given twice"}},
		},
		"several documents": {
			head + "spec: {components: []}\n---\n" + head + "spec: {components: []}",
			Problems{{"f", 1, "metadata.name is missing"}, {"f", 5, "metadata.name is missing"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Decode("f", []byte(c.yaml))
			var got Problems
			if !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeKeepsLinesOfAnchors(t *testing.T) {
	t.Parallel()
	releases, err := Decode("f", []byte(`apiVersion: release.giantswarm.io/v1alpha1
kind: Release
metadata: {name: aws-29.1.0}
version: &v 1.29.7
spec:
  components:
  - name: kubernetes
    version: *v
`))
	if err != nil {
		t.Fatal(err)
	}
	if got := releases[0].Components[Kubernetes]; got != (Component{"1.29.7", 7, 4}) {
		t.Errorf("got %v", got)
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	if Mentions([]byte("{{ a template }}")) || !Mentions([]byte("apiVersion: release.giantswarm.io/v1alpha1")) {
		t.Error("a file mentions releases where the group stands in it, and else not")
	}
}
