package clouddirector_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/internal/clouds"
)

func TestCertificate(t *testing.T) {
	t.Parallel()
	vcd := newVCD()
	env := environment("VCD_ALLOW_UNVERIFIED_SSL", "false")
	_, problem := find(t, newSource(t, vcd, env), "image")
	want := "logging in to organisation giantswarm: the server's certificate is signed by an unknown authority"
	if problem != want || len(vcd.Requests()) != 0 {
		t.Errorf("got %q and the requests %v", problem, operations(vcd))
	}
}

func TestOldVersion(t *testing.T) {
	t.Parallel()
	vcd := clouds.NewVCD(clouds.VCDConfig{Org: org, Versions: []string{"36.0", "36.3"}})
	_, problem := find(t, newSource(t, vcd, environment()), "image")
	want := "logging in to organisation giantswarm: there is no login for API version 37.0, which Cloud Director has from 10.4 on"
	if problem != want {
		t.Errorf("got %q", problem)
	}
}

// TestLoginAnswers answers the login with what the SDK takes for success.
func TestLoginAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env        map[string]string
		path, body string
		want       string
	}{
		"versions: web page":           {environment(), "/api/versions", "<html><body>Sign in</body></html>", notUnderstood},
		"versions: nothing":            {environment(), "/api/versions", "", notUnderstood},
		"login: no access token":       {environment(), "/cloudapi/1.0.0/sessions", "{}", "the answer to the login has no access token"},
		"API token: no access token":   {withToken(), "/oauth/tenant/giantswarm/token", "{}", "NOT_ACCEPTABLE (HTTP 406)"},
		"API token: web page":          {withToken(), "/oauth/tenant/giantswarm/token", "<html/>", notUnderstood},
		"API token: list is no list":   {withToken(), "/api/org", "sorry", notUnderstood},
		"API token: versions unheeded": {withToken(), "/api/versions", "<SupportedVersions/>", notUnderstood},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := intercept(newVCD(), func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == c.path {
					_, _ = io.WriteString(w, c.body)
				}
				return r.URL.Path == c.path
			})
			_, problem := find(t, newSource(t, server, c.env), "image")
			if want := "logging in to organisation giantswarm: " + c.want; problem != want {
				t.Errorf("got  %q\nwant %q", problem, want)
			}
		})
	}
}

// TestNeverToOthers has the server name an address without TLS, or another one by redirection, for the login.
func TestNeverToOthers(t *testing.T) {
	t.Parallel()
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("got %s %s with %v", r.Method, r.URL, r.Header)
	}))
	t.Cleanup(other.Close)
	for name, c := range map[string]struct {
		path   string
		answer func(http.ResponseWriter, *http.Request)
		want   string
	}{
		"login without TLS": {"/api/versions", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "<SupportedVersions><VersionInfo><Version>37.0</Version><LoginUrl>%s</LoginUrl></VersionInfo></SupportedVersions>", other.URL)
		}, "the server wants credentials sent without TLS"},
		"redirected login": {"/cloudapi/1.0.0/sessions", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}, "HTTP 307"},
		"redirected query": {"/api/query", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL, http.StatusFound)
		}, "HTTP 302"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := intercept(newVCD(), func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path == c.path {
					c.answer(w, r)
				}
				return r.URL.Path == c.path
			})
			if _, problem := find(t, newSource(t, server, environment()), "image"); !strings.HasSuffix(problem, ": "+c.want) {
				t.Errorf("got %q", problem)
			}
		})
	}
}
