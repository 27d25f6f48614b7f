package provider_test

import (
	"context"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/azure"
)

// azurePlace is a private gallery behind a real credential, whose tokens come from an authority of its own.
func azurePlace(t *testing.T) *place {
	const gallery, region, tenant, client, secret = "CapzFlatcar", "westeurope", "giantswarm.example", "nodeimage", "not~to~be~shown"
	entra := clouds.NewAzureEntra(clouds.AzureEntraConfig{Tenant: tenant, Clients: map[string]string{client: secret}})
	authority := clouds.StartTLS(entra)
	t.Cleanup(authority.Close)
	cloudServer := clouds.NewAzure(clouds.AzureConfig{Entra: entra, PageLimit: 3})
	server := clouds.StartTLS(cloudServer)
	t.Cleanup(server.Close)
	cloudServer.AddGallery(clouds.AzureGallery{Subscription: "sub", ResourceGroup: "cluster-api-images", Name: gallery})

	credential, err := azidentity.NewClientSecretCredential(tenant, client, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: authority.URL}, Transport: authority.Client(),
		},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	sources, err := azure.New(imageset.Azure{
		Subscription: "sub", ResourceGroup: "cluster-api-images", Gallery: gallery, Regions: []string{region}, HyperVGeneration: "V2",
	}, azure.Options{
		Getenv: func(name string) string {
			return map[string]string{"AZURE_RESOURCE_MANAGER_ENDPOINT": server.URL}[name]
		},
		Credential: credential, Transport: server.Client().Transport, MaxBackoff: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &place{
		source: sources[0], location: region, behaviour: &cloudServer.Behaviour, faultAt: gallery,
		put: func(image inventory.Image, state inventory.State) {
			version := clouds.AzureVersion{Name: image.Name.Flatcar, Regions: map[string]string{"West Europe": "Completed"}}
			switch state {
			case inventory.Pending:
				version.State = "Creating"
			case inventory.Failed:
				version.State = "Failed"
			}
			cloudServer.PutVersion(gallery, image.Lookup, version)
		},
		lookalike: func(image inventory.Image) {
			cloudServer.PutDefinition(gallery, clouds.AzureDefinition{Name: image.Lookup, Architecture: "Arm64"})
			cloudServer.PutVersion(gallery, image.Lookup, clouds.AzureVersion{
				Name: image.Name.Flatcar, Regions: map[string]string{"West Europe": "Completed"},
			})
		},
		pages:      func() {}, // three definitions a page, from the start
		operations: []string{"GalleryImages_ListByGallery", "GalleryImageVersions_Get"},
		secret:     secret,
	}
}

// azureCommunityPlace is a community gallery in one region, which shows what is whole and nothing else.
func azureCommunityPlace(t *testing.T) *place { return azureCommunityPlaceOf(t, "westeurope") }

// TestContractOfCommunityRegions lets one of two regions fail: what the other knows of the gallery does not make it absent there.
func TestContractOfCommunityRegions(t *testing.T) {
	t.Parallel()
	p := azureCommunityPlaceOf(t, "westeurope", "eastus")
	all := images(t, 1)
	p.put(all[0], inventory.Present)
	p.behaviour.Fail("eastus", clouds.Forbidden)
	target := inventory.Target{Providers: []string{"test"}, Source: p.source, Images: all}
	findings := inventory.Gather(t.Context(), []inventory.Target{target}, inventory.Options{})[0].Findings[all[0].Lookup]
	for i, want := range []inventory.State{inventory.Present, inventory.Unknown} {
		if findings[i].State != want {
			t.Errorf("%s is %s, want %s", findings[i].Location, findings[i].State, want)
		}
	}
}

func azureCommunityPlaceOf(t *testing.T, regions ...string) *place {
	const gallery, public = "CapzFlatcar", "capz-1234"
	region := regions[0]
	server := clouds.NewAzure(clouds.AzureConfig{Subscriptions: []string{"reader"}})
	endpoint := clouds.StartTLS(server)
	t.Cleanup(endpoint.Close)
	server.AddGallery(clouds.AzureGallery{Subscription: "owner", ResourceGroup: "images", Name: gallery, PublicName: public})
	replicated := clouds.AzureVersion{Name: "1.0.0", Regions: map[string]string{"West Europe": "Completed"}}
	server.PutVersion(gallery, "another", replicated) // a gallery is only where it has a replica
	sources, err := azure.New(imageset.Azure{Subscription: "reader", CommunityGallery: public, Regions: regions}, azure.Options{
		Getenv: func(name string) string {
			return map[string]string{"AZURE_RESOURCE_MANAGER_ENDPOINT": endpoint.URL}[name]
		},
		Credential: staticToken{}, Transport: endpoint.Client().Transport, MaxBackoff: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return &place{
		source: sources[0], location: region, behaviour: &server.Behaviour, faultAt: region,
		put: func(image inventory.Image, _ inventory.State) {
			version := replicated
			version.Name = image.Name.Flatcar
			server.PutVersion(gallery, image.Lookup, version)
		},
		operations: []string{"CommunityGalleryImages_List", "CommunityGalleryImageVersions_Get"},
	}
}

// staticToken is a credential for a server that accepts any.
type staticToken struct{}

func (staticToken) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}
