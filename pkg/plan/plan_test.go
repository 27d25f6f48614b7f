package plan_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	nodename "github.com/giantswarm/nodeimage/pkg/name"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

const images = `apiVersion: nodeimage.giantswarm.io/v1alpha1
kind: ImageSet
exclude:
  - {kubernetes: "<1.25", reason: end of life}
  - {providers: [capz], flatcar: "<3815.2.5", reason: not in the source gallery}
tools:
  - {name: teleport, version: 16.5.12, role: teleport, providers: [capv]}
  - {name: crictl, version: 1.30.0}
builders:
  ami: {target: build-ami-flatcar, imageBuilder: v0.1.55, variables: {aws_region: eu-central-1}}
  sig: {target: build-azure-sig-flatcar-gen2}
  ova: {target: build-node-ova-vsphere-flatcar}
providers:
  capa: {builder: ami, aws: {owner: "706635527432", regions: [a, b, c]}}
  capz: {builder: sig, azure: {resourceGroup: images, gallery: Capz, regions: [westeurope]}}
  capv: {builder: ova, s3: {bucket: images, key: "{name}.ova"}}
  capvcd: {builder: ova, s3: {bucket: images, key: "{name}.ova"}}
  site: {builder: ova, vsphere: {folder: /dc/vm, templateSuffix: lille}}
`

func decode(t testing.TB, text string) *imageset.ImageSet {
	t.Helper()
	set, err := imageset.Decode("images.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func versions(flatcar string, kubernetes ...string) plan.Versions {
	return plan.Versions{Tooling: "v1.15.0", Flatcar: plan.FlatcarVersions{Versions: []string{flatcar}}, Kubernetes: kubernetes}
}

// findings makes findings in the locations a, b, c… from the first letters of their states.
func findings(states string) []inventory.Finding {
	byLetter := map[rune]inventory.State{
		'p': inventory.Present, 'i': inventory.Pending, 'f': inventory.Failed, 'a': inventory.Absent, 'u': inventory.Unknown,
		'?': "a state of a later version",
	}
	var all []inventory.Finding
	for i, letter := range states {
		f := inventory.Finding{Location: string(rune('a' + i)), State: byLetter[letter], Notes: []string{}}
		if letter == 'u' {
			f.Notes = []string{"asked, but throttled"}
		}
		all = append(all, f)
	}
	return all
}

// TestDecisions is the decision table of the documentation, and what its rows say to people.
func TestDecisions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		states    string
		force     bool
		onUnknown plan.OnUnknown
		want      string
		overwrite bool
	}{
		{"exists", "ppp", false, "fail", "skip exists: exists in all 3 locations", false},
		{"exists in one", "p", false, "fail", "skip exists: exists in a", false},
		{"missing", "aaa", false, "fail", "build missing: missing in all 3 locations", false},
		{"missing in one", "a", false, "fail", "build missing: missing in a", false},
		{"incomplete", "pap", false, "fail", "replicate incomplete: in 2 of 3 locations, missing in b", false},
		{"incomplete and broken", "paf", false, "fail", "replicate incomplete: in 1 of 3 locations, missing in b, broken in c", false},
		{"broken beside whole", "pff", false, "fail", "replicate incomplete: in 1 of 3 locations, broken in b, c", false},
		{"failed", "faa", false, "fail", "build failed: broken in a and nowhere whole", true},
		{"failed everywhere", "fff", false, "fail", "build failed: broken in all 3 locations and nowhere whole", true},
		{"pending", "iaa", false, "fail", "wait in-progress: being made in a", false},
		{"pending beside whole", "pip", false, "fail", "wait in-progress: being made in b", false},
		{"pending beside broken", "fif", false, "fail", "wait in-progress: being made in b", false},
		{"unknown", "uuu", false, "fail", "unknown unknown: could not be checked in all 3 locations: asked, but throttled", false},
		{"unknown beside whole", "ppu", false, "fail", "unknown unknown: could not be checked in c: asked, but throttled", false},
		{"unknown beside missing", "aua", false, "skip", "unknown unknown: could not be checked in b: asked, but throttled", false},
		{"unknown beside pending", "iuf", false, "fail", "unknown unknown: could not be checked in b: asked, but throttled", false},
		{"unknown is built", "aua", false, "build", "build unknown: built on request, without overwriting: it could not be checked in b: asked, but throttled", false},
		{"a state of a later version", "a?a", false, "fail", "unknown unknown: is in a state that this version does not know", false},
		{"never looked", "", false, "fail", "unknown unknown: was not looked for", false},
		{"forced", "ppp", true, "fail", "build forced: forced: replaces what exists in all 3 locations", true},
		{"forced, partly there", "pai", true, "fail", "build forced: forced: replaces what exists in a", true},
		{"forced, being made", "iaa", true, "fail", "build forced: forced: replaces what is being made in a", true},
		{"forced, not there", "aaa", true, "fail", "build forced: forced: nothing is there to be replaced", true},
		{"forced, unknown", "uaa", true, "fail", "build forced: forced: what it replaces could not be checked in a: asked, but throttled", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			set := decode(t, images)
			wanted, vs, err := plan.Expand(set, plan.Want{Versions: versions("3815.2.5", "1.29.7"), Providers: []string{"capa"}})
			if err != nil {
				t.Fatal(err)
			}
			p := plan.Decide(plan.Input{
				Set: set, Versions: vs, Wanted: wanted, Force: tc.force, OnUnknown: tc.onUnknown,
				Findings: map[string]inventory.Findings{"capa": {wanted[0].Image.Lookup: findings(tc.states)}},
			})
			image := p.Images[0]
			if got := fmt.Sprintf("%s %s: %s", image.Decision, image.Reason, image.Message); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			checkBuild(t, p, tc.overwrite)
		})
	}
}

// checkBuild checks that a plan of one image has a build if the image is to be built, and only then.
func checkBuild(t *testing.T, p plan.Plan, overwrite bool) {
	t.Helper()
	image := p.Images[0]
	if (image.Decision == plan.Build) != (len(p.Builds) == 1) {
		t.Fatalf("decision %s, but builds %v", image.Decision, p.Builds)
	}
	if needsKey := image.Decision == plan.Build || image.Decision == plan.Replicate; (image.Build != "") != needsKey {
		t.Errorf("decision %s, but key %q", image.Decision, image.Build)
	}
	if len(p.Builds) == 1 && (p.Builds[0].Overwrite != overwrite || p.Builds[0].Key != image.Build) {
		t.Errorf("build %+v of image %+v", p.Builds[0], image)
	}
	if p.Unchecked() != (image.Decision == plan.Undecided && p.OnUnknown == plan.UnknownFails) {
		t.Errorf("unchecked %v", p.Unchecked())
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	wanted, vs, err := plan.Expand(decode(t, images), plan.Want{Versions: versions("v3815.2.4", "v1.29.7", "1.24.17", "1.29.7")})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range wanted {
		got = append(got, strings.TrimSpace(w.Provider+" "+w.Image.Lookup+" "+w.Excluded))
	}
	want := []string{
		"capa flatcar-stable-3815.2.4-kube-1.29.7-tooling-1.15.0-gs",
		"capa flatcar-stable-3815.2.4-kube-1.24.17-tooling-1.15.0-gs end of life",
		"capv flatcar-stable-3815.2.4-kube-1.29.7-tooling-1.15.0-gs",
		"capv flatcar-stable-3815.2.4-kube-1.24.17-tooling-1.15.0-gs end of life",
		"capvcd flatcar-stable-3815.2.4-kube-1.29.7-tooling-1.15.0-gs",
		"capvcd flatcar-stable-3815.2.4-kube-1.24.17-tooling-1.15.0-gs end of life",
		"capz flatcar-stable-3815.2.4-kube-1.29.7-tooling-1.15.0-gs not in the source gallery",
		"capz flatcar-stable-3815.2.4-kube-1.24.17-tooling-1.15.0-gs end of life",
		"site flatcar-stable-3815.2.4-kube-1.29.7-tooling-1.15.0-gs-lille",
		"site flatcar-stable-3815.2.4-kube-1.24.17-tooling-1.15.0-gs-lille end of life",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantVersions := plan.Versions{
		Tooling: "1.15.0", Flatcar: plan.FlatcarVersions{Channel: "stable", Versions: []string{"3815.2.4"}}, Kubernetes: []string{"1.29.7", "1.24.17"},
	}
	if diff := cmp.Diff(wantVersions, vs); diff != "" {
		t.Error(diff)
	}
}

// TestExclusions holds every condition of an entry against versions on both sides of it.
func TestExclusions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		entry   string
		tooling string
		want    bool
	}{
		"tooling below":           {`{tooling: "<1.15", reason: x}`, "1.14.9", true},
		"tooling above":           {`{tooling: "<1.15", reason: x}`, "1.15.0", false},
		"pre-release of tooling":  {`{tooling: "<1.15", reason: x}`, "1.14.0-rc.1", true},
		"both hold":               {`{tooling: "<1.15", kubernetes: ">=1.29", reason: x}`, "1.14.9", true},
		"only one holds":          {`{tooling: "<1.15", kubernetes: "<1.29", reason: x}`, "1.14.9", false},
		"of another provider":     {`{providers: [capz], tooling: "<1.15", reason: x}`, "1.14.9", false},
		"of this provider, all":   {`{providers: [capa], reason: x}`, "1.15.0", true},
		"flatcar above the range": {`{flatcar: "<3815.2.5", reason: x}`, "1.15.0", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := decode(t, strings.Replace(images, `{kubernetes: "<1.25", reason: end of life}`, tc.entry, 1))
			vs := versions("3815.2.5", "1.29.7")
			vs.Tooling = tc.tooling
			wanted, _, err := plan.Expand(set, plan.Want{
				Versions: vs, Providers: []string{"capa"}, Options: nodename.Options{AllowPrerelease: true},
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := wanted[0].Excluded != ""; got != tc.want {
				t.Errorf("excluded %v, want %v", got, tc.want)
			}
		})
	}
}

func TestExpandRefuses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		want plan.Want
		text string
	}{
		"every version once": {
			plan.Want{Versions: plan.Versions{Tooling: "1.15", Kubernetes: []string{"N/A", "1.29.7", "1.30"}}, Providers: []string{"capo"}},
			`provider "capo" is not in the image set, which has [capa capv capvcd capz site]` + "\n" +
				`flatcar "" is empty` + "\n" +
				`kubernetes "N/A" stands for a component that the Release does not have: there is no image for it` + "\n" +
				`tooling "1.15" is not an exact MAJOR.MINOR.PATCH version` + "\n" +
				`kubernetes "1.30" is not an exact MAJOR.MINOR.PATCH version`,
		},
		"a suffix that is too long": {
			plan.Want{Versions: versions("3815.2.5", "1.29.7"), Suffix: strings.Repeat("x", 30), Providers: []string{"site"}},
			`provider site: "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" has 81 characters, but a Kubernetes label value has 1 to 63 (https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set)` + "\n" +
				`"flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-lille" has 87 characters, but a vSphere virtual machine name has 1 to 80 (https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/vim.ManagedEntity.html)`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := plan.Expand(decode(t, images), tc.want)
			if err == nil || err.Error() != tc.text {
				t.Errorf("got  %v\nwant %s", err, tc.text)
			}
		})
	}
}

// everything is a plan with every decision in it.
func everything(t *testing.T) plan.Plan {
	t.Helper()
	return plan.Decide(everythingInput(t))
}

func everythingInput(t *testing.T) plan.Input {
	t.Helper()
	set := decode(t, images)
	wanted, vs, err := plan.Expand(set, plan.Want{Versions: versions("3815.2.5", "1.29.7", "1.30.4", "1.24.17")})
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{
		"capa 1.29.7": "paa", "capa 1.30.4": "aaa", "capv 1.29.7": "a", "capvcd 1.29.7": "f", "capv 1.30.4": "p", "capvcd 1.30.4": "p",
		"capz 1.29.7": "u", "capz 1.30.4": "i", "site 1.29.7": "a", "site 1.30.4": "p",
	}
	found := make(map[string]inventory.Findings)
	for _, w := range wanted {
		if found[w.Provider] == nil {
			found[w.Provider] = make(inventory.Findings)
		}
		found[w.Provider][w.Image.Lookup] = findings(states[w.Provider+" "+w.Image.Name.Kubernetes])
	}
	return plan.Input{
		Set: set, Versions: vs, Wanted: wanted, Findings: found, OnUnknown: plan.UnknownFails,
		Requests: []inventory.Request{{Provider: "capa", Location: "a", Calls: 1}},
	}
}

func TestProvidersShareABuild(t *testing.T) {
	t.Parallel()
	p := everything(t)
	type build struct {
		Key, Image string
		Providers  []string
		Overwrite  bool
		Tools      int
	}
	var got []build
	for _, b := range p.Builds {
		got = append(got, build{b.Key, b.Image, b.Providers, b.Overwrite, len(b.Tools)})
	}
	want := []build{
		{"ami-1", "flatcar-stable-3815.2.5-kube-1.30.4-tooling-1.15.0-gs", []string{"capa"}, false, 1}, // ami-0 is a replication
		{"ova-0", "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs", []string{"capv", "capvcd", "site"}, true, 2},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if want := (plan.Summary{Build: 4, Replicate: 1, Skip: 8, Wait: 1, Unknown: 1}); p.Summary != want {
		t.Errorf("summary %+v, want %+v", p.Summary, want)
	}
}

// TestSharedBuilds decides about two providers that one build serves.
func TestSharedBuilds(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		capv, site string
		onUnknown  plan.OnUnknown
		force      bool
		want       string
	}{
		"being made for one":           {"i", "a", "fail", false, "wait wait: missing in a, but the same build is being made for capv"},
		"being made, forced":           {"i", "a", "fail", true, "build build [capv site] true: forced: nothing is there to be replaced"},
		"exists for one":               {"p", "f", "fail", false, "skip build [site] false: broken in a and nowhere whole"},
		"broken for both":              {"f", "f", "fail", false, "build build [capv site] true: broken in a and nowhere whole"},
		"broken for one":               {"f", "a", "fail", false, "build build [capv site] true: missing in a"},
		"unknown for one":              {"f", "u", "fail", false, "build unknown [capv] false: could not be checked in a: asked, but throttled"},
		"unknown for one, to be built": {"f", "u", "build", false, "build build [capv site] false: built on request, without overwriting: it could not be checked in a: asked, but throttled"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := decode(t, images)
			wanted, vs, err := plan.Expand(set, plan.Want{Versions: versions("3815.2.5", "1.29.7"), Providers: []string{"capv", "site"}})
			if err != nil {
				t.Fatal(err)
			}
			p := plan.Decide(plan.Input{
				Set: set, Versions: vs, Wanted: wanted, Force: tc.force, OnUnknown: tc.onUnknown,
				Findings: map[string]inventory.Findings{
					"capv": {wanted[0].Image.Lookup: findings(tc.capv)}, "site": {wanted[1].Image.Lookup: findings(tc.site)},
				},
			})
			got := fmt.Sprint(p.Images[0].Decision, " ", p.Images[1].Decision)
			for _, b := range p.Builds {
				got += fmt.Sprint(" ", b.Providers, " ", b.Overwrite)
			}
			if got += ": " + p.Images[1].Message; got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

// TestForceRespectsExclusions neither builds nor looks at what the image set does not want.
func TestForceRespectsExclusions(t *testing.T) {
	t.Parallel()
	set := decode(t, images)
	wanted, vs, err := plan.Expand(set, plan.Want{Versions: versions("3815.2.5", "1.24.17"), Providers: []string{"capa"}})
	if err != nil {
		t.Fatal(err)
	}
	p := plan.Decide(plan.Input{
		Set: set, Versions: vs, Wanted: wanted, Force: true,
		Findings: map[string]inventory.Findings{"capa": {wanted[0].Image.Lookup: findings("ppp")}},
	})
	if image := p.Images[0]; image.Reason != plan.ReasonExcluded || len(image.Findings) != 0 || len(p.Builds) != 0 {
		t.Errorf("got %+v, builds %v", image, p.Builds)
	}
}

// TestToolsDoNotDependOnTheRun builds for one of two providers: the image they share carries both their tools.
func TestToolsDoNotDependOnTheRun(t *testing.T) {
	t.Parallel()
	set := decode(t, images)
	wanted, vs, err := plan.Expand(set, plan.Want{Versions: versions("3815.2.5", "1.29.7"), Providers: []string{"capvcd"}})
	if err != nil {
		t.Fatal(err)
	}
	p := plan.Decide(plan.Input{
		Set: set, Versions: vs, Wanted: wanted,
		Findings: map[string]inventory.Findings{"capvcd": {wanted[0].Image.Lookup: findings("a")}},
	})
	if tools := p.Builds[0].Tools; len(tools) != 2 {
		t.Errorf("tools %v, want capv's teleport too", tools)
	}
}

func encode(t *testing.T, p plan.Plan) []byte {
	t.Helper()
	b, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSameInputSameBytes(t *testing.T) {
	t.Parallel()
	if first, second := encode(t, everything(t)), encode(t, everything(t)); !bytes.Equal(first, second) {
		t.Error(cmp.Diff(string(first), string(second)))
	}
}

func TestSchema(t *testing.T) {
	t.Parallel()
	want, err := plan.SchemaJSON()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../docs/plan.schema.json")
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("docs/plan.schema.json is not what the types say (%v): run go generate ./pkg/plan", err)
	}
	schema, err := plan.Schema().Resolve(&jsonschema.ResolveOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var document map[string]any
	if err := json.Unmarshal(encode(t, everything(t)), &document); err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(document); err != nil {
		t.Error(err)
	}
	document["images"].([]any)[0].(map[string]any)["decision"] = "maybe"
	if schema.Validate(document) == nil {
		t.Error("the schema lets a decision through that there isn't")
	}
}

func TestRead(t *testing.T) {
	t.Parallel()
	p := everything(t)
	again, err := plan.Read(bytes.NewReader(encode(t, p)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, again); diff != "" {
		t.Error(diff)
	}
	for _, text := range []string{"", "{}", `{"apiVersion": "v1", "kind": "Plan"}`, `{"apiVersion": "nodeimage.giantswarm.io/v1alpha1", "kind": "ImageSet"}`} {
		if _, err := plan.Read(strings.NewReader(text)); err == nil {
			t.Errorf("read %q", text)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	set := decode(b, images)
	var kubernetes []string
	for i := range 100_000 {
		kubernetes = append(kubernetes, fmt.Sprintf("1.%d.%d", 30+i/1000, i%1000))
	}
	wanted := make([]plan.Wanted, 0, len(kubernetes))
	found := map[string]inventory.Findings{"capa": {}}
	for i, k := range kubernetes {
		one, _, err := plan.Expand(set, plan.Want{Versions: versions("3815.2.5", k), Providers: []string{"capa"}})
		if err != nil {
			b.Fatal(err)
		}
		wanted = append(wanted, one...)
		found["capa"][one[0].Image.Lookup] = findings([]string{"ppp", "aaa", "pap", "fff"}[i%4])
	}
	for b.Loop() {
		if p := plan.Decide(plan.Input{Set: set, Wanted: wanted, Findings: found}); len(p.Images) != len(wanted) {
			b.Fatal(len(p.Images))
		}
	}
	b.ReportMetric(float64(len(wanted)), "images/op")
}
