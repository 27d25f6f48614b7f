package clouds

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// azureRoute is what a request's path names. Its fields are called as the path's parameters are in Azure's API.
type azureRoute struct {
	operation                               string
	subscription, resourceGroup, gallery    string
	location, publicGallery, image, version string
}

// The paths that are answered. Their fixed parts don't distinguish case.
// See https://learn.microsoft.com/en-us/rest/api/compute/gallery-images/list-by-gallery and
// https://learn.microsoft.com/en-us/rest/api/compute/community-gallery-image-versions/get
var (
	azurePrivatePath = regexp.MustCompile(`(?i)^/subscriptions/([^/]+)/resourceGroups/([^/]+)` +
		`/providers/Microsoft\.Compute/galleries/([^/]+)/images(?:/([^/]+)/versions/([^/]+))?$`)
	azureCommunityPath = regexp.MustCompile(`(?i)^/subscriptions/([^/]+)` +
		`/providers/Microsoft\.Compute/locations/([^/]+)/communityGalleries/([^/]+)/images(?:/([^/]+)/versions/([^/]+))?$`)
)

// azureAPIVersions are versions of the gallery API from the one that has community galleries on: those that Azure lists in an
// error (https://github.com/flatcar/mantle/pull/520), and the ones that came later
// (https://github.com/Azure/azure-rest-api-specs/tree/main/specification/compute/resource-manager/Microsoft.Compute/GalleryRP/stable).
var azureAPIVersions = []string{
	"2021-07-01", "2021-10-01", "2022-01-03", "2022-03-03", "2022-08-03", "2023-07-03",
	"2024-03-03", "2025-03-03",
}

// parseAzureRoute returns a route without operation for a path that is not answered.
func parseAzureRoute(path string) azureRoute {
	if m := azurePrivatePath.FindStringSubmatch(path); m != nil {
		r := azureRoute{
			operation:    "GalleryImages_ListByGallery",
			subscription: m[1], resourceGroup: m[2], gallery: m[3], image: m[4], version: m[5],
		}
		if r.image != "" {
			r.operation = "GalleryImageVersions_Get"
		}
		return r
	}
	if m := azureCommunityPath.FindStringSubmatch(path); m != nil {
		r := azureRoute{
			operation:    "CommunityGalleryImages_List",
			subscription: m[1], location: azureRegion(m[2]), publicGallery: m[3], image: m[4], version: m[5],
		}
		if r.image != "" {
			r.operation = "CommunityGalleryImageVersions_Get"
		}
		return r
	}
	return azureRoute{}
}

func (a *Azure) identify(r *http.Request) Request {
	route := parseAzureRoute(r.URL.Path)
	params := r.URL.Query()
	for name, value := range map[string]string{
		"subscriptionId": route.subscription, "resourceGroupName": route.resourceGroup,
		"galleryName": route.gallery, "location": route.location, "publicGalleryName": route.publicGallery,
		"galleryImageName": route.image, "galleryImageVersionName": route.version,
	} {
		if value != "" {
			params.Set(name, value)
		}
	}
	operation := route.operation
	if r.Method != http.MethodGet || operation == "" {
		operation = r.Method + " " + r.URL.Path
	}
	return Request{Location: route.gallery + route.location, Operation: operation, Params: params}
}

// checkQuery refuses what Azure refuses in a query.
func (r azureRoute) checkQuery(q url.Values) error {
	switch version := q.Get("api-version"); {
	case version == "":
		return azureErrorf(http.StatusBadRequest, "MissingApiVersionParameter",
			"The api-version query parameter (?api-version=) is required for all requests.")
	case !slices.Contains(azureAPIVersions, version):
		return azureErrorf(http.StatusBadRequest, "NoRegisteredProviderFound",
			"No registered resource provider found for API version '%s'. The supported api-versions are '%s'.",
			version, strings.Join(azureAPIVersions, ", "))
	}
	if expand := q.Get("$expand"); expand != "" && (r.operation != "GalleryImageVersions_Get" || expand != "ReplicationStatus") {
		return azureErrorf(http.StatusBadRequest, "InvalidParameter", "The value of parameter $expand is invalid.")
	}
	return nil
}

// azureSkipToken points behind the last item of a page. It belongs to one list.
func azureSkipToken(path, last string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(strings.ToLower(path) + "\n" + last))
}

// parseAzureSkipToken returns the last item of the page before, or "" for the first page.
func parseAzureSkipToken(path, token string) (last string, err error) {
	if token == "" {
		return "", nil
	}
	text, err := base64.RawURLEncoding.DecodeString(token)
	list, last, ok := strings.Cut(string(text), "\n")
	if err != nil || !ok || list != strings.ToLower(path) {
		return "", azureErrorf(http.StatusBadRequest, "InvalidParameter", "The value of parameter $skiptoken is invalid.")
	}
	return last, nil
}
