package versions_test

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/pkg/versions"
	"github.com/google/go-cmp/cmp"
)

const (
	toolingRepo     = "/giantswarm/capi-image-builder"
	toolingReleases = "/api/v3/repos" + toolingRepo + "/releases"
	toolingTags     = "/api/v3/repos" + toolingRepo + "/tags"
)

func toolingUpstream(t *testing.T) *upstream {
	t.Helper()
	return serve(t, map[string]http.HandlerFunc{
		toolingReleases: paged(releases("draft:v1.18.0", "pre:v1.17.0", "v1.9.1", "v1.16.0"), releases("v1.15.0", "v1.9.0", "weekly")),
		toolingTags:     paged(tags("v1.9.1", "v1.9.0", "v1.6.4-g839375a04"), tags("v1.18.0", "v1.17.0", "v1.16.0", "v1.15.0", "nightly")),
	})
}

func TestTooling(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		query       string
		prereleases bool
		want        []string
	}{
		"newest, by number":           {"latest", false, []string{"1.16.0"}},
		"minor":                       {"1.9", false, []string{"1.9.1"}},
		"everything":                  {">=0 all", false, []string{"1.16.0", "1.15.0", "1.9.1", "1.9.0"}},
		"pre-releases, and no drafts": {">=1.10", true, []string{"1.18.0", "1.17.0", "1.16.0", "1.15.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := toolingUpstream(t)
			if tc.prereleases { // a draft whose tag exists counts as a pre-release, without one it does not exist
				u.set(toolingReleases, body(releases("draft:v1.19.0", "draft:v1.18.0", "pre:v1.17.0", "v1.16.0", "v1.15.0")))
			}
			got, err := resolve(t, versions.Config{
				Prereleases: tc.prereleases,
				Sources:     versions.Sources{Tooling: u.URL + toolingRepo},
			}, versions.Tooling, tc.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Strings()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if said := warnings(got); said != nil {
				t.Errorf("got warnings %q, want none", said)
			}
		})
	}
}

func TestToolingVersionComplete(t *testing.T) {
	t.Parallel()
	u := toolingUpstream(t)
	got, err := resolve(t, versions.Config{Sources: versions.Sources{Tooling: u.URL + toolingRepo}}, versions.Tooling, "stable")
	if err != nil {
		t.Fatal(err)
	}
	want := versions.Resolution{Versions: []versions.Version{{
		Version: "1.16.0", Source: u.URL + toolingRepo + "/releases",
		Date: time.Date(2024, 11, 21, 8, 0, 0, 0, time.UTC),
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	asked, _, _ := u.take()
	wantAsked := []string{
		toolingReleases + "?per_page=100", toolingReleases + "?page=2&per_page=100",
		toolingTags + "?per_page=100", toolingTags + "?page=2&per_page=100",
	}
	if diff := cmp.Diff(wantAsked, asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// A tag is there before its release: it counts, and the warning says so.
func TestToolingTagWithoutRelease(t *testing.T) {
	t.Parallel()
	u := toolingUpstream(t)
	u.set(toolingTags, body(tags("v1.19.0", "v1.16.0")))
	got, err := resolve(t, versions.Config{Sources: versions.Sources{Tooling: u.URL + toolingRepo}}, versions.Tooling, "latest")
	if err != nil {
		t.Fatal(err)
	}
	site := u.URL + toolingRepo
	want := []versions.Version{{Version: "1.19.0", Source: site + "/tags", Warnings: []string{
		"sources disagree on the newest version: 1.19.0 (" + site + "/tags), 1.16.0 (" + site + "/releases); 1.19.0 is taken",
	}}}
	if diff := cmp.Diff(want, got.Versions); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestToolingFailures(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path   string
		answer http.HandlerFunc
		token  string
		want   []string
		retry  time.Time
	}{
		"private, no token": {toolingReleases, http.NotFound, "", []string{"status 404", "no token given", toolingReleases + "?per_page=100"}, time.Time{}},
		"private, token":    {toolingReleases, http.NotFound, "t", []string{"status 404", "the token may not see it"}, time.Time{}},
		"rate limit": {
			toolingReleases, status(403, "X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1733058000"), "",
			[]string{"rate limit reached, it resets at 2024-12-01T13:00:00Z", "with a token it is higher"},
			time.Unix(1733058000, 0),
		},
		"rate limit, 429": {
			toolingTags, status(429, "Retry-After", "60"), "t",
			[]string{"rate limit reached, it resets at 2024-12-01T12:01:00Z", "tooling tags on GitHub"},
			now.Add(time.Minute),
		},
		"retry at a date": {
			toolingTags, status(503, "Retry-After", "Sun, 01 Dec 2024 12:30:00 GMT"), "t",
			[]string{"status 503", "asked again at 2024-12-01T12:30:00Z"},
			now.Add(30 * time.Minute),
		},
		"secondary rate limit": {toolingReleases, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusForbidden)
			_, _ = w.Write([]byte(`{"message": "slow down", "documentation_url": "https://docs.github.com/rest/overview/rate-limits#secondary-rate-limits"}`))
		}, "t", []string{"rate limit reached, it resets at 2024-12-01T12:02:00Z"}, now.Add(2 * time.Minute)},
		"second page fails": {toolingTags, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Get("page") == "2" {
				status(http.StatusBadGateway)(w, r)
				return
			}
			paged(tags("v1.20.0"), "")(w, r)
		}, "", []string{"status 502", toolingTags + "?per_page=100&page=2"}, time.Time{}},
		"forbidden":   {toolingReleases, status(403), "t", []string{"status 403"}, time.Time{}},
		"web page":    {toolingReleases, page, "", []string{"tooling releases on GitHub", "invalid character '<'"}, time.Time{}},
		"half a page": {toolingReleases, half(`[{"tag_name": "v1.20.0"`), "", []string{"broke off after"}, time.Time{}},
		"cut JSON":    {toolingReleases, body(`[{"tag_name": "v1.20.0"}, {"tag`), "", []string{"unexpected EOF"}, time.Time{}},
		"empty":       {toolingTags, body(""), "", []string{"the answer is empty", toolingTags}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := toolingUpstream(t)
			u.set(tc.path, tc.answer)
			_, err := resolve(t, versions.Config{
				Token: tc.token, TokenHost: u.Listener.Addr().String(), CacheDir: t.TempDir(),
				Sources: versions.Sources{Tooling: u.URL + toolingRepo},
			}, versions.Tooling, "latest")
			var source *versions.SourceError
			if !errors.As(err, &source) || !source.RetryAt.Equal(tc.retry) {
				t.Fatalf("got %T %v, want *SourceError to retry at %v", err, err, tc.retry)
			}
			for _, part := range append(tc.want, u.URL+tc.path) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("got %q, want %q in it", err, part)
				}
			}
		})
	}
}

// When the limit is used up between two pages, the second one is not asked for, and the error has the time of the reset.
func TestToolingLimitBetweenPages(t *testing.T) {
	t.Parallel()
	u := toolingUpstream(t)
	reset := time.Now().Add(time.Hour).UTC().Truncate(time.Second) // go-github compares it with the clock
	u.set(toolingReleases, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-RateLimit-Limit", "60")
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", strconv.FormatInt(reset.Unix(), 10))
		paged(releases("v1.16.0"), releases("v1.15.0"))(w, r)
	})
	_, err := resolve(t, versions.Config{Sources: versions.Sources{Tooling: u.URL + toolingRepo}}, versions.Tooling, "latest")
	var source *versions.SourceError
	if !errors.As(err, &source) || !source.RetryAt.Equal(reset) || !strings.Contains(source.URL, "page=2") {
		t.Errorf("got %T %v, want *SourceError about page 2 with %s", err, err, reset)
	}
	if asked, _, _ := u.take(); len(asked) != 1 {
		t.Errorf("asked %v, want one request", asked)
	}
}
