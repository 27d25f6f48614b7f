package clouddirector

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// judged is what one template of the right name is to the consumer.
type judged struct {
	template template
	state    inventory.State
	note     string // why it is a near miss, or what to know about it
}

// judge makes a finding of the templates that have an image's name. The consumer takes the first that the catalog lists, in an
// order that nobody knows, and demands of it the numeric status 8, which is POWERED_OFF (vmware/cloud-provider-for-cloud-director,
// pkg/vcdsdk/vapp.go, AddNewMultipleVM). So several that differ don't make the image present.
func (s scope) judge(templates []template) inventory.Finding {
	finding := inventory.Finding{State: inventory.Absent}
	var mine []judged
	for _, t := range sorted(templates) {
		j := s.judgeOne(t)
		if j.note != "" {
			finding.Notes = append(finding.Notes, id(t)+" "+j.note)
		}
		if j.state != inventory.Absent {
			mine = append(mine, j)
		}
	}
	if len(mine) == 0 {
		return finding
	}
	finding.State, finding.ID, finding.Created = mine[0].state, id(mine[0].template), created(mine[0].template)
	if s.sharedBy != "" {
		finding.Notes = append(finding.Notes, "organisation "+s.sharedBy+" shares the catalog")
	}
	return withDuplicates(finding, mine)
}

// withDuplicates says so where several templates have the name, and that nothing is known where they differ.
func withDuplicates(finding inventory.Finding, mine []judged) inventory.Finding {
	if len(mine) == 1 {
		return finding
	}
	states := make([]string, len(mine))
	for i, j := range mine {
		states[i] = string(j.state)
		if j.state != finding.State {
			finding.State = inventory.Unknown
		}
	}
	finding.Notes = append(finding.Notes, fmt.Sprintf("%d templates have this name (%s), and consumers take any of them: delete all but one",
		len(mine), strings.Join(states, ", ")))
	return finding
}

// sorted puts the newest first.
func sorted(templates []template) []template {
	return slices.SortedFunc(slices.Values(templates), func(a, b template) int {
		return cmp.Or(-cmp.Compare(created(a), created(b)), cmp.Compare(a.Href, b.Href))
	})
}

func (s scope) judgeOne(t template) judged {
	if s.org != "" && path.Base(t.Org) != s.org {
		if t.Org == "" {
			return judged{t, inventory.Unknown, "may be of another organisation, which shares a catalog of this name"}
		}
		return judged{t, inventory.Absent, "is of another organisation, which shares a catalog of this name"}
	}
	state, note := verdict(t)
	return judged{t, state, note}
}

// verdict tells whether the consumer could start machines from a template. What keeps it from that though the template is whole
// counts as failed: it has the name, and a build that overwrites it sets it right.
func verdict(t template) (inventory.State, string) {
	state, note := stateOf(t.Status)
	switch {
	case t.Busy:
		return inventory.Pending, "is busy"
	case state != inventory.Present:
		return state, note
	case t.Expired:
		return inventory.Failed, "has expired: renew its storage lease or delete it"
	case t.Enabled != nil && !*t.Enabled:
		return inventory.Failed, "is disabled: enable or delete it"
	}
	return state, note
}

// stateOf translates the query service's words for the status of a template. They and their meanings stand in the vCloud API
// Programming Guide under "Object Creation Status"
// (https://vdc-repo.vmware.com/vmwb-repository/dcr-public/de5f6bd6-7d07-4357-8c03-cb7af6fa8ffe/43a4cbe9-a31c-4a8e-bd09-fe68558a4aa5/doc/GUID-843BE3AD-5EF6-4442-B864-BCAE44A51867.html);
// LOCAL_COPY_UNAVAILABLE, of catalogs that subscribe to another one, only in go-vcloud-director (govcd/vapptemplate.go).
func stateOf(status string) (inventory.State, string) {
	switch status {
	case "POWERED_OFF", "RESOLVED":
		return inventory.Present, ""
	case "UNRESOLVED", "DESCRIPTOR_PENDING", "COPYING_CONTENTS", "DISK_CONTENTS_PENDING":
		return inventory.Pending, "is " + status + ": its upload is not complete; if nobody is uploading it, delete it"
	case "QUARANTINED":
		return inventory.Pending, "is QUARANTINED: its upload waits for approval"
	case "LOCAL_COPY_UNAVAILABLE":
		return inventory.Pending, "is LOCAL_COPY_UNAVAILABLE: synchronise the catalog, which subscribes to another one"
	case "FAILED_CREATION", "QUARANTINE_EXPIRED", "REJECTED", "TRANSFER_TIMEOUT":
		return inventory.Failed, "is " + status + ": delete it"
	case "":
		return inventory.Unknown, "has no status"
	}
	if !minorErrorCode.MatchString(status) {
		return inventory.Unknown, "has a status that this version does not know"
	}
	return inventory.Unknown, "is " + status + ", which does not say whether it can be used"
}

// id is the last part of a template's address, vappTemplate- and a UUID.
func id(t template) string { return path.Base(t.Href) }

// created is when the template was made, in the form of findings, "" where that can't be read.
func created(t template) string {
	at, err := time.Parse(time.RFC3339, t.Created)
	if err != nil {
		return ""
	}
	return inventory.Time(at)
}
