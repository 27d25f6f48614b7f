package plan_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

const kubernetes1297 = "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs"

// claimed is the input for one image at one provider that another run has claimed, or may have.
func claimed(t *testing.T, states string, force bool, onUnknown plan.OnUnknown, claim plan.Claim) plan.Input {
	t.Helper()
	set := decode(t, images)
	wanted, vs, err := plan.Expand(set, plan.Want{Versions: versions("3815.2.5", "1.29.7"), Providers: []string{"capa"}})
	if err != nil {
		t.Fatal(err)
	}
	return plan.Input{
		Set: set, Versions: vs, Wanted: wanted, Force: force, OnUnknown: onUnknown,
		Findings: map[string]inventory.Findings{"capa": {wanted[0].Image.Lookup: findings(states)}},
		Claims:   map[plan.Artifact]plan.Claim{{Builder: "ami", Image: kubernetes1297}: claim},
	}
}

// TestClaims is what another run's claim makes of each decision, and a claim that could not be checked.
func TestClaims(t *testing.T) {
	t.Parallel()
	held, unclear := plan.Claim{Holder: "run-one"}, plan.Claim{Problem: "no answer in time"}
	for name, tc := range map[string]struct {
		states    string
		force     bool
		onUnknown plan.OnUnknown
		claim     plan.Claim
		want      string
	}{
		"missing":            {"aaa", false, "fail", held, "wait in-progress: missing in all 3 locations, but the PipelineRun run-one is building it"},
		"failed":             {"faa", false, "fail", held, "wait in-progress: broken in a and nowhere whole, but the PipelineRun run-one is building it"},
		"incomplete":         {"paa", false, "fail", held, "wait in-progress: in 1 of 3 locations, missing in b, c, but the PipelineRun run-one is building it"},
		"pending":            {"iaa", false, "fail", held, "wait in-progress: being made in a; the PipelineRun run-one is building it"},
		"exists":             {"ppp", false, "fail", held, "skip exists: exists in all 3 locations"},
		"unknown":            {"aau", false, "fail", held, "unknown unknown: could not be checked in c: asked, but throttled"},
		"unknown, built":     {"aau", false, "build", held, "wait in-progress: built on request, without overwriting: it could not be checked in c: asked, but throttled, but the PipelineRun run-one is building it"},
		"forced":             {"ppp", true, "fail", held, "wait in-progress: forced: replaces what exists in all 3 locations, but the PipelineRun run-one is building it, which forcing does not override"},
		"unclear":            {"aaa", false, "fail", unclear, "unknown unknown: missing in all 3 locations, but whether another run is building it could not be checked: no answer in time"},
		"unclear, built":     {"aaa", false, "build", unclear, "unknown unknown: missing in all 3 locations, but whether another run is building it could not be checked: no answer in time"},
		"unclear, forced":    {"ppp", true, "fail", unclear, "unknown unknown: forced: replaces what exists in all 3 locations, but whether another run is building it could not be checked: no answer in time"},
		"unclear, part":      {"paa", false, "fail", unclear, "unknown unknown: in 1 of 3 locations, missing in b, c, but whether another run is building it could not be checked: no answer in time"},
		"unclear, pending":   {"iaa", false, "fail", unclear, "wait in-progress: being made in a"},
		"unclear, exists":    {"ppp", false, "fail", unclear, "skip exists: exists in all 3 locations"},
		"nobody has claimed": {"aaa", false, "fail", plan.Claim{}, "build missing: missing in all 3 locations"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := plan.Decide(claimed(t, tc.states, tc.force, tc.onUnknown, tc.claim))
			image := p.Images[0]
			if got := fmt.Sprintf("%s %s: %s", image.Decision, image.Reason, image.Message); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
			if builds := image.Decision == plan.Build; (len(p.Builds) > 0) != builds || (image.Build != "") != builds || p.Summary.Build > 0 != builds {
				t.Errorf("builds %v, key %q, summary %+v", p.Builds, image.Build, p.Summary)
			}
		})
	}
}

// TestClaimsAreOfBuilds wants all providers that a build serves to share its claim, other builds to go on, and keys without a gap.
func TestClaimsAreOfBuilds(t *testing.T) {
	t.Parallel()
	in := everythingInput(t)
	in.Claims = map[plan.Artifact]plan.Claim{{Builder: "ova", Image: kubernetes1297}: {Holder: "run-one"}, {Builder: "ami", Image: kubernetes1297}: {Holder: "run-two"}}
	p := plan.Decide(in)
	got := map[string]string{}
	for _, image := range p.Images {
		if image.Kubernetes == "1.29.7" && image.Reason != plan.ReasonExcluded {
			got[image.Provider] = string(image.Decision)
		}
	}
	want := map[string]string{"capa": "wait", "capz": "unknown", "capv": "wait", "capvcd": "wait", "site": "wait"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(p.Builds) != 1 || p.Builds[0].Key != "ami-0" || p.Summary != (plan.Summary{Build: 1, Skip: 8, Wait: 5, Unknown: 1}) {
		t.Errorf("builds %v, summary %+v", p.Builds, p.Summary)
	}
}

// TestContest wants what has to be built to be claimed, once however many providers need it, and what is in the making to be asked
// about, in an order that all runs share.
func TestContest(t *testing.T) {
	t.Parallel()
	in := everythingInput(t)
	const kubernetes1304 = "flatcar-stable-3815.2.5-kube-1.30.4-tooling-1.15.0-gs"
	want := []plan.Contested{
		{Artifact: plan.Artifact{Builder: "ami", Image: kubernetes1297}, Build: false},
		{Artifact: plan.Artifact{Builder: "ova", Image: kubernetes1297}, Build: true},
		{Artifact: plan.Artifact{Builder: "ami", Image: kubernetes1304}, Build: true},
		{Artifact: plan.Artifact{Builder: "sig", Image: kubernetes1304}, Build: false},
	}
	for range 20 { // maps have no order
		if diff := cmp.Diff(want, plan.Contest(in, plan.Decide(in))); diff != "" {
			t.Fatal(diff)
		}
	}
}

// TestOnly cuts the part of one build out of a plan.
func TestOnly(t *testing.T) {
	t.Parallel()
	whole := everything(t)
	only, ok := plan.Only(whole, "ova-0")
	if !ok || len(only.Builds) != 1 || only.Builds[0].Key != "ova-0" {
		t.Fatalf("%t, %v", ok, only.Builds)
	}
	var providers []string
	for _, image := range only.Images {
		providers = append(providers, image.Provider)
	}
	if diff := cmp.Diff([]string{"capv", "capvcd", "site"}, providers); diff != "" {
		t.Error(diff)
	}
	vs := plan.Versions{Tooling: "1.15.0", Flatcar: plan.FlatcarVersions{Channel: "stable", Versions: []string{"3815.2.5"}}, Kubernetes: []string{"1.29.7"}}
	if diff := cmp.Diff(vs, only.Versions); diff != "" || only.Summary != (plan.Summary{Build: 3}) {
		t.Errorf("summary %+v, versions: %s", only.Summary, diff)
	}
	for _, key := range []string{"ova-1", "ami-0", ""} { // none, a replication, no key
		if _, ok := plan.Only(whole, key); ok {
			t.Errorf("there is a build %q", key)
		}
	}
}

// TestArgument wants a plan to come through a parameter as it went in, without anything that looks like a reference.
func TestArgument(t *testing.T) {
	t.Parallel()
	only, _ := plan.Only(everything(t), "ova-0")
	only.Builds[0].Environment = map[string]string{"EXTRA": "$(HOME) $$(params.build) $", "$": "é\n\"'"}
	text, err := only.Argument()
	if err != nil || strings.ContainsAny(text, "$\n") {
		t.Fatalf("%v: %s", err, text)
	}
	again, err := plan.Read(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(only, again); diff != "" {
		t.Error(diff)
	}
}
