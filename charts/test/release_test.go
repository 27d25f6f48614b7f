package test

import (
	"slices"
	"strings"
	"testing"

	"k8s.io/client-go/rest"
)

const plain = "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs"

func whole() map[string]string {
	return map[string]string{"flatcar": "3815.2.5", "kubernetes": "1.29.7", "os-tooling": "1.15.0"}
}

// changed is the whole Release with one component's version changed, or without the component if it is empty.
func changed(component, version string) map[string]any {
	versions := whole()
	versions[component] = version
	if version == "" {
		delete(versions, component)
	}
	return release("aws-25.0.0", versions)
}

// releaseCase is where the example takes its versions from, and the name or the sentences that come of it.
type releaseCase struct {
	version   string // of the Release in the cluster
	nodeimage map[string]any
	cluster   *rest.Config
	want      string
	refused   []string
}

// TestRelease renders with Releases that a cluster has, that values hold, and that lack something.
func TestRelease(t *testing.T) {
	t.Parallel()
	cluster := newCluster(t, "aws-31.0.0", release("aws-30.0.0", whole()), changed("os-tooling", ""))
	spec := release("", whole())["spec"]
	for what, tc := range map[string]releaseCase{
		"looked up by version":      {version: "30.0.0", cluster: cluster, want: plain},
		"looked up by version, v":   {version: "v30.0.0", cluster: cluster, want: plain},
		"looked up by name":         {nodeimage: map[string]any{"releaseName": "aws-30.0.0"}, cluster: cluster, want: plain},
		"a Release":                 {nodeimage: map[string]any{"release": release("aws-30.0.0", whole())}, want: plain},
		"the spec of one":           {nodeimage: map[string]any{"release": spec}, want: plain},
		"versions with v":           {nodeimage: map[string]any{"release": changed("os-tooling", "v1.15.0")}, want: plain},
		"Release before values":     {nodeimage: map[string]any{"release": release("x-1.0.0", whole()), "tooling": "9.9.9"}, want: plain},
		"values for what it lacks":  {nodeimage: map[string]any{"release": changed("os-tooling", ""), "tooling": "v1.15.0"}, want: plain},
		"values in place of an N/A": {nodeimage: map[string]any{"release": changed("os-tooling", "N/A"), "tooling": "1.15.0"}, want: plain},

		"a Release before a name": {version: "99.0.0", nodeimage: map[string]any{"release": release("aws-30.0.0", whole())}, cluster: cluster, want: plain},

		"without os-tooling":            lacking("Release aws-25.0.0 lacks the component os-tooling", changed("os-tooling", "")),
		"with os-tooling N/A":           lacking("Release aws-25.0.0 lacks the component os-tooling", changed("os-tooling", "N/A")),
		"without flatcar":               lacking("Release aws-25.0.0 lacks the component flatcar", changed("flatcar", "")),
		"without kubernetes":            lacking("Release aws-25.0.0 lacks the component kubernetes", changed("kubernetes", "")),
		"the spec of one without":       lacking("Release lacks the component os-tooling", changed("os-tooling", "")["spec"]),
		"without components":            lacking("lacks the component flatcar\nlacks the component kubernetes\nlacks the component os-tooling", map[string]any{"metadata": map[string]any{"name": "x"}}),
		"a list":                        lacking("release has to be a Release resource or its spec", []any{"aws-25.0.0"}),
		"looked up, without os-tooling": {version: "25.0.0", cluster: cluster, refused: []string{"Release aws-25.0.0 lacks the component os-tooling"}},
		"not in the cluster":            {version: "29.0.0", cluster: cluster, refused: []string{"there is no Release aws-29.0.0 in the cluster"}},
		"no cluster":                    {version: "30.0.0", refused: []string{"there is no Release aws-30.0.0", "helm template"}},
		"forbidden":                     {version: "31.0.0", cluster: cluster, refused: []string{"Forbidden"}},
		"nothing at all":                {refused: []string{`flatcar "" is empty`, `kubernetes "" is empty`, `tooling "" is empty`}},
		"N/A from another helper": {
			nodeimage: map[string]any{"flatcar": "3815.2.5", "kubernetes": "1.29.7", "tooling": "N/A"},
			refused:   []string{`tooling "N/A" stands for a component that the Release lacks: os-tooling`},
		},
	} {
		for engine, run := range engines {
			t.Run(engine+"/"+what, func(t *testing.T) {
				t.Parallel()
				values := map[string]any{"global": map[string]any{"release": map[string]any{"version": tc.version}}}
				if tc.nodeimage != nil {
					values["nodeimage"] = tc.nodeimage
				}
				rendered, err := draw(t, run, example(t), values, tc.cluster)
				checkSaid(t, err, tc.refused)
				if tc.refused != nil || err != nil {
					return
				}
				if got := at(manifests(t, rendered), append(slices.Clone(awsTemplate), "imageLookupFormat")...); got != tc.want {
					t.Errorf("rendered %v, want %s", got, tc.want)
				}
			})
		}
	}
}

func lacking(sentences string, release any) releaseCase {
	return releaseCase{nodeimage: map[string]any{"release": release}, refused: strings.Split(sentences, "\n")}
}

// checkSaid wants an error with all of the sentences, or none if there are none.
func checkSaid(t *testing.T, err error, sentences []string) {
	t.Helper()
	if (err != nil) != (sentences != nil) {
		t.Fatalf("error %v, want %q", err, sentences)
	}
	for _, want := range sentences {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}
