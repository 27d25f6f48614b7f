package clouddirector_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

const (
	uuid1 = "11111111-2222-4333-8444-555555555555"
	uuid2 = "99999999-2222-4333-8444-555555555555"
	id1   = "vappTemplate-" + uuid1
	id2   = "vappTemplate-" + uuid2
)

func TestStates(t *testing.T) {
	t.Parallel()
	upload := ": its upload is not complete; if nobody is uploading it, delete it"
	for name, c := range map[string]struct {
		template clouds.VCDTemplate
		state    inventory.State
		note     string // after the ID
	}{
		"powered off":         {clouds.VCDTemplate{}, inventory.Present, ""},
		"resolved":            {clouds.VCDTemplate{Status: "RESOLVED"}, inventory.Present, ""},
		"busy":                {clouds.VCDTemplate{Busy: true}, inventory.Pending, "is busy"},
		"busy, being deleted": {clouds.VCDTemplate{Status: "FAILED_CREATION", Busy: true}, inventory.Pending, "is busy"},
		"unresolved":          {clouds.VCDTemplate{Status: "UNRESOLVED"}, inventory.Pending, "is UNRESOLVED" + upload},
		"descriptor pending":  {clouds.VCDTemplate{Status: "DESCRIPTOR_PENDING"}, inventory.Pending, "is DESCRIPTOR_PENDING" + upload},
		"copying":             {clouds.VCDTemplate{Status: "COPYING_CONTENTS"}, inventory.Pending, "is COPYING_CONTENTS" + upload},
		"disks pending":       {clouds.VCDTemplate{Status: "DISK_CONTENTS_PENDING"}, inventory.Pending, "is DISK_CONTENTS_PENDING" + upload},
		"quarantined":         {clouds.VCDTemplate{Status: "QUARANTINED"}, inventory.Pending, "is QUARANTINED: its upload waits for approval"},
		"not synchronised": {
			clouds.VCDTemplate{Status: "LOCAL_COPY_UNAVAILABLE"},
			inventory.Pending,
			"is LOCAL_COPY_UNAVAILABLE: synchronise the catalog, which subscribes to another one",
		},
		"creation failed":    {clouds.VCDTemplate{Status: "FAILED_CREATION"}, inventory.Failed, "is FAILED_CREATION: delete it"},
		"quarantine expired": {clouds.VCDTemplate{Status: "QUARANTINE_EXPIRED"}, inventory.Failed, "is QUARANTINE_EXPIRED: delete it"},
		"rejected":           {clouds.VCDTemplate{Status: "REJECTED"}, inventory.Failed, "is REJECTED: delete it"},
		"timed out":          {clouds.VCDTemplate{Status: "TRANSFER_TIMEOUT"}, inventory.Failed, "is TRANSFER_TIMEOUT: delete it"},
		"expired":            {clouds.VCDTemplate{Expired: true}, inventory.Failed, "has expired: renew its storage lease or delete it"},
		"disabled":           {clouds.VCDTemplate{Disabled: true}, inventory.Failed, "is disabled: enable or delete it"},
		"unresolved, expired": {
			clouds.VCDTemplate{Status: "UNRESOLVED", Expired: true}, inventory.Pending, "is UNRESOLVED" + upload,
		},
		"unknown": {clouds.VCDTemplate{Status: "UNKNOWN"}, inventory.Unknown, "is UNKNOWN, which does not say whether it can be used"},
		"mixed":   {clouds.VCDTemplate{Status: "MIXED"}, inventory.Unknown, "is MIXED, which does not say whether it can be used"},
		"newer":   {clouds.VCDTemplate{Status: "SLEEPING"}, inventory.Unknown, "is SLEEPING, which does not say whether it can be used"},
		"no word": {clouds.VCDTemplate{Status: "on <fire>"}, inventory.Unknown, "has a status that this version does not know"},
		"none":    {clouds.VCDTemplate{Status: "-"}, inventory.Unknown, "has no status"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vcd := newVCD()
			c.template.Name, c.template.ID = "image", uuid1
			c.template.Created = time.Date(2024, 7, 2, 15, 35, 34, 5e6, time.FixedZone("", 7200))
			vcd.AddTemplate(org, images, c.template)
			got, problem := find(t, newSource(t, vcd, environment()), "image")
			want := inventory.Finding{State: c.state, ID: id1, Created: "2024-07-02T13:35:34Z"}
			if c.note != "" {
				want.Notes = []string{id1 + " " + c.note}
			}
			if diff := cmp.Diff(want, got); diff != "" || problem != "" {
				t.Error(problem, diff)
			}
		})
	}
}

func TestDuplicates(t *testing.T) {
	t.Parallel()
	older, newer := time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 7, 2, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		first, second string // states, in the order of the catalog; the second one is newer
		want          inventory.State
		note          string
	}{
		"both usable": {
			"POWERED_OFF", "POWERED_OFF", inventory.Present,
			"2 templates have this name (present, present), and consumers take any of them: delete all but one",
		},
		"one being uploaded": {
			"POWERED_OFF", "UNRESOLVED", inventory.Unknown,
			"2 templates have this name (pending, present), and consumers take any of them: delete all but one",
		},
		"one broken": {
			"FAILED_CREATION", "POWERED_OFF", inventory.Unknown,
			"2 templates have this name (present, failed), and consumers take any of them: delete all but one",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vcd := newVCD()
			vcd.AddTemplate(org, images, clouds.VCDTemplate{ID: uuid1, Name: "image", Status: c.first, Created: older})
			vcd.AddTemplate(org, images, clouds.VCDTemplate{ID: uuid2, Name: "image", Status: c.second, Created: newer})
			got, problem := find(t, newSource(t, vcd, environment()), "image")
			want := inventory.Finding{State: c.want, ID: id2, Created: "2024-07-02T00:00:00Z"}
			if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(want, "Notes")); diff != "" || problem != "" {
				t.Error(problem, diff)
			}
			if last := got.Notes[len(got.Notes)-1]; last != c.note {
				t.Errorf("got the notes %q", got.Notes)
			}
		})
	}
}

// TestNames has templates whose names are nearly the one that is looked for. The consumer compares names as they are.
func TestNames(t *testing.T) {
	t.Parallel()
	vcd := newVCD()
	for _, name := range []string{"IMAGE", "image-2", "my-image", "image "} {
		vcd.AddTemplate(org, images, clouds.VCDTemplate{Name: name})
	}
	got, problem := find(t, newSource(t, vcd, environment()), "image")
	if diff := cmp.Diff(inventory.Finding{State: inventory.Absent}, got); diff != "" || problem != "" {
		t.Error(problem, diff)
	}
}
