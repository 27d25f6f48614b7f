package clouds

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	azureTestGallery   = "/subscriptions/sub/resourceGroups/images/providers/Microsoft.Compute/galleries/Capz/images"
	azureTestCommunity = "/subscriptions/sub/providers/Microsoft.Compute/locations/westeurope/communityGalleries/capz-1/images"
	azureTestVersion   = "?api-version=2025-03-03"
)

// newTestAzure has the gallery Capz with the image a in two regions, and the definition b without versions.
func newTestAzure(t *testing.T, c AzureConfig) (*Azure, *httptest.Server) {
	t.Helper()
	a := NewAzure(c)
	a.AddGallery(AzureGallery{Subscription: "sub", ResourceGroup: "images", Name: "Capz", PublicName: "capz-1"})
	a.PutDefinition("Capz", AzureDefinition{Name: "b", HyperVGeneration: "V1", Architecture: "Arm64"})
	a.PutVersion("Capz", "a", AzureVersion{
		Name:      "1.2.3",
		Regions:   map[string]string{"West Europe": "Completed", "East US": "Replicating"},
		EndOfLife: time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC),
	})
	return a, start(t, a)
}

// azureAnswer is an answer of Azure, as far as tests look at it.
type azureAnswer struct {
	status int
	header http.Header
	Error  struct{ Code, Message string }
	Value  []struct {
		Name       string
		Properties map[string]any
	}
	NextLink   string
	Name, ID   string
	Identifier struct{ UniqueID string }
	Properties map[string]any
}

func askAzure(t *testing.T, method, url, token string) azureAnswer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer := azureAnswer{status: res.StatusCode, header: res.Header}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil && err != io.EOF {
		t.Fatalf("%s is no JSON: %v", url, err)
	}
	return answer
}

func TestAzureRefuses(t *testing.T) {
	t.Parallel()
	_, server := newTestAzure(t, AzureConfig{Subscriptions: []string{"reader"}})
	for name, c := range map[string]struct {
		method, path, token string
		status              int
		code                string
	}{
		"no token":             {"GET", azureTestGallery + azureTestVersion, "", 401, "AuthenticationFailed"},
		"another scheme":       {"GET", azureTestGallery + azureTestVersion, "Basic abc", 401, "AuthenticationFailed"},
		"no api-version":       {"GET", azureTestGallery, "Bearer t", 400, "MissingApiVersionParameter"},
		"unknown api-version":  {"GET", azureTestGallery + "?api-version=2019-01-01", "Bearer t", 400, "NoRegisteredProviderFound"},
		"writing":              {"PUT", azureTestGallery + azureTestVersion, "Bearer t", 404, "InvalidResourceType"},
		"other paths":          {"GET", "/subscriptions/sub" + azureTestVersion, "Bearer t", 404, "InvalidResourceType"},
		"unknown expansion":    {"GET", azureTestGallery + "/a/versions/1.2.3" + azureTestVersion + "&$expand=Everything", "Bearer t", 400, "InvalidParameter"},
		"expansion of a list":  {"GET", azureTestGallery + azureTestVersion + "&$expand=ReplicationStatus", "Bearer t", 400, "InvalidParameter"},
		"wrong page":           {"GET", azureTestGallery + azureTestVersion + "&$skiptoken=abc", "Bearer t", 400, "InvalidParameter"},
		"unknown subscription": {"GET", strings.Replace(azureTestGallery, "/sub/", "/x/", 1) + azureTestVersion, "Bearer t", 404, "SubscriptionNotFound"},
		"empty subscription":   {"GET", strings.Replace(azureTestGallery, "/sub/", "/reader/", 1) + azureTestVersion, "Bearer t", 404, "ResourceGroupNotFound"},
		"unknown group":        {"GET", strings.Replace(azureTestGallery, "/images/", "/x/", 1) + azureTestVersion, "Bearer t", 404, "ResourceGroupNotFound"},
		"unknown gallery":      {"GET", strings.Replace(azureTestGallery, "Capz", "x", 1) + azureTestVersion, "Bearer t", 404, "ParentResourceNotFound"},
		"unknown definition":   {"GET", azureTestGallery + "/x/versions/1.2.3" + azureTestVersion, "Bearer t", 404, "ParentResourceNotFound"},
		"unknown version":      {"GET", azureTestGallery + "/a/versions/1.2.4" + azureTestVersion, "Bearer t", 404, "ResourceNotFound"},
		"version of none":      {"GET", azureTestGallery + "/b/versions/1.2.3" + azureTestVersion, "Bearer t", 404, "ResourceNotFound"},
		"not shared":           {"GET", strings.Replace(azureTestCommunity, "capz-1", "capz-2", 1) + azureTestVersion, "Bearer t", 404, "NotFound"},
		"not in the region":    {"GET", strings.Replace(azureTestCommunity, "westeurope", "eastus", 1) + azureTestVersion, "Bearer t", 404, "NotFound"},
		"not the version":      {"GET", azureTestCommunity + "/a/versions/1.2.4" + azureTestVersion, "Bearer t", 404, "NotFound"},
		"not the image":        {"GET", azureTestCommunity + "/x/versions/1.2.3" + azureTestVersion, "Bearer t", 404, "NotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := askAzure(t, c.method, server.URL+c.path, c.token)
			if got.status != c.status || got.Error.Code != c.code || got.Error.Message == "" {
				t.Errorf("got %d %+v, want %d %s", got.status, got.Error, c.status, c.code)
			}
			if challenged := got.header.Get("WWW-Authenticate") != ""; challenged != (c.status == 401) {
				t.Errorf("got a challenge: %t", challenged)
			}
		})
	}
}

func TestAzureList(t *testing.T) {
	t.Parallel()
	_, server := newTestAzure(t, AzureConfig{Subscriptions: []string{"reader"}})
	want := map[string][2]string{"a": {"V2", "x64"}, "b": {"V1", "Arm64"}}
	for name, path := range map[string]string{
		"private":                     azureTestGallery,
		"in capitals":                 strings.ToUpper(azureTestGallery),
		"community":                   azureTestCommunity,
		"community by another reader": strings.Replace(azureTestCommunity, "/sub/", "/reader/", 1),
		"region as Azure writes it":   strings.Replace(azureTestCommunity, "westeurope", "West%20Europe", 1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := askAzure(t, "GET", server.URL+path+azureTestVersion, "Bearer t")
			got := map[string][2]string{}
			for _, v := range answer.Value {
				got[v.Name] = [2]string{v.Properties["hyperVGeneration"].(string), v.Properties["architecture"].(string)}
			}
			if diff := cmp.Diff(want, got); diff != "" || answer.NextLink != "" {
				t.Errorf("%s, next %q", diff, answer.NextLink)
			}
		})
	}
}

func TestAzurePages(t *testing.T) {
	t.Parallel()
	a, server := newTestAzure(t, AzureConfig{PageLimit: 2})
	for _, name := range []string{"e", "c", "d"} {
		a.PutDefinition("Capz", AzureDefinition{Name: name})
	}
	for _, path := range []string{azureTestGallery, azureTestCommunity} {
		var pages []string
		for link := server.URL + path + azureTestVersion; link != ""; {
			answer := askAzure(t, "GET", link, "Bearer t")
			names := ""
			for _, v := range answer.Value {
				names += v.Name
			}
			pages = append(pages, names)
			link = answer.NextLink
		}
		if diff := cmp.Diff([]string{"ab", "cd", "e"}, pages); diff != "" {
			t.Error(diff)
		}
	}
	token := "&$skiptoken=" + azureSkipToken(azureTestCommunity, "a")
	if got := askAzure(t, "GET", server.URL+azureTestGallery+azureTestVersion+token, "Bearer t"); got.status != 400 {
		t.Errorf("a page of another list: got %d", got.status)
	}
}

func TestAzureEmptyList(t *testing.T) {
	t.Parallel()
	a, server := newTestAzure(t, AzureConfig{})
	a.AddGallery(AzureGallery{Subscription: "sub", ResourceGroup: "images", Name: "Empty"})
	got := askAzure(t, "GET", server.URL+strings.Replace(azureTestGallery, "Capz", "Empty", 1)+azureTestVersion, "Bearer t")
	if got.status != 200 || got.Value == nil || len(got.Value) > 0 {
		t.Errorf("got %+v", got)
	}
}

// Replication states are there only for those who ask for them.
func TestAzureVersion(t *testing.T) {
	t.Parallel()
	_, server := newTestAzure(t, AzureConfig{})
	url := server.URL + azureTestGallery + "/A/versions/1.2.3" + azureTestVersion
	plain, expanded := askAzure(t, "GET", url, "Bearer t"), askAzure(t, "GET", url+"&$expand=ReplicationStatus", "Bearer t")
	if _, ok := plain.Properties["replicationStatus"]; ok {
		t.Error("replication states without being asked for")
	}
	want := map[string]any{
		"provisioningState": "Succeeded",
		"publishingProfile": map[string]any{
			"publishedDate": "2024-01-01T00:00:00Z", "endOfLifeDate": "2026-01-01T00:00:00Z",
			"targetRegions": []any{map[string]any{"name": "East US"}, map[string]any{"name": "West Europe"}},
		},
		"replicationStatus": map[string]any{"aggregatedState": "InProgress", "summary": []any{
			map[string]any{"region": "East US", "state": "Replicating", "details": "", "progress": 0.0},
			map[string]any{"region": "West Europe", "state": "Completed", "details": "", "progress": 0.0},
		}},
	}
	if diff := cmp.Diff(want, expanded.Properties); diff != "" {
		t.Error(diff)
	}
	if want := "/subscriptions/sub/resourceGroups/images/providers/Microsoft.Compute/galleries/Capz/images/a/versions/1.2.3"; expanded.ID != want {
		t.Errorf("got ID %s, want %s", expanded.ID, want)
	}
}

func TestAzureAggregatedState(t *testing.T) {
	t.Parallel()
	for want, states := range map[string][]string{
		"Completed": {"Completed", "Completed"}, "InProgress": {"Completed", "Replicating"},
		"Unknown": {"Replicating", "Unknown"}, "Failed": {"Unknown", "Failed"},
	} {
		v := AzureVersion{Regions: map[string]string{"a": states[0], "b": states[1]}}
		if got := v.aggregated(); got != want {
			t.Errorf("%v: got %s, want %s", states, got, want)
		}
	}
}

func TestAzureCommunityVersion(t *testing.T) {
	t.Parallel()
	a, server := newTestAzure(t, AzureConfig{})
	url := server.URL + azureTestCommunity + "/a/versions/1.2.3" + azureTestVersion
	got := askAzure(t, "GET", url, "Bearer t")
	want := map[string]any{"publishedDate": "2024-01-01T00:00:00Z", "endOfLifeDate": "2026-01-01T00:00:00Z"}
	if diff := cmp.Diff(want, got.Properties); diff != "" || got.Identifier.UniqueID != "/CommunityGalleries/capz-1/Images/a/Versions/1.2.3" {
		t.Errorf("%s %+v", diff, got)
	}
	// What is not whole any more is gone for consumers, and the gallery with it.
	a.PutVersion("Capz", "a", AzureVersion{Name: "1.2.3", State: "Updating", Regions: map[string]string{"West Europe": "Completed"}})
	if got := askAzure(t, "GET", url, "Bearer t"); got.status != 404 {
		t.Errorf("got %d", got.status)
	}
}

func TestAzureContentsChange(t *testing.T) {
	t.Parallel()
	a, server := newTestAzure(t, AzureConfig{})
	url := server.URL + azureTestGallery + "/a/versions/1.2.3" + azureTestVersion
	a.PutVersion("Capz", "a", AzureVersion{Name: "1.2.3", State: "Failed"})
	if got := askAzure(t, "GET", url, "Bearer t").Properties["provisioningState"]; got != "Failed" {
		t.Errorf("got %v after it was replaced", got)
	}
	if !a.RemoveVersion("Capz", "a", "1.2.3") || a.RemoveVersion("Capz", "a", "1.2.3") || a.RemoveVersion("Capz", "x", "1.2.3") {
		t.Error("RemoveVersion does not tell what it did")
	}
	if got := askAzure(t, "GET", url, "Bearer t"); got.Error.Code != "ResourceNotFound" {
		t.Errorf("got %+v after it was removed", got.Error)
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic over an unknown gallery")
		}
	}()
	a.PutDefinition("x", AzureDefinition{Name: "a"})
}

func TestAzureFaults(t *testing.T) {
	t.Parallel()
	for f, want := range map[Fault]struct {
		status int
		code   string
	}{
		Forbidden: {403, "AuthorizationFailed"}, Unauthenticated: {401, "InvalidAuthenticationToken"},
		Throttled: {429, "SubscriptionRequestsThrottled"}, ServerError: {500, "InternalServerError"},
		Unavailable: {503, "ServiceUnavailable"},
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			a, server := newTestAzure(t, AzureConfig{RetryAfter: 17 * time.Second})
			a.Fail("Capz", f)
			a.Fail("westeurope", f)
			for _, path := range []string{azureTestGallery, azureTestCommunity} {
				got := askAzure(t, "GET", server.URL+path+azureTestVersion, "Bearer t")
				if got.status != want.status || got.Error.Code != want.code {
					t.Errorf("got %d %s, want %+v", got.status, got.Error.Code, want)
				}
				if after := got.header.Get("Retry-After"); (after == "17") != (f == Throttled) {
					t.Errorf("got Retry-After %q", after)
				}
			}
		})
	}
}

func TestAzureRequests(t *testing.T) {
	t.Parallel()
	a, server := newTestAzure(t, AzureConfig{})
	for _, path := range []string{
		azureTestGallery, azureTestGallery + "/a/versions/1.2.3", azureTestCommunity,
		azureTestCommunity + "/a/versions/1.2.3", "/elsewhere",
	} {
		askAzure(t, "GET", server.URL+path+azureTestVersion, "Bearer t")
	}
	params := func(pairs ...string) url.Values {
		v := url.Values{"api-version": {"2025-03-03"}}
		for pair := range slices.Chunk(pairs, 2) {
			v.Set(pair[0], pair[1])
		}
		return v
	}
	private := []string{"subscriptionId", "sub", "resourceGroupName", "images", "galleryName", "Capz"}
	public := []string{"subscriptionId", "sub", "location", "westeurope", "publicGalleryName", "capz-1"}
	version := []string{"galleryImageName", "a", "galleryImageVersionName", "1.2.3"}
	want := []Request{
		{Location: "Capz", Operation: "GalleryImages_ListByGallery", Params: params(private...)},
		{Location: "Capz", Operation: "GalleryImageVersions_Get", Params: params(append(private, version...)...)},
		{Location: "westeurope", Operation: "CommunityGalleryImages_List", Params: params(public...)},
		{Location: "westeurope", Operation: "CommunityGalleryImageVersions_Get", Params: params(append(public, version...)...)},
		{Operation: "GET /elsewhere", Params: params()},
	}
	if diff := cmp.Diff(want, a.Requests()); diff != "" {
		t.Error(diff)
	}
}
