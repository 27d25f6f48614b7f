package clouds

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// private answers a request for a gallery by its owner. The caller holds the lock.
func (a *Azure) private(r *http.Request, route azureRoute) (any, error) {
	g, err := a.owned(route)
	if err != nil {
		return nil, err
	}
	if route.image == "" {
		page, next, err := a.page(r, g.definitions)
		if err != nil {
			return nil, err
		}
		items := make([]azureImage, len(page))
		for i, d := range page {
			items[i] = newAzureImage(g.AzureGallery, d.AzureDefinition)
		}
		return azureList[azureImage]{Value: items, NextLink: next}, nil
	}
	d := g.definition(route.image)
	if d == nil {
		return nil, azureNoParent(g.resource(route.image))
	}
	v, ok := d.version(route.version)
	if !ok {
		return nil, azureErrorf(http.StatusNotFound, "ResourceNotFound",
			"The Resource 'Microsoft.Compute/%s/versions/%s' under resource group '%s' was not found. "+
				"For more details please go to https://aka.ms/ARMResourceNotFoundFix",
			g.resource(route.image), route.version, route.resourceGroup)
	}
	return newAzureImageVersion(g.AzureGallery, d.Name, v, r.URL.Query().Get("$expand") != ""), nil
}

// owned finds the gallery of a route. What is missing above it has codes of its own:
// https://github.com/hashicorp/terraform-provider-azurerm/issues/18287 and
// https://learn.microsoft.com/en-us/azure/azure-resource-manager/troubleshooting/error-not-found.
func (a *Azure) owned(route azureRoute) (*azureGallery, error) {
	group := false
	for _, g := range a.galleries {
		inGroup := strings.EqualFold(g.Subscription, route.subscription) && strings.EqualFold(g.ResourceGroup, route.resourceGroup)
		if inGroup && strings.EqualFold(g.Name, route.gallery) {
			return g, nil
		}
		group = group || inGroup
	}
	if !group {
		return nil, azureErrorf(http.StatusNotFound, "ResourceGroupNotFound",
			"Resource group '%s' could not be found.", route.resourceGroup)
	}
	return nil, azureNoParent("galleries/" + route.gallery)
}

func azureNoParent(resource string) error {
	return azureErrorf(http.StatusNotFound, "ParentResourceNotFound",
		"Can not perform requested operation on nested resource. Parent resource '%s' not found.", resource)
}

func (g AzureGallery) resource(image string) string {
	return "galleries/" + g.Name + "/images/" + image
}

// page cuts one page out of a list and links to the next.
func (a *Azure) page(r *http.Request, all []*azureDefinition) (page []*azureDefinition, next string, err error) {
	last, err := parseAzureSkipToken(r.URL.Path, r.URL.Query().Get("$skiptoken"))
	if err != nil {
		return nil, "", err
	}
	first := slices.IndexFunc(all, func(d *azureDefinition) bool { return d.Name > last })
	if first < 0 {
		return nil, "", nil
	}
	page = all[first:]
	if a.config.PageLimit == 0 || len(page) <= a.config.PageLimit {
		return page, "", nil
	}
	page = page[:a.config.PageLimit]
	query := url.Values{"api-version": r.URL.Query()["api-version"]}
	query.Set("$skiptoken", azureSkipToken(r.URL.Path, page[len(page)-1].Name))
	link := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawQuery: query.Encode()}
	if r.TLS != nil {
		link.Scheme = "https"
	}
	return page, link.String(), nil
}

// The bodies of answers, as far as the types of this package go, after the examples in
// https://learn.microsoft.com/en-us/rest/api/compute/gallery-images and
// https://learn.microsoft.com/en-us/rest/api/compute/gallery-image-versions.
type azureList[T any] struct {
	Value    []T    `json:"value"`
	NextLink string `json:"nextLink,omitempty"`
}

type azureImage struct {
	Properties azureImageProperties `json:"properties"`
	ID         string               `json:"id"`
	Location   string               `json:"location"`
	Name       string               `json:"name"`
	Type       string               `json:"type"`
}

type azureImageProperties struct {
	OSType            string `json:"osType"`
	OSState           string `json:"osState"`
	HyperVGeneration  string `json:"hyperVGeneration"`
	Architecture      string `json:"architecture"`
	ProvisioningState string `json:"provisioningState,omitempty"`
}

// azureHome is where all galleries of a server are.
const azureHome = "West Europe"

func newAzureImage(g AzureGallery, d AzureDefinition) azureImage {
	return azureImage{
		ID: g.id(d.Name), Location: azureHome, Name: d.Name, Type: "Microsoft.Compute/galleries/images",
		Properties: azureImageProperties{
			OSType: "Linux", OSState: "Generalized", HyperVGeneration: d.HyperVGeneration,
			Architecture: d.Architecture, ProvisioningState: "Succeeded",
		},
	}
}

func (g AzureGallery) id(image string) string {
	return "/subscriptions/" + g.Subscription + "/resourceGroups/" + g.ResourceGroup + "/providers/Microsoft.Compute/" + g.resource(image)
}

type azureImageVersion struct {
	Properties azureVersionProperties `json:"properties"`
	ID         string                 `json:"id"`
	Location   string                 `json:"location"`
	Name       string                 `json:"name"`
	Type       string                 `json:"type"`
}

type azureVersionProperties struct {
	PublishingProfile azurePublishing   `json:"publishingProfile"`
	ProvisioningState string            `json:"provisioningState"`
	ReplicationStatus *azureReplication `json:"replicationStatus,omitempty"`
}

type azurePublishing struct {
	TargetRegions []azureTarget `json:"targetRegions"`
	PublishedDate time.Time     `json:"publishedDate,omitzero"`
	EndOfLifeDate time.Time     `json:"endOfLifeDate,omitzero"`
}

type azureTarget struct {
	Name string `json:"name"`
}

type azureReplication struct {
	AggregatedState string         `json:"aggregatedState"`
	Summary         []azureReplica `json:"summary"`
}

type azureReplica struct {
	Region   string `json:"region"`
	State    string `json:"state"`
	Details  string `json:"details"`
	Progress int    `json:"progress"`
}

func newAzureImageVersion(g AzureGallery, image string, v AzureVersion, expand bool) azureImageVersion {
	answer := azureImageVersion{
		ID: g.id(image) + "/versions/" + v.Name, Location: azureHome, Name: v.Name, Type: "Microsoft.Compute/galleries/images/versions",
		Properties: azureVersionProperties{
			ProvisioningState: v.State,
			PublishingProfile: azurePublishing{TargetRegions: []azureTarget{}, PublishedDate: v.Published, EndOfLifeDate: v.EndOfLife},
		},
	}
	status := azureReplication{AggregatedState: v.aggregated(), Summary: []azureReplica{}}
	for _, region := range slices.Sorted(maps.Keys(v.Regions)) {
		answer.Properties.PublishingProfile.TargetRegions = append(answer.Properties.PublishingProfile.TargetRegions, azureTarget{region})
		status.Summary = append(status.Summary, azureReplica{Region: region, State: v.Regions[region]})
	}
	if expand {
		answer.Properties.ReplicationStatus = &status
	}
	return answer
}

// aggregated is the worst of the regions' states, in the words of the whole.
func (v AzureVersion) aggregated() string {
	states := slices.Collect(maps.Values(v.Regions))
	for _, s := range []struct{ region, whole string }{{"Failed", "Failed"}, {"Unknown", "Unknown"}, {"Replicating", "InProgress"}} {
		if slices.Contains(states, s.region) {
			return s.whole
		}
	}
	return "Completed"
}
