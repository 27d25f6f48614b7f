package azure_test

import (
	"context"
	"net/http"
	"testing"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7/fake"

	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/azure"
)

// roundTripper puts one of the SDK's fakes where requests go.
type roundTripper struct{ policy.Transporter }

func (r roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return r.Do(req) }

// faked is a gallery of the SDK's own fake that has one image with one version.
func faked(i inventory.Image, properties *armcompute.GalleryImageVersionProperties) azure.Options {
	server := &fake.ServerFactory{}
	server.GalleryImagesServer.NewListByGalleryPager = func(string, string, *armcompute.GalleryImagesClientListByGalleryOptions) (
		resp azfake.PagerResponder[armcompute.GalleryImagesClientListByGalleryResponse],
	) {
		// As in Azure's own examples, the architecture is not given.
		resp.AddPage(http.StatusOK, armcompute.GalleryImagesClientListByGalleryResponse{GalleryImageList: armcompute.GalleryImageList{
			Value: []*armcompute.GalleryImage{{Name: to.Ptr(i.Lookup), Properties: &armcompute.GalleryImageProperties{
				HyperVGeneration: to.Ptr(armcompute.HyperVGenerationV2),
			}}},
		}}, nil)
		return resp
	}
	server.GalleryImageVersionsServer.Get = func(_ context.Context, rg, gallery, image, version string,
		options *armcompute.GalleryImageVersionsClientGetOptions) (
		resp azfake.Responder[armcompute.GalleryImageVersionsClientGetResponse], errResp azfake.ErrorResponder,
	) {
		if rg != group || gallery != galleryName || image != i.Lookup || version != i.Name.Flatcar ||
			options == nil || options.Expand == nil || *options.Expand != armcompute.ReplicationStatusTypesReplicationStatus {
			errResp.SetResponseError(http.StatusBadRequest, "InvalidParameter")
			return resp, errResp
		}
		resp.SetResponse(http.StatusOK, armcompute.GalleryImageVersionsClientGetResponse{GalleryImageVersion: armcompute.GalleryImageVersion{
			Name: to.Ptr(version), ID: to.Ptr("id"), Properties: properties,
		}}, nil)
		return resp, errResp
	}
	return azure.Options{Credential: new(azfake.TokenCredential), Transport: roundTripper{fake.NewServerFactoryTransport(server)}}
}

func properties(state armcompute.GalleryProvisioningState, replicas ...*armcompute.RegionalReplicationStatus) *armcompute.GalleryImageVersionProperties {
	return &armcompute.GalleryImageVersionProperties{
		ProvisioningState: &state,
		ReplicationStatus: &armcompute.ReplicationStatus{Summary: replicas},
	}
}

func replica(region string, state armcompute.ReplicationState) *armcompute.RegionalReplicationStatus {
	return &armcompute.RegionalReplicationStatus{Region: &region, State: &state}
}

func TestStates(t *testing.T) {
	t.Parallel()
	whole := replica("West Europe", armcompute.ReplicationStateCompleted)
	succeeded := armcompute.GalleryProvisioningStateSucceeded
	for title, c := range map[string]struct {
		properties *armcompute.GalleryImageVersionProperties
		want       string
	}{
		"succeeded": {properties(succeeded, whole), "present"},
		"creating":  {properties(armcompute.GalleryProvisioningStateCreating, whole), "pending (the version is being created)"},
		"updating":  {properties(armcompute.GalleryProvisioningStateUpdating, whole), "pending (the version is being updated)"},
		"migrating": {properties(armcompute.GalleryProvisioningStateMigrating, whole), "pending (the version is being migrated)"},
		"deleting":  {properties(armcompute.GalleryProvisioningStateDeleting, whole), "pending (the version is being deleted: look again when it is gone)"},
		"failed":    {properties(armcompute.GalleryProvisioningStateFailed), "failed (the version failed: it must be deleted before it can be published again)"},
		"failed, but with a whole replica": {
			properties(armcompute.GalleryProvisioningStateFailed, whole),
			"failed (the version failed: it must be deleted before it can be published again; its replica here is complete)",
		},
		"a new state": {properties("Napping", whole), "unknown (the version is in a state that this program does not know)"},
		"no state":    {&armcompute.GalleryImageVersionProperties{}, "unknown (the version is in a state that this program does not know)"},

		"replicating":    {properties(succeeded, replica("West Europe", armcompute.ReplicationStateReplicating)), "pending (the version is being replicated)"},
		"replica failed": {properties(succeeded, replica("West Europe", armcompute.ReplicationStateFailed)), "failed (the replication failed)"},
		"replica unknown": {
			properties(succeeded, replica("West Europe", armcompute.ReplicationStateUnknown)),
			"unknown (Azure does not know the state of the replica)",
		},
		"replica in a new state": {
			properties(succeeded, replica("West Europe", "Napping")),
			"unknown (the replica is in a state that this program does not know)",
		},
		"no replica here": {
			properties(succeeded, replica("East US", armcompute.ReplicationStateCompleted)),
			"absent (the version is there, but replicated to eastus only)",
		},
		"no replicas":      {properties(succeeded), "unknown (Azure gives no replication states for the version)"},
		"no replication":   {&armcompute.GalleryImageVersionProperties{ProvisioningState: &succeeded}, "unknown (Azure gives no replication states for the version)"},
		"nameless replica": {properties(succeeded, &armcompute.RegionalReplicationStatus{}, whole), "unknown (Azure gives a replication state without its region)"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			i := image(t, "1.29.7")
			settings := private("westeurope")
			settings.HyperVGeneration = "V2"
			expect(t, gather(t, settings, faked(i, c.properties), i), i, "westeurope: "+c.want)
		})
	}
}

// Every region has its own state, which is what a replication is decided by.
func TestStatesOfRegions(t *testing.T) {
	t.Parallel()
	i := image(t, "1.29.7")
	result := gather(t, private("westeurope", "northeurope", "eastus", "westus2"), faked(i, properties(armcompute.GalleryProvisioningStateSucceeded,
		replica("East US", armcompute.ReplicationStateFailed), replica("North Europe", armcompute.ReplicationStateReplicating),
		replica("West Europe", armcompute.ReplicationStateCompleted))), i)
	expect(t, result, i,
		"westeurope: present", "northeurope: pending (the version is being replicated)", "eastus: failed (the replication failed)",
		"westus2: absent (the version is there, but replicated to eastus, northeurope, westeurope only)")
	for n, want := range []string{"id", "id", "id", ""} {
		if got := result.Findings[i.Lookup][n].ID; got != want {
			t.Errorf("finding %d has ID %q, want %q", n, got, want)
		}
	}
}
