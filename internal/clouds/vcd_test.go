package clouds

import (
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/go-vcloud-director/v3/govcd"
	"github.com/vmware/go-vcloud-director/v3/types/v56"
)

const (
	acme        = "acme"
	acmeUser    = "reader@example.com" // with an @ of its own
	acmePass    = "opensesame"
	acmeToken   = "long-lived"
	vcdXML      = "application/*+xml;version=37.0"
	vcdJSONType = "application/json;version=37.0"
)

// newAcme is a server with one organisation, its account, and an empty catalog.
func newAcme(c VCDConfig) *VCD {
	v := NewVCD(c)
	v.AddUser(acme, acmeUser, acmePass)
	v.AddAPIToken(acme, acmeToken)
	v.AddCatalog(acme, "images")
	return v
}

// vcdClient is the real client.
func vcdClient(t *testing.T, v *VCD) *govcd.VCDClient {
	t.Helper()
	s := StartTLS(v)
	t.Cleanup(s.Close)
	u, err := url.Parse(s.URL + "/api")
	if err != nil {
		t.Fatal(err)
	}
	return &govcd.VCDClient{Client: govcd.Client{APIVersion: "37.0", VCDHREF: *u, MaxRetryTimeout: 1, Http: http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
	}}}
}

func TestVCDPassword(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		user, password, org string
		want                bool
	}{
		"right":              {acmeUser, acmePass, acme, true},
		"wrong password":     {acmeUser, "guess", acme, false},
		"unknown user":       {"writer", acmePass, acme, false},
		"other organisation": {acmeUser, acmePass, "other", false},
		"API token":          {acmeUser, acmeToken, acme, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newAcme(VCDConfig{})
			v.AddUser("other", "somebody", "else")
			client := vcdClient(t, v)
			err := client.Authenticate(c.user, c.password, c.org)
			if (err == nil) != c.want || (v.Sessions() == 1) != c.want {
				t.Errorf("%v, %d sessions", err, v.Sessions())
			}
		})
	}
}

func TestVCDAPIToken(t *testing.T) {
	t.Parallel()
	for token, want := range map[string]bool{acmeToken: true, acmePass: false, "": false} {
		v := newAcme(VCDConfig{})
		err := vcdClient(t, v).SetToken(acme, govcd.ApiTokenHeader, token)
		if (err == nil) != want || (v.Sessions() == 1) != want {
			t.Errorf("%q: %v, %d sessions", token, err, v.Sessions())
		}
	}
}

// TestVCDLogOut logs out as the API has it. The client's own way is not one of the API.
func TestVCDLogOut(t *testing.T) {
	t.Parallel()
	v := newAcme(VCDConfig{})
	client := vcdClient(t, v)
	if err := client.Authenticate(acmeUser, acmePass, acme); err != nil {
		t.Fatal(err)
	}
	if err := client.Disconnect(); err == nil || v.Sessions() != 1 {
		t.Errorf("Disconnect: %v, %d sessions", err, v.Sessions())
	}
	current, err := client.Client.OpenApiBuildEndpoint(types.OpenApiPathVersion1_0_0, types.OpenApiEndpointSessionCurrent)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Client.OpenApiDeleteItem("37.0", current, nil, nil); err != nil || v.Sessions() != 0 {
		t.Errorf("%v, %d sessions", err, v.Sessions())
	}
	if _, err := client.GetOrgList(); err == nil {
		t.Error("the access token is still good")
	}
}

// TestVCDClient asks as other users of the client do.
func TestVCDClient(t *testing.T) {
	t.Parallel()
	v := newAcme(VCDConfig{PageLimit: 2})
	id := v.AddTemplate(acme, "images", VCDTemplate{Name: "one"})
	v.AddTemplate(acme, "images", VCDTemplate{Name: "two", Status: "UNRESOLVED", Busy: true, Disabled: true, Expired: true})
	v.AddTemplate(acme, "images", VCDTemplate{Name: "three"})
	v.AddCatalog(acme, "empty")
	client := vcdClient(t, v)
	if err := client.Authenticate(acmeUser, acmePass, acme); err != nil {
		t.Fatal(err)
	}
	orgs, err := client.GetOrgList()
	if err != nil || len(orgs.Org) != 1 || orgs.Org[0].Name != acme {
		t.Errorf("%+v %v", orgs, err)
	}
	query := func(parameters map[string]string) *types.QueryResultRecordsType {
		results, err := client.Client.QueryWithNotEncodedParams(nil, parameters)
		if err != nil {
			t.Fatal(err)
		}
		return results.Results
	}
	catalogs := query(map[string]string{"type": "catalog", "filter": "name==images"})
	if len(catalogs.CatalogRecord) != 1 || catalogs.CatalogRecord[0].OrgName != acme || catalogs.CatalogRecord[0].NumberOfVAppTemplates != 3 {
		t.Errorf("catalogs %+v", catalogs)
	}
	got := query(map[string]string{"type": "vAppTemplate", "filter": "catalogName==images;name!=three"})
	want := []*types.QueryResultVappTemplateType{
		{Name: "one", Status: "POWERED_OFF", IsEnabled: true, CreationDate: "2024-01-01T00:00:03.000Z"},
		{Name: "two", Status: "UNRESOLVED", IsBusy: true, IsExpired: true, CreationDate: "2024-01-01T00:00:04.000Z"},
	}
	for _, r := range want {
		r.CatalogName, r.Org = "images", orgs.Org[0].HREF
	}
	if got.Total != 2 || !strings.HasSuffix(got.VappTemplateRecord[0].HREF, "/api/vAppTemplate/vappTemplate-"+id) {
		t.Errorf("%g records, the first is %s", got.Total, got.VappTemplateRecord[0].HREF)
	}
	for _, r := range got.VappTemplateRecord {
		r.HREF = ""
	}
	if diff := cmp.Diff(want, got.VappTemplateRecord); diff != "" {
		t.Error(diff)
	}
}

// vcdAsk sends a request as the session of acme does, or without a session where accept is empty.
func vcdAsk(t *testing.T, v *VCD, method, target, accept string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, target, nil)
	if accept != "" {
		r.Header.Set("Authorization", "Bearer "+v.openSession(acme))
		r.Header.Set("Accept", accept)
	}
	w := httptest.NewRecorder()
	v.ServeHTTP(w, r)
	return w.Result()
}

func vcdBody(t *testing.T, res *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestVCDRefuses(t *testing.T) {
	t.Parallel()
	query := func(rest string) string { return "/api/query?type=vAppTemplate&" + rest }
	for name, c := range map[string]struct {
		method, target, accept string
		status                 int
		want                   string // a part of the body
	}{
		"no session":            {"GET", query(""), "", 406, `minorErrorCode="NOT_ACCEPTABLE"`},
		"unknown path":          {"GET", "/api/vApp/1", vcdXML, 404, `majorErrorCode="404" minorErrorCode="NOT_FOUND"`},
		"other method":          {"DELETE", "/cloudapi/1.0.0/sessions", vcdJSONType, 405, `"minorErrorCode":"METHOD_NOT_ALLOWED"`},
		"unknown version":       {"GET", query(""), "application/*+xml;version=36.0", 406, "Supported API versions are: [37.0, 37.1, 37.2, 38.0, 38.1, 39.0]"},
		"no version":            {"GET", query(""), "application/*+xml", 406, "NOT_ACCEPTABLE"},
		"JSON of the older API": {"GET", query(""), vcdJSONType, 406, "NOT_ACCEPTABLE"},
		"XML of the newer API":  {"DELETE", "/cloudapi/1.0.0/sessions/current", vcdXML, 406, "NOT_ACCEPTABLE"},
		"no type":               {"GET", "/api/query", vcdXML, 400, `The query type &#34;&#34; is not valid.`},
		"unknown type":          {"GET", "/api/query?type=vapptemplate", vcdXML, 400, "BAD_REQUEST"},
		"unknown parameter":     {"GET", query("name=x"), vcdXML, 400, "The parameter &#34;name&#34; is not valid."},
		"parameter twice":       {"GET", query("page=1&page=2"), vcdXML, 400, "BAD_REQUEST"},
		"broken encoding":       {"GET", query("filter=name==%zz"), vcdXML, 400, "BAD_REQUEST"},
		"other format":          {"GET", query("format=idrecords"), vcdXML, 400, "BAD_REQUEST"},
		"page 0":                {"GET", query("page=0"), vcdXML, 400, "BAD_REQUEST"},
		"page that is none":     {"GET", query("page=first"), vcdXML, 400, "BAD_REQUEST"},
		"page size 0":           {"GET", query("pageSize=0"), vcdXML, 400, "BAD_REQUEST"},
		"unknown attribute":     {"GET", query("filter=catalog==x"), vcdXML, 400, "The filter expression &#34;catalog==x&#34; is not valid."},
		"unknown operator":      {"GET", query("filter=name=gt=x"), vcdXML, 400, "BAD_REQUEST"},
		"one half is wrong":     {"GET", query("filter=name==x;y"), vcdXML, 400, "BAD_REQUEST"},
		"parentheses":           {"GET", query("filter=(name==x)"), vcdXML, 400, "BAD_REQUEST"},
		"OAuth grant type":      {"POST", "/oauth/tenant/acme/token", "", 400, `{"error":"unsupported_grant_type"`},
		"OAuth of the provider": {"POST", "/oauth/provider/token", "", 404, `"minorErrorCode":"NOT_FOUND"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			res := vcdAsk(t, newAcme(VCDConfig{}), c.method, c.target, c.accept)
			if body := vcdBody(t, res); res.StatusCode != c.status || !strings.Contains(body, c.want) {
				t.Errorf("got %d %s", res.StatusCode, body)
			}
		})
	}
}

// TestVCDSession sends access tokens in both headers, and some that are none.
func TestVCDSession(t *testing.T) {
	t.Parallel()
	v := newAcme(VCDConfig{})
	token := v.openSession(acme)
	for _, c := range []struct {
		header, value string
		want          int
	}{
		{"Authorization", "Bearer " + token, 200},
		{"Authorization", "bearer " + token, 200},
		{vcdBearer, token, 200},
		{"Authorization", "Bearer " + acmeToken, 401},
		{"Authorization", token, 401},
		{"X-Other", token, 401},
	} {
		r := httptest.NewRequest(http.MethodGet, "/api/org", nil)
		r.Header.Set("Accept", vcdXML)
		r.Header.Set(c.header, c.value)
		w := httptest.NewRecorder()
		if v.ServeHTTP(w, r); w.Code != c.want {
			t.Errorf("%s: %s: got %d", c.header, c.value, w.Code)
		}
	}
}
