package clouds

import (
	"net/http"
	"slices"
	"strings"
	"time"
)

// community answers a request for a community gallery by anybody, in one region. The caller holds the lock.
func (a *Azure) community(r *http.Request, route azureRoute) (any, error) {
	g := a.public(route.publicGallery, route.location)
	if g == nil {
		// https://github.com/skypilot-org/skypilot/pull/4145 has this answer: a gallery does not exist in a region that none of
		// its versions is replicated to.
		return nil, azureErrorf(http.StatusNotFound, "NotFound",
			"please check if the gallery name '%s' is valid and the gallery exists in '%s' region.", route.publicGallery, route.location)
	}
	unique := "/CommunityGalleries/" + g.PublicName + "/Images/"
	if route.image == "" {
		page, next, err := a.page(r, g.definitions)
		if err != nil {
			return nil, err
		}
		items := make([]azureCommunityImage, len(page))
		for i, d := range page {
			items[i] = newAzureCommunityImage(route.location, unique, d.AzureDefinition)
		}
		return azureList[azureCommunityImage]{Value: items, NextLink: next}, nil
	}
	// What the provider says about a missing definition or version is not documented; the code is that of a missing gallery.
	if d := g.definition(route.image); d != nil {
		if v, ok := d.version(route.version); ok && v.replicated(route.location) {
			return newAzureCommunityVersion(route.location, unique+d.Name+"/Versions/"+v.Name, v), nil
		}
	}
	return nil, azureErrorf(http.StatusNotFound, "NotFound",
		"the image version '%s' of '%s' does not exist in '%s' region.", route.version, route.image, route.location)
}

// public finds a community gallery in a region, or nil.
func (a *Azure) public(name, region string) *azureGallery {
	here := func(d *azureDefinition) bool {
		return slices.ContainsFunc(d.versions, func(v AzureVersion) bool { return v.replicated(region) })
	}
	for _, g := range a.galleries {
		if name != "" && strings.EqualFold(g.PublicName, name) && slices.ContainsFunc(g.definitions, here) {
			return g
		}
	}
	return nil
}

// The bodies of answers, after the examples in https://learn.microsoft.com/en-us/rest/api/compute/community-gallery-images
// and https://learn.microsoft.com/en-us/rest/api/compute/community-gallery-image-versions.
type azureCommunityImage struct {
	Name       string               `json:"name"`
	Location   string               `json:"location"`
	Type       string               `json:"type"`
	Identifier azureIdentifier      `json:"identifier"`
	Properties azureImageProperties `json:"properties"`
}

type azureIdentifier struct {
	UniqueID string `json:"uniqueId"`
}

func newAzureCommunityImage(region, unique string, d AzureDefinition) azureCommunityImage {
	return azureCommunityImage{
		Name: d.Name, Location: region, Type: "Microsoft.Compute/locations/communityGalleryImage",
		Identifier: azureIdentifier{unique + d.Name},
		Properties: azureImageProperties{
			OSType: "Linux", OSState: "Generalized", HyperVGeneration: d.HyperVGeneration,
			Architecture: d.Architecture,
		},
	}
}

type azureCommunityVersion struct {
	Name       string                   `json:"name"`
	Location   string                   `json:"location"`
	Type       string                   `json:"type"`
	Identifier azureIdentifier          `json:"identifier"`
	Properties azureCommunityProperties `json:"properties"`
}

type azureCommunityProperties struct {
	PublishedDate time.Time `json:"publishedDate,omitzero"`
	EndOfLifeDate time.Time `json:"endOfLifeDate,omitzero"`
}

func newAzureCommunityVersion(region, unique string, v AzureVersion) azureCommunityVersion {
	return azureCommunityVersion{
		Name: v.Name, Location: region, Type: "Microsoft.Compute/locations/communityGalleryImageVersion",
		Identifier: azureIdentifier{unique},
		Properties: azureCommunityProperties{PublishedDate: v.Published, EndOfLifeDate: v.EndOfLife},
	}
}
