package azure

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// judge makes a finding about a version for every region. The notes hold for all of them.
func (g *gallery) judge(version armcompute.GalleryImageVersion, notes []string) []inventory.Finding {
	published := value(version.Properties.PublishingProfile)
	notes = append(notes, lifetime(published.EndOfLifeDate)...)
	findings := make([]inventory.Finding, len(g.settings.Regions))
	for i, region := range g.settings.Regions {
		state, note := verdict(version, region)
		findings[i] = inventory.Finding{Location: region, State: state, Notes: slices.Clone(notes)}
		if note != "" {
			findings[i].Notes = append(findings[i].Notes, note)
		}
		if state != inventory.Absent {
			findings[i].ID, findings[i].Created = value(version.ID), inventory.Time(value(published.PublishedDate))
		}
	}
	return findings
}

// lifetime notes a version's end of life, which keeps nobody from using it.
func lifetime(end *time.Time) []string {
	if end == nil || end.IsZero() {
		return nil
	}
	return []string{"the end of its life is given as " + inventory.Time(*end)}
}

// verdict translates the states of https://learn.microsoft.com/en-us/rest/api/compute/gallery-image-versions/get.
func verdict(version armcompute.GalleryImageVersion, region string) (inventory.State, string) {
	switch value(version.Properties.ProvisioningState) {
	case armcompute.GalleryProvisioningStateSucceeded:
		return replica(version.Properties.ReplicationStatus, region)
	case armcompute.GalleryProvisioningStateCreating:
		return inventory.Pending, "the version is being created"
	case armcompute.GalleryProvisioningStateUpdating:
		return inventory.Pending, "the version is being updated"
	case armcompute.GalleryProvisioningStateMigrating: // Azure moves it to other storage; it comes back by itself
		return inventory.Pending, "the version is being migrated"
	case armcompute.GalleryProvisioningStateDeleting:
		return inventory.Pending, "the version is being deleted: look again when it is gone"
	case armcompute.GalleryProvisioningStateFailed:
		// A version can't be published over (https://github.com/hashicorp/packer-plugin-azure/issues/183).
		return inventory.Failed, "the version failed: it must be deleted before it can be published again" +
			complete(version.Properties.ReplicationStatus, region)
	}
	return inventory.Unknown, "the version is in a state that this program does not know"
}

// complete warns of what a deletion would take away: an update of a version can fail when its replicas are in use already.
func complete(status *armcompute.ReplicationStatus, region string) string {
	if state, _ := replica(status, region); state == inventory.Present {
		return "; its replica here is complete"
	}
	return ""
}

// replica judges one region of a version that is published.
func replica(status *armcompute.ReplicationStatus, region string) (inventory.State, string) {
	if status == nil || len(status.Summary) == 0 {
		return inventory.Unknown, "Azure gives no replication states for the version"
	}
	var elsewhere []string
	for _, replica := range status.Summary {
		if replica == nil || value(replica.Region) == "" {
			return inventory.Unknown, "Azure gives a replication state without its region"
		}
		if normal(*replica.Region) == normal(region) {
			return replicated(value(replica.State))
		}
		elsewhere = append(elsewhere, normal(*replica.Region))
	}
	slices.Sort(elsewhere)
	return inventory.Absent, fmt.Sprintf("the version is there, but replicated to %s only", strings.Join(elsewhere, ", "))
}

func replicated(state armcompute.ReplicationState) (inventory.State, string) {
	switch state {
	case armcompute.ReplicationStateCompleted:
		return inventory.Present, ""
	case armcompute.ReplicationStateReplicating:
		return inventory.Pending, "the version is being replicated"
	case armcompute.ReplicationStateFailed:
		return inventory.Failed, "the replication failed"
	case armcompute.ReplicationStateUnknown:
		return inventory.Unknown, "Azure does not know the state of the replica"
	}
	return inventory.Unknown, "the replica is in a state that this program does not know"
}
