package azure_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/name"
	"github.com/giantswarm/nodeimage/pkg/provider/azure"
)

// What the image sets of these tests say.
const (
	subscription = "00000000-0000-4000-8000-000000000001"
	group        = "cluster-api-images"
	galleryName  = "CapzFlatcar"
	publicName   = "gsCapzFlatcar-41c2d140"
)

func private(regions ...string) imageset.Azure {
	return imageset.Azure{Subscription: subscription, ResourceGroup: group, Gallery: galleryName, Regions: regions}
}

func shared(regions ...string) imageset.Azure {
	return imageset.Azure{Subscription: subscription, CommunityGallery: publicName, Regions: regions}
}

// image makes an image of one Kubernetes version.
func image(t *testing.T, kubernetes string) inventory.Image {
	t.Helper()
	n, err := name.New(name.Name{Flatcar: "3815.2.5", Kubernetes: kubernetes, Tooling: "1.15.0", Suffix: "gs"}, name.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return inventory.Image{Lookup: n.String(), Name: n}
}

// open starts a cloud that has the gallery, private and shared.
func open(t *testing.T, config clouds.AzureConfig) (*clouds.Azure, *httptest.Server) {
	t.Helper()
	cloud := clouds.NewAzure(config)
	cloud.AddGallery(clouds.AzureGallery{Subscription: subscription, ResourceGroup: group, Name: galleryName, PublicName: publicName})
	server := clouds.StartTLS(cloud)
	t.Cleanup(server.Close)
	return cloud, server
}

// version is one that is whole in these regions.
func version(regions ...string) clouds.AzureVersion {
	v := clouds.AzureVersion{Name: "3815.2.5", Regions: map[string]string{}}
	for _, r := range regions {
		v.Regions[r] = "Completed"
	}
	return v
}

// at points the source to a server, with a token that any server accepts.
func at(server *httptest.Server) azure.Options {
	return azure.Options{
		Getenv:     env("AZURE_RESOURCE_MANAGER_ENDPOINT", server.URL),
		Credential: new(azfake.TokenCredential), Transport: server.Client().Transport, MaxBackoff: time.Millisecond,
	}
}

// env is an environment of names and values.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func gather(t *testing.T, settings imageset.Azure, opts azure.Options, images ...inventory.Image) inventory.Result {
	t.Helper()
	sources, err := azure.New(settings, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) != 1 {
		t.Fatalf("got %d sources, want 1", len(sources))
	}
	targets := []inventory.Target{{Providers: []string{"capz"}, Source: sources[0], Images: images}}
	return inventory.Gather(t.Context(), targets, inventory.Options{Timeout: time.Minute})[0]
}

// states shows findings as "region: state (note; note)".
func states(findings []inventory.Finding) []string {
	lines := make([]string, len(findings))
	for i, f := range findings {
		lines[i] = fmt.Sprintf("%s: %s", f.Location, f.State)
		if len(f.Notes) > 0 {
			lines[i] += " (" + strings.Join(f.Notes, "; ") + ")"
		}
	}
	return lines
}

func expect(t *testing.T, result inventory.Result, image inventory.Image, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, states(result.Findings[image.Lookup])); diff != "" {
		t.Errorf("findings of %s (-want +got):\n%s", image.Lookup, diff)
	}
}

func TestEvidence(t *testing.T) {
	t.Parallel()
	cloud, server := open(t, clouds.AzureConfig{})
	i := image(t, "1.29.7")
	v := version("West Europe")
	v.Published = time.Date(2024, time.September, 1, 10, 0, 0, 0, time.FixedZone("CEST", 7200))
	v.EndOfLife = time.Date(2026, time.September, 1, 0, 0, 0, 0, time.UTC)
	cloud.PutVersion(galleryName, i.Lookup, v)
	end := "the end of its life is given as 2026-09-01T00:00:00Z"
	for title, c := range map[string]struct {
		settings imageset.Azure
		want     inventory.Finding
	}{
		"private": {private("westeurope"), inventory.Finding{
			Location: "westeurope", State: inventory.Present, Created: "2024-09-01T08:00:00Z", Notes: []string{end},
			ID: "/subscriptions/" + subscription + "/resourceGroups/" + group + "/providers/Microsoft.Compute/galleries/" + galleryName +
				"/images/" + i.Lookup + "/versions/3815.2.5",
		}},
		"community": {shared("westeurope"), inventory.Finding{
			Location: "westeurope", State: inventory.Present, Created: "2024-09-01T08:00:00Z", Notes: []string{end},
			ID: "/CommunityGalleries/" + publicName + "/Images/" + i.Lookup + "/Versions/3815.2.5",
		}},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			got := gather(t, c.settings, at(server), i).Findings[i.Lookup]
			if diff := cmp.Diff([]inventory.Finding{c.want}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Regions are called in findings as the image set calls them, however Azure does.
func TestRegionNames(t *testing.T) {
	t.Parallel()
	cloud, server := open(t, clouds.AzureConfig{})
	i := image(t, "1.29.7")
	cloud.PutVersion(galleryName, i.Lookup, version("West Europe", "East US 2", "germanywestcentral"))
	regions := []string{"westeurope", "East US 2", "Germany West Central", "northeurope"}
	expect(t, gather(t, private(regions...), at(server), i), i,
		"westeurope: present", "East US 2: present", "Germany West Central: present",
		"northeurope: absent (the version is there, but replicated to eastus2, germanywestcentral, westeurope only)")
	expect(t, gather(t, shared(regions...), at(server), i), i,
		"westeurope: present", "East US 2: present", "Germany West Central: present",
		"northeurope: absent (nothing of the community gallery is replicated to this region yet)")
}

func TestNameInAnotherCase(t *testing.T) {
	t.Parallel()
	cloud, server := open(t, clouds.AzureConfig{})
	i := image(t, "1.29.7")
	cloud.PutVersion(galleryName, strings.ToUpper(i.Lookup), version("West Europe"))
	for _, settings := range []imageset.Azure{private("westeurope"), shared("westeurope")} {
		expect(t, gather(t, settings, at(server), i), i,
			"westeurope: present (Azure writes the name in another case, which makes no difference to it)")
	}
}

func TestDefinitionOfAnotherKind(t *testing.T) {
	t.Parallel()
	arm := func(i inventory.Image) inventory.Image {
		i.Name.Arch = name.ARM64
		return i
	}
	i := image(t, "1.29.7")
	for title, c := range map[string]struct {
		definition clouds.AzureDefinition
		wanted     inventory.Image
		generation string
		want       string
	}{
		"both fit":               {clouds.AzureDefinition{HyperVGeneration: "V2", Architecture: "x64"}, i, "V2", "present"},
		"arm64 fits":             {clouds.AzureDefinition{HyperVGeneration: "V2", Architecture: "Arm64"}, arm(i), "V2", "present"},
		"generation not checked": {clouds.AzureDefinition{HyperVGeneration: "V1"}, i, "", "present"},
		"generation": {
			clouds.AzureDefinition{HyperVGeneration: "V1"},
			i, "V2",
			"absent (there is a definition, but not for Hyper-V generation V2: a build would stop at it until it is deleted)",
		},
		"architecture": {
			clouds.AzureDefinition{Architecture: "Arm64"},
			i, "V2",
			"absent (there is a definition, but not for the architecture x64: a build would stop at it until it is deleted)",
		},
		"architecture the other way": {
			clouds.AzureDefinition{Architecture: "x64"},
			arm(i), "V2",
			"absent (there is a definition, but not for the architecture Arm64: a build would stop at it until it is deleted)",
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			cloud, server := open(t, clouds.AzureConfig{})
			c.definition.Name = i.Lookup
			cloud.PutDefinition(galleryName, c.definition)
			cloud.PutVersion(galleryName, i.Lookup, version("West Europe"))
			for _, settings := range []imageset.Azure{private("westeurope"), shared("westeurope")} {
				settings.HyperVGeneration = c.generation
				expect(t, gather(t, settings, at(server), c.wanted), i, "westeurope: "+c.want)
			}
		})
	}
}

// A definition is created before the build starts, so a build that failed leaves one without a version.
func TestDefinitionWithoutVersion(t *testing.T) {
	t.Parallel()
	cloud, server := open(t, clouds.AzureConfig{})
	empty, other, whole := image(t, "1.29.7"), image(t, "1.29.8"), image(t, "1.29.9")
	cloud.PutDefinition(galleryName, clouds.AzureDefinition{Name: empty.Lookup})
	cloud.PutVersion(galleryName, other.Lookup, clouds.AzureVersion{Name: "3815.2.4", Regions: map[string]string{"West Europe": "Completed"}})
	cloud.PutVersion(galleryName, whole.Lookup, version("West Europe"))
	for _, settings := range []imageset.Azure{private("westeurope"), shared("westeurope")} {
		result := gather(t, settings, at(server), empty, other, whole)
		without := "westeurope: absent (the definition is there, but not its version 3815.2.5)"
		expect(t, result, empty, without)
		expect(t, result, other, without)
		expect(t, result, whole, "westeurope: present")
		if result.Err != nil {
			t.Errorf("absent is an answer, but there is an error: %v", result.Err)
		}
	}
}

// serve answers every request in the same way.
func serve(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewTLSServer(handler)
	t.Cleanup(server.Close)
	return server
}
