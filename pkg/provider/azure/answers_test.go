package azure_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// What is missing above the images makes them unknown, and a sentence says what it is.
func TestMissingAbove(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		change func(*imageset.Azure)
		want   string
	}{
		"subscription": {
			func(s *imageset.Azure) { s.Subscription = "00000000-0000-4000-8000-000000000009" },
			"listing the image definitions of gallery CapzFlatcar: SubscriptionNotFound (HTTP 404): " +
				"the subscription does not exist, or the credential may not see it",
		},
		"resource group": {
			func(s *imageset.Azure) { s.ResourceGroup = "elsewhere" },
			"listing the image definitions of gallery CapzFlatcar: ResourceGroupNotFound (HTTP 404): the resource group elsewhere does not exist",
		},
		"gallery": {
			func(s *imageset.Azure) { s.Gallery = "Other" },
			"listing the image definitions of gallery Other: ParentResourceNotFound (HTTP 404): " +
				"there is no such gallery in the resource group cluster-api-images",
		},
		"community gallery": {
			func(s *imageset.Azure) { s.CommunityGallery = "other-1" },
			"listing the image definitions of community gallery other-1 in westeurope: NotFound (HTTP 404): no region is known to have this gallery",
		},
		"the community gallery's subscription": {
			func(s *imageset.Azure) { s.Subscription, s.CommunityGallery = "other", publicName },
			"listing the image definitions of community gallery " + publicName + " in westeurope: SubscriptionNotFound (HTTP 404)",
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			cloud, server := open(t, clouds.AzureConfig{})
			i := image(t, "1.29.7")
			cloud.PutVersion(galleryName, i.Lookup, version("West Europe"))
			settings := private("westeurope")
			c.change(&settings)
			result := gather(t, settings, at(server), i)
			expect(t, result, i, "westeurope: unknown ("+c.want+")")
			if result.Err == nil || result.Err.Error() != c.want {
				t.Errorf("got error %v, want %s", result.Err, c.want)
			}
		})
	}
}

// A 404 for a version is absent only in Azure's own words for it.
func TestNotFoundOfVersion(t *testing.T) {
	t.Parallel()
	arm := func(code string) string { return fmt.Sprintf(`{"error":{"code":%q,"message":"was not found"}}`, code) }
	const absent = "absent (the definition is there, but not its version 3815.2.5)"
	for title, c := range map[string]struct {
		status     int
		body, want string
	}{
		"Resource Manager's":     {404, arm("ResourceNotFound"), absent},
		"the compute provider's": {404, arm("NotFound"), absent},
		"parent":                 {404, arm("ParentResourceNotFound"), "ParentResourceNotFound (HTTP 404)"},
		"resource group":         {404, arm("ResourceGroupNotFound"), "ResourceGroupNotFound (HTTP 404)"},
		"subscription":           {404, arm("SubscriptionNotFound"), "SubscriptionNotFound (HTTP 404)"},
		"a proxy's":              {404, "<html><body>Not Found</body></html>", "HTTP 404"},
		"no body":                {404, "", "HTTP 404"},
		"another status":         {409, arm("ResourceNotFound"), "ResourceNotFound (HTTP 409)"},
		"forbidden":              {403, arm("AuthorizationFailed"), "AuthorizationFailed (HTTP 403)"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			i := image(t, "1.29.7")
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if !strings.Contains(r.URL.Path, "/versions/") {
					_, _ = fmt.Fprintf(w, `{"value":[{"name":%q,"properties":{}}]}`, i.Lookup)
					return
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			want, wantShared := c.want, c.want
			if c.want != absent {
				want = "unknown (asking for version 3815.2.5 of " + i.Lookup + " in gallery CapzFlatcar: " + c.want + ")"
				wantShared = "unknown (asking for version 3815.2.5 of " + i.Lookup + " in community gallery " + publicName + " in westeurope: " + c.want + ")"
			}
			expect(t, gather(t, private("westeurope"), at(server), i), i, "westeurope: "+want)
			expect(t, gather(t, shared("westeurope"), at(server), i), i, "westeurope: "+wantShared)
		})
	}
}

// An answer that lacks what the API promises is none, least of all one that nothing exists.
func TestIncompleteAnswers(t *testing.T) {
	t.Parallel()
	i := image(t, "1.29.7")
	named := fmt.Sprintf(`{"value":[{"name":%q,"properties":{}}]}`, i.Lookup)
	for title, c := range map[string]struct{ list, version string }{
		"empty list":               {"", ""},
		"null list":                {"null", ""},
		"list without value":       {"{}", ""},
		"list with null":           {`{"value":null}`, ""},
		"list of null":             {`{"value":[null]}`, ""},
		"list of nameless":         {`{"value":[{"properties":{}}]}`, ""},
		"list without properties":  {`{"value":[{"name":"x"}]}`, ""},
		"list of something else":   {`{"value":["x"]}`, ""},
		"list that is an error":    {`{"error":{"code":"InternalServerError"}}`, ""},
		"list that is a page":      {"<html><body>Sign in</body></html>", ""},
		"empty version":            {named, ""},
		"version without anything": {named, "{}"},
		"version without name":     {named, `{"properties":{"provisioningState":"Succeeded"}}`},
		"another version":          {named, `{"name":"3815.2.4","properties":{"provisioningState":"Succeeded"}}`},
		"version without content":  {named, `{"name":"3815.2.5"}`},
		"version that is a page":   {named, "<html><body>Sign in</body></html>"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			server := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.Path, "/versions/") {
					_, _ = io.WriteString(w, c.version)
					return
				}
				_, _ = io.WriteString(w, c.list)
			})
			for _, settings := range []imageset.Azure{private("westeurope"), shared("westeurope")} {
				result := gather(t, settings, at(server), i)
				got := states(result.Findings[i.Lookup])[0]
				if !strings.HasPrefix(got, "westeurope: unknown (") || !strings.HasSuffix(got, ": the answer is incomplete or not one of Azure)") {
					t.Errorf("got %s", got)
				}
				if result.Err == nil {
					t.Error("there is no error")
				}
			}
		})
	}
}

// One broken image must not hide the others, and the error says how many there are.
func TestSomeVersionsFail(t *testing.T) {
	t.Parallel()
	fine, broken, gone := image(t, "1.29.7"), image(t, "1.29.8"), image(t, "1.29.9")
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !strings.Contains(r.URL.Path, "/versions/"):
			_, _ = fmt.Fprintf(w, `{"value":[{"name":%q,"properties":{}},{"name":%q,"properties":{}}]}`, fine.Lookup, broken.Lookup)
		case strings.Contains(r.URL.Path, broken.Lookup):
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, `{"error":{"code":"AuthorizationFailed"}}`)
		default:
			_, _ = io.WriteString(w, `{"name":"3815.2.5","properties":{"provisioningState":"Succeeded",
				"replicationStatus":{"summary":[{"region":"West Europe","state":"Completed"},{"region":"East US","state":"Completed"}]}}}`)
		}
	})
	refused := "asking for version 3815.2.5 of " + broken.Lookup + " in gallery CapzFlatcar: AuthorizationFailed (HTTP 403)"
	result := gather(t, private("westeurope", "eastus"), at(server), fine, broken, gone)
	expect(t, result, fine, "westeurope: present", "eastus: present")
	expect(t, result, broken, "westeurope: unknown ("+refused+")", "eastus: unknown ("+refused+")")
	expect(t, result, gone, "westeurope: absent", "eastus: absent")
	if result.Err == nil || result.Err.Error() != refused {
		t.Errorf("got error %v, want %s", result.Err, refused)
	}

	result = gather(t, shared("westeurope", "eastus"), at(server), fine, broken, gone)
	want := "asking for version 3815.2.5 of " + broken.Lookup + " in community gallery " + publicName +
		" in westeurope: AuthorizationFailed (HTTP 403) (and 1 more)"
	if result.Err == nil || result.Err.Error() != want {
		t.Errorf("got error %v, want %s", result.Err, want)
	}
	expect(t, result, fine, "westeurope: present", "eastus: present")
}
