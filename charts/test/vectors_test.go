package test

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/name"
)

// vector is a line of the published table.
type vector struct {
	Input  name.Name
	Name   string
	Errors []struct{ Field, Class string }
}

func readVectors(t *testing.T) []vector {
	t.Helper()
	data, err := os.ReadFile("../../docs/name-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct{ Vectors []vector }
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	if len(table.Vectors) < 60 {
		t.Fatalf("the table has only %d vectors", len(table.Vectors))
	}
	return table.Vectors
}

// sentences is what the chart says of each class of the table.
var sentences = map[string]string{
	"empty":             " is empty",
	"not-available":     " stands for ",
	"template":          ` contains "{{"`,
	"path-separator":    " contains a path separator",
	"control-character": " contains a control character",
	"white-space":       " contains white space",
	"not-exact":         " is not an exact MAJOR.MINOR.PATCH version",
	"build-metadata":    " has build metadata",
	"pre-release":       " is a pre-release",
	"characters":        " may only have letters, digits and single dashes",
	"reserved":          " begins like an architecture or a pre-release",
	"unknown-channel":   " is not one of stable, beta, alpha, lts",
	"unknown-arch":      " is not one of amd64, arm64",
	"too-long":          " has 64 characters, but a Kubernetes label value has 63 at most",
}

// components are the parts of a name that stand in a Release.
var components = map[string]string{"flatcar": "flatcar", "kubernetes": "kubernetes", "tooling": "os-tooling"}

// fromValues has all parts of the name as values of the library.
func fromValues(n name.Name) map[string]any {
	return map[string]any{
		"channel": n.Channel, "flatcar": n.Flatcar, "kubernetes": n.Kubernetes, "tooling": n.Tooling, "arch": n.Arch, "suffix": n.Suffix,
	}
}

// fromRelease has the versions in a Release resource, as giantswarm/releases has them.
func fromRelease(n name.Name) map[string]any {
	return map[string]any{
		"channel": n.Channel, "arch": n.Arch, "suffix": n.Suffix,
		"release": release("aws-30.0.0", map[string]string{"flatcar": n.Flatcar, "kubernetes": n.Kubernetes, "os-tooling": n.Tooling}),
	}
}

func release(called string, versions map[string]string) map[string]any {
	list := []any{map[string]any{"name": "cluster-aws", "version": "2.2.0", "catalog": "cluster"}}
	for component, version := range versions {
		list = append(list, map[string]any{"name": component, "version": version})
	}
	return map[string]any{
		"apiVersion": "release.giantswarm.io/v1alpha1", "kind": "Release",
		"metadata": map[string]any{"name": called},
		"spec":     map[string]any{"components": list, "state": "active"},
	}
}

// TestVectors renders the example chart with every vector, from values and from a Release.
func TestVectors(t *testing.T) {
	t.Parallel()
	f := example(t)
	for i, v := range readVectors(t) {
		for engine, run := range engines {
			t.Run(engine+"/"+strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				for source, settings := range map[string]map[string]any{"values": fromValues(v.Input), "release": fromRelease(v.Input)} {
					for _, provider := range providersOf(i, v, source) {
						rendered, err := draw(t, run, f, map[string]any{"provider": provider, "nodeimage": settings}, nil)
						if len(v.Errors) > 0 {
							checkRefused(t, v, source, err)
							continue
						}
						if err != nil {
							t.Errorf("%s from %s: %v", provider, source, err)
							continue
						}
						where := namedAt[provider]
						if got := at(manifests(t, rendered), where...); got != v.Name {
							t.Errorf("%s from %s: rendered %v, want %s", provider, source, got, v.Name)
						}
					}
				}
			})
		}
	}
}

// providersOf spares time: every name is rendered for all providers from values, and everything else for one after another.
func providersOf(i int, v vector, source string) []string {
	all := slices.Sorted(maps.Keys(namedAt))
	if len(v.Errors) == 0 && source == "values" {
		return all
	}
	return all[i%len(all):][:1]
}

// namedAt is where the name stands in the manifests: the kind, and keys.
var namedAt = map[string][]string{
	"aws":            {"AWSMachineTemplate", "spec", "template", "spec", "imageLookupFormat"},
	"azure":          {"AzureMachineTemplate", "spec", "template", "spec", "image", "computeGallery", "name"},
	"vsphere":        {"VSphereMachineTemplate", "spec", "template", "spec", "template"},
	"cloud-director": {"VCDMachineTemplate", "spec", "template", "spec", "template"},
}

// checkRefused wants a sentence for every error of the vector, and no more.
func checkRefused(t *testing.T, v vector, source string, err error) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: rendered, want a refusal", source)
		return
	}
	said := err.Error()
	for _, e := range v.Errors {
		want := field(v.Input, e.Field, source) + sentences[e.Class]
		component := components[e.Field]
		if source == "release" && component != "" && (e.Class == "empty" || e.Class == "not-available") {
			want = "Release aws-30.0.0 lacks the component " + component
		}
		if !strings.Contains(said, want) {
			t.Errorf("%s: %q does not say %q", source, said, want)
		}
	}
	if got := strings.Count(said, "nodeimage: "); got != len(v.Errors) {
		t.Errorf("%s: %d problems, want %d:\n%s", source, got, len(v.Errors), said)
	}
}

// field is how the chart calls a part of the name that came from values or a Release, with its value.
func field(n name.Name, part, source string) string {
	values := map[string]string{
		"channel": n.Channel, "flatcar": n.Flatcar, "kubernetes": n.Kubernetes, "tooling": n.Tooling,
		"arch": n.Arch, "suffix": n.Suffix, "name": n.String(),
	}
	label := part
	if component := components[part]; component != "" && source == "release" {
		label = "component " + component + " of Release aws-30.0.0:"
	}
	return label + " " + strconv.Quote(values[part])
}

// TestSentencesAreKnown keeps the list of sentences whole: an empty one would be found in every message.
func TestSentencesAreKnown(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, v := range readVectors(t) {
		for _, e := range v.Errors {
			used[e.Class] = true
			if sentences[e.Class] == "" {
				t.Errorf("no sentence for class %q", e.Class)
			}
		}
	}
	if diff := cmp.Diff(len(used), len(sentences)); diff != "" {
		t.Errorf("classes and sentences differ in number: %s", diff)
	}
}
