package release

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// checked is a check of an aws release, whose image has the given states at one location of capa and of capa-china.
func checked(t *testing.T, onUnknown plan.OnUnknown, capa, china inventory.State) Check {
	t.Helper()
	set := giantswarm(t)
	needs, err := Needs([]Release{made(t, "aws-29.1.0", "3815.2.5", "1.29.7", "1.15.0")}, set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	wanted, versions := Union(needs)
	findings := make(map[string]inventory.Findings)
	for i, state := range []inventory.State{capa, china} {
		findings[wanted[i].Provider] = make(inventory.Findings)
		findings[wanted[i].Provider].Add(wanted[i].Image, inventory.Finding{Location: "here", State: state, Notes: []string{"seen " + string(state)}})
	}
	return Of(needs, plan.Decide(plan.Input{Set: set, Versions: versions, Wanted: wanted, Findings: findings, OnUnknown: onUnknown}))
}

func TestStatus(t *testing.T) {
	t.Parallel()
	const fail, skip, build = plan.UnknownFails, plan.UnknownSkips, plan.UnknownBuild
	for name, c := range map[string]struct {
		onUnknown   plan.OnUnknown
		capa, china inventory.State
		status      Status
		lacking     int
		unchecked   int
		message     string
	}{
		"whole":           {fail, inventory.Present, inventory.Present, Whole, 0, 0, "exists in all 2 locations"},
		"missing":         {fail, inventory.Present, inventory.Absent, Missing, 1, 0, "capa-china: missing in here (build ami-china-0)"},
		"broken":          {fail, inventory.Failed, inventory.Present, Missing, 1, 0, "capa: broken in here and nowhere whole (build ami-0)"},
		"being made":      {fail, inventory.Pending, inventory.Present, Pending, 1, 0, "capa: being made in here"},
		"unknown":         {fail, inventory.Present, inventory.Unknown, Unknown, 0, 1, "capa-china: could not be checked in here: seen unknown"},
		"unknown, made":   {fail, inventory.Pending, inventory.Unknown, Unknown, 1, 1, "capa: being made in here; capa-china: could not be checked in here: seen unknown"},
		"unknown, lacked": {fail, inventory.Absent, inventory.Unknown, Missing, 1, 1, "capa: missing in here (build ami-0); capa-china: could not be checked in here: seen unknown"},
		"skipped":         {skip, inventory.Present, inventory.Unknown, Unknown, 0, 0, "capa-china: could not be checked in here: seen unknown"},
		"skipped, lacked": {skip, inventory.Absent, inventory.Unknown, Missing, 1, 0, "capa: missing in here (build ami-0); capa-china: could not be checked in here: seen unknown"},
		"built": {
			build, inventory.Present, inventory.Unknown, Missing, 1, 0,
			"capa-china: built on request, without overwriting: it could not be checked in here: seen unknown (build ami-china-0)",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := checked(t, c.onUnknown, c.capa, c.china)
			r := got.Releases[0]
			if r.Status != c.status || got.Lacking() != c.lacking || got.Unchecked() != c.unchecked {
				t.Errorf("got %s with %d lacking and %d unchecked, want %s, %d, %d", r.Status, got.Lacking(), got.Unchecked(), c.status, c.lacking, c.unchecked)
			}
			if fails := got.Fails(r); fails != (c.lacking+c.unchecked > 0) {
				t.Errorf("the release fails: %t", fails)
			}
			if diff := cmp.Diff(c.message, r.Message); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestExcluded wants an image that the image set does not want to be no image that is missing, and not to pass for one that exists.
func TestExcluded(t *testing.T) {
	t.Parallel()
	set := giantswarm(t)
	needs, err := Needs([]Release{made(t, "vsphere-24.0.0", "3815.2.5", "1.24.17", "1.15.0")}, set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	wanted, versions := Union(needs)
	c := Of(needs, plan.Decide(plan.Input{Set: set, Versions: versions, Wanted: wanted, OnUnknown: plan.UnknownFails}))
	if c.Summary != (Summary{Excluded: 1}) || c.Fails(c.Releases[0]) || !strings.HasPrefix(c.Releases[0].Message, "capv: not wanted: ") {
		t.Errorf("got %+v, %q", c.Summary, c.Releases[0].Message)
	}
}

func TestSharedImage(t *testing.T) {
	t.Parallel()
	set := giantswarm(t)
	needs, err := Needs([]Release{
		made(t, "vsphere-29.0.0", "3815.2.5", "1.29.7", "1.15.0"), made(t, "vsphere-29.0.1", "3815.2.5", "1.29.7", "1.15.0"),
		made(t, "cloud-director-29.0.0", "3815.2.5", "1.29.7", "1.15.0"),
	}, set, Options{})
	if err != nil {
		t.Fatal(err)
	}
	wanted, versions := Union(needs)
	findings := make(map[string]inventory.Findings)
	for _, w := range wanted {
		findings[w.Provider] = make(inventory.Findings)
		findings[w.Provider].Add(w.Image, inventory.Finding{Location: "bucket", State: inventory.Absent, Notes: []string{"a near miss"}})
	}
	c := Of(needs, plan.Decide(plan.Input{Set: set, Versions: versions, Wanted: wanted, Findings: findings, OnUnknown: plan.UnknownFails}))
	if c.Summary.Missing != 3 || len(c.Builds) != 1 || c.Builds[0].Key != "ova-0" {
		t.Errorf("got %s and %d builds, want three releases and one build", c.Summary, len(c.Builds))
	}
	var table bytes.Buffer
	if err := Table(&table, c); err != nil {
		t.Fatal(err)
	}
	want := `RELEASE                IMAGE                                                  PROVIDER  DECISION        BUILD  MESSAGE
vsphere-29.0.0         flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs  capv      build  missing  ova-0  missing in bucket
vsphere-29.0.1         flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs  capv      build  missing  ova-0  missing in bucket
cloud-director-29.0.0  flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs  capvcd    build  missing  ova-0  missing in bucket

Notes:
  capv, bucket, flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs: a near miss
  capvcd, bucket, flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs: a near miss
`
	if diff := cmp.Diff(want, table.String()); diff != "" {
		t.Error(diff)
	}
}

// TestDocument holds the document to the fields that pipelines read: none may go, and lists are never null.
func TestDocument(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := JSON(&b, checked(t, plan.UnknownFails, inventory.Absent, inventory.Present)); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	release := got["releases"].([]any)[0].(map[string]any)
	image := release["images"].([]any)[0].(map[string]any)
	build := got["builds"].([]any)[0].(map[string]any)
	fields := []any{
		got["apiVersion"], got["kind"], got["onUnknown"], release["file"], release["line"], release["name"], release["provider"],
		release["image"], release["status"], image["provider"], image["decision"], image["build"], build["key"], build["target"],
	}
	want := []any{
		"nodeimage.giantswarm.io/v1alpha1", "ReleaseCheck", "fail", "aws-29.1.0.yaml", 8.0, "aws-29.1.0", "aws",
		"flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs", "missing", "capa", "build", "ami-0", "ami-0", "build-ami-flatcar",
	}
	if diff := cmp.Diff(want, fields); diff != "" {
		t.Error(diff)
	}
	if strings.Contains(b.String(), "null") {
		t.Errorf("the document has a null: %s", b.String())
	}
}

func TestNothingToCheck(t *testing.T) {
	t.Parallel()
	needs, err := Needs([]Release{made(t, "aws-28.0.0", "3815.2.2", "1.28.11")}, giantswarm(t), Options{})
	if err != nil {
		t.Fatal(err)
	}
	wanted, versions := Union(needs)
	c := Of(needs, plan.Decide(plan.Input{Set: giantswarm(t), Versions: versions, Wanted: wanted, OnUnknown: plan.UnknownFails}))
	var b bytes.Buffer
	if err := JSON(&b, c); err != nil || strings.Contains(b.String(), "null") {
		t.Errorf("got %v, %s", err, b.String())
	}
	if got := c.Summary.String(); got != "1 legacy" {
		t.Errorf("got %q", got)
	}
	if got := (Summary{}).String(); got != "no releases" {
		t.Errorf("got %q", got)
	}
}
