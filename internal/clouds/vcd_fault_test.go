package clouds

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestVCDFaults looks at the refusals in the formats of both APIs.
func TestVCDFaults(t *testing.T) {
	t.Parallel()
	for fault, want := range map[Fault]struct {
		status           int
		code, retryAfter string
	}{
		Forbidden:       {403, "ACCESS_TO_RESOURCE_IS_FORBIDDEN", ""},
		Unauthenticated: {401, "", ""},
		Throttled:       {429, "TOO_MANY_REQUESTS", "1"},
		ServerError:     {500, "INTERNAL_SERVER_ERROR", ""},
		Unavailable:     {503, "SERVICE_UNAVAILABLE", ""},
	} {
		for target, format := range map[string]string{
			"/api/org":                         `majorErrorCode="%d" minorErrorCode="%s" message="[ 00000000-`,
			"/cloudapi/1.0.0/sessions/current": `"minorErrorCode":"%[2]s","stackTrace":null}`,
		} {
			v := newAcme(VCDConfig{})
			v.Fail(acme, fault)
			res := vcdAsk(t, v, http.MethodGet, target, vcdXML)
			body := vcdBody(t, res)
			if res.StatusCode != want.status || res.Header.Get("Retry-After") != want.retryAfter {
				t.Errorf("%s %s: got %d, Retry-After %q", fault, target, res.StatusCode, res.Header.Get("Retry-After"))
			}
			switch part := fmt.Sprintf(format, want.status, want.code); {
			case want.code == "" && body != "", want.code != "" && !strings.Contains(body, part):
				t.Errorf("%s %s: got %s", fault, target, body)
			}
		}
	}
}

// TestVCDLocations shows for which organisation requests count, and that no credential is on record.
func TestVCDLocations(t *testing.T) {
	t.Parallel()
	v := newAcme(VCDConfig{Org: "default"})
	session := "Bearer " + v.openSession(acme)
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte(acmeUser+"@"+acme+":"+acmePass))
	for _, c := range []struct {
		method, target, authorization, form string
		want                                Request
	}{
		{"GET", "/api/versions", "", "", Request{Location: "default", Operation: "GET /api/versions"}},
		{"POST", "/cloudapi/1.0.0/sessions", basic, "", Request{Location: acme, Operation: "POST /cloudapi/1.0.0/sessions"}},
		{
			"POST", "/oauth/tenant/acme/token", "", "grant_type=refresh_token&refresh_token=" + acmeToken,
			Request{Location: acme, Operation: "POST /oauth/tenant/{org}/token"},
		},
		{"GET", "/api/org", session, "", Request{Location: acme, Operation: "GET /api/org"}},
		{"GET", "/api/query?type=catalog&filter=name==a;orgName==b%20c", session, "", Request{
			Location: acme, Operation: "query catalog", Params: url.Values{"type": {"catalog"}, "filter": {"name==a;orgName==b c"}},
		}},
		{"GET", "/api/org", "Bearer forgotten", "", Request{Location: "default", Operation: "GET /api/org"}},
	} {
		v.Reset()
		r := httptest.NewRequest(c.method, c.target, strings.NewReader(c.form))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", c.authorization)
		v.ServeHTTP(httptest.NewRecorder(), r)
		if diff := cmp.Diff([]Request{c.want}, v.Requests()); diff != "" {
			t.Error(diff)
		}
		for _, secret := range []string{acmePass, acmeToken, session} {
			if strings.Contains(fmt.Sprint(v.Requests()), secret) {
				t.Errorf("a credential is on record: %v", v.Requests())
			}
		}
	}
}
