package versions_test

import (
	"errors"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/pkg/versions"
	"github.com/google/go-cmp/cmp"
)

const (
	githubKubernetes = "/api/v3/repos/kubernetes/kubernetes/releases"
	schedulePath     = "/data/releases/schedule.yaml"
)

// kubernetesUpstream has 1.28 to 1.31, with 1.28 out of support, and two pages of releases.
func kubernetesUpstream(t *testing.T) *upstream {
	t.Helper()
	schedule, err := os.ReadFile("testdata/kubernetes/schedule.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, map[string]http.HandlerFunc{
		"/release/stable.txt":      body("v1.31.3"),
		"/release/stable-1.31.txt": body("v1.31.3\n"),
		"/release/stable-1.30.txt": body("v1.30.7"),
		"/release/stable-1.29.txt": body("v1.29.11"),
		"/release/stable-1.28.txt": body("v1.28.15"),
		schedulePath:               body(string(schedule)),
		githubKubernetes: paged(
			releases("v1.32.0-rc.0", "v1.31.3", "v1.30.7", "v1.29.11", "v1.31.2", "v1.30.6", "v1.29.10", "v1.28.15"),
			releases("v1.28.14", "v1.31.0", "v1.31.0-rc.1", "v1.30.0", "v1.29.0", "v1.28.0"), releases("v1.27.0")),
	})
}

// Each query asks for what it needs, and gets the right answer from it.
func TestKubernetes(t *testing.T) {
	t.Parallel()
	const (
		newest       = "/release/stable.txt"
		marker31     = "/release/stable-1.31.txt"
		marker30     = "/release/stable-1.30.txt"
		marker29     = "/release/stable-1.29.txt"
		marker28     = "/release/stable-1.28.txt"
		page1, page2 = githubKubernetes + "?per_page=100", githubKubernetes + "?page=2&per_page=100"
		page3        = githubKubernetes + "?page=3&per_page=100"
	)
	for name, tc := range map[string]struct {
		query       string
		prereleases bool
		endOfLife   bool
		want        []string
		asked       []string
	}{
		"stable": {query: "stable", want: []string{"1.31.3"}, asked: []string{newest, page1}},
		"minor":  {query: "1.29", want: []string{"1.29.11"}, asked: []string{marker29, page1}},
		"minor out of support": {
			query: "1.28", want: []string{"1.28.15"},
			asked: []string{marker28, page1},
		},
		"minors and an exact one": {
			query: "1.30,1.29.3,1.29,1.30", want: []string{"1.30.7", "1.29.11", "1.29.3"},
			asked: []string{marker30, marker29, page1},
		},
		"range": {
			query: ">=1.28", want: []string{"1.31.3", "1.30.7", "1.29.11"},
			asked: []string{newest, schedulePath, marker31, marker30, marker29, page1},
		},
		"range, support or not": {
			query: ">=1.28", endOfLife: true, want: []string{"1.31.3", "1.30.7", "1.29.11", "1.28.15"},
			asked: []string{newest, marker31, marker30, marker29, marker28, page1},
		},
		"range without a start": {
			query: "<1.30", want: []string{"1.29.11"},
			asked: []string{newest, schedulePath, marker29, page1},
		},
		"range without a start that ends within a minor": {
			query: "<=1.29.10", want: []string{"1.29.10"},
			asked: []string{newest, schedulePath, marker29, page1},
		},
		"range without a start that ends on the next page": {
			query: "<1.30.6", want: []string{"1.30.0", "1.29.11"},
			asked: []string{newest, schedulePath, marker30, marker29, page1, page2},
		},
		"caret, which no minor ends": {
			query: "^1.28", want: []string{"1.31.3", "1.30.7", "1.29.11"},
			asked: []string{newest, schedulePath, marker31, marker30, marker29, page1},
		},
		"end in another major": {
			query: ">=1.28 <2", want: []string{"1.31.3", "1.30.7", "1.29.11"},
			asked: []string{newest, schedulePath, marker31, marker30, marker29, page1},
		},
		"wildcard minor": {
			query: "1.x", want: []string{"1.31.3", "1.30.7", "1.29.11"},
			asked: []string{newest, schedulePath, marker31, marker30, marker29, page1},
		},
		"alternatives, one without an end": {
			query: "~1.28 || >=1.30", want: []string{"1.31.3", "1.30.7"},
			asked: []string{newest, schedulePath, marker31, marker30, page1},
		},
		"both ends": {
			query: ">=1.28 <1.31", want: []string{"1.30.7", "1.29.11", "1.28.15"},
			asked: []string{newest, marker30, marker29, marker28, page1},
		},
		"both ends, in the other order": {
			query: "<1.30 >=1.28", want: []string{"1.29.11", "1.28.15"},
			asked: []string{newest, marker29, marker28, page1},
		},
		"both ends in and out of support": {
			query: "1.28 - 1.30", want: []string{"1.30.7", "1.29.11", "1.28.15"},
			asked: []string{newest, marker30, marker29, marker28, page1},
		},
		"tilde out of support": {query: "~1.28", want: []string{"1.28.15"}, asked: []string{newest, marker28, page1}},
		"wildcard patch":       {query: "1.28.x", want: []string{"1.28.15"}, asked: []string{newest, marker28, page1}},
		"alternatives with ends": {
			query: "~1.28 || ~1.30", want: []string{"1.30.7", "1.28.15"},
			asked: []string{newest, marker30, marker28, page1},
		},
		"both ends beside none": {
			query: "~1.28, >=1.30", want: []string{"1.31.3", "1.30.7", "1.28.15"},
			asked: []string{newest, marker28, schedulePath, marker31, marker30, page1},
		},
		"both ends within a minor": {
			query: ">=1.29 <=1.29.10", want: []string{"1.29.10"},
			asked: []string{newest, marker29, page1},
		},
		"both ends, on the next page": {
			query: ">=1.30 <1.30.6", want: []string{"1.30.0"},
			asked: []string{newest, marker30, page1, page2},
		},
		"every patch": {
			query: ">=1.28 <1.30 all", want: []string{"1.29.11", "1.29.10", "1.29.0", "1.28.15", "1.28.14", "1.28.0"},
			asked: []string{page1, page2},
		},
		"every patch, without a start": {
			query: "<1.30 all", want: []string{"1.29.11", "1.29.10", "1.29.0", "1.28.15", "1.28.14", "1.28.0", "1.27.0"},
			asked: []string{page1, page2, page3},
		},
		"every patch of a minor": {query: "1.30 all", want: []string{"1.30.7", "1.30.6", "1.30.0"}, asked: []string{page1, page2}},
		"newest pre-release": {
			query: "latest", prereleases: true, want: []string{"1.32.0-rc.0"},
			asked: []string{newest, page1},
		},
		"range that names a pre-release": {
			query: ">=1.32.0-alpha.0", want: []string{"1.32.0-rc.0"},
			asked: []string{newest, page1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := kubernetesUpstream(t)
			got, err := resolve(t, versions.Config{
				Prereleases: tc.prereleases, EndOfLife: tc.endOfLife,
				Sources: versions.Sources{Kubernetes: u.URL + "/"},
			}, versions.Kubernetes, tc.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Strings()); diff != "" {
				t.Errorf("versions (-want +got):\n%s", diff)
			}
			asked, _, _ := u.take()
			if diff := cmp.Diff(tc.asked, asked); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestKubernetesVersionComplete(t *testing.T) {
	t.Parallel()
	u := kubernetesUpstream(t)
	released := time.Date(2024, 11, 21, 8, 0, 0, 0, time.UTC)
	version := func(number, marker string) versions.Version {
		return versions.Version{Version: number, Source: u.URL + "/release/" + marker, Date: released}
	}
	old := version("1.28.15", "stable-1.28.txt")
	old.Notes = []string{"1.28 is past its end of life: the release schedule has dropped it"}
	for query, want := range map[string]versions.Resolution{
		">=1.27": {
			Versions: []versions.Version{version("1.31.3", "stable.txt"), version("1.30.7", "stable-1.30.txt"), version("1.29.11", "stable-1.29.txt")},
			Notes:    []string{"past the end of life and left out: 1.28, 1.27"},
		},
		"<1.30": {
			Versions: []versions.Version{version("1.29.11", "stable-1.29.txt")},
			Notes:    []string{"past the end of life and left out: 1.28 to 1.0"},
		},
		// The schedule is not asked for, so that nothing is said about support.
		">=1.28 <1.30": {Versions: []versions.Version{version("1.29.11", "stable-1.29.txt"), version("1.28.15", "stable-1.28.txt")}},
		// It is asked for because of another term, so that there is something to say.
		"~1.28,>=1.31": {Versions: []versions.Version{version("1.31.3", "stable.txt"), old}},
	} {
		got, err := resolve(t, versions.Config{Sources: versions.Sources{Kubernetes: u.URL}}, versions.Kubernetes, query)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

// The newest patch that any source knows is taken, and the warning names all values with their sources.
func TestKubernetesSourcesDisagree(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		marker, stable string
		github         []string
		query, want    string
		said           []string
	}{
		"GitHub is ahead": {
			marker: "v1.29.10", github: []string{"v1.29.11", "v1.29.10"}, query: "1.29", want: "1.29.11",
			said: []string{"1.29.11 (", "/kubernetes/kubernetes/releases)", "1.29.10 (", "stable-1.29.txt)"},
		},
		"the marker is ahead": {
			marker: "v1.29.12", github: []string{"v1.29.11"}, query: "1.29", want: "1.29.12",
			said: []string{"1.29.12 (", "1.29.11 ("},
		},
		"the newest marker went back": {
			stable: "v1.31.0", github: []string{"v1.32.0-rc.0", "v1.31.1", "v1.31.0"}, query: "stable",
			want: "1.31.1", said: []string{"newest 1.31", "1.31.1 (", "1.31.0 (", "/release/stable.txt)"},
		},
		"a new minor": {
			stable: "v1.31.3", github: []string{"v1.32.0", "v1.31.3"}, query: "latest", want: "1.32.0",
			said: []string{"newest version", "1.32.0 (", "1.31.3 (", "/release/stable.txt)"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := kubernetesUpstream(t)
			u.set("/release/stable-1.29.txt", body(tc.marker))
			u.set("/release/stable.txt", body(tc.stable))
			u.set(githubKubernetes, body(releases(tc.github...)))
			got, err := resolve(t, versions.Config{Sources: versions.Sources{Kubernetes: u.URL}}, versions.Kubernetes, tc.query)
			if err != nil {
				t.Fatal(err)
			}
			said := strings.Join(warnings(got), "\n")
			if got.Versions[0].Version != tc.want || strings.Count(said, "disagree") != 1 {
				t.Errorf("got %v with warnings %q, want %s and one disagreement", got.Strings(), said, tc.want)
			}
			for _, part := range tc.said {
				if !strings.Contains(said, part) {
					t.Errorf("got warnings %q, want %q in them", said, part)
				}
			}
		})
	}
}

// That a minor does not exist must come from the server, or from the minor being beyond the newest one.
func TestKubernetesUnknownMinor(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path, query string
		code        int
		input       bool
	}{
		"beyond the newest, 404": {"/release/stable-1.99.txt", "1.99", http.StatusNotFound, true},
		"beyond the newest, 403": {"/release/stable-1.99.txt", "1.99", http.StatusForbidden, true},
		"below the newest, 404":  {"/release/stable-1.5.txt", "1.5", http.StatusNotFound, true},
		"below the newest, 403":  {"/release/stable-1.29.txt", "1.29", http.StatusForbidden, false},
		"in a range, 404":        {"/release/stable-1.29.txt", ">=1.29", http.StatusNotFound, false},
		"between both ends, 404": {"/release/stable-1.29.txt", ">=1.28 <1.31", http.StatusNotFound, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := kubernetesUpstream(t)
			u.set(tc.path, status(tc.code))
			_, err := resolve(t, versions.Config{Sources: versions.Sources{Kubernetes: u.URL}}, versions.Kubernetes, tc.query)
			var input *versions.InputError
			var source *versions.SourceError
			switch {
			case tc.input && (!errors.As(err, &input) || !strings.Contains(err.Error(), "the newest known is 1.31.3")):
				t.Errorf("got %T %v, want *InputError that says the newest", err, err)
			case !tc.input && (!errors.As(err, &source) || source.URL != u.URL+tc.path):
				t.Errorf("got %T %v, want *SourceError about %s", err, err, tc.path)
			}
		})
	}
}

// Where GitHub only adds to an answer, failing to get it is a warning; where it is the answer, an error.
func TestKubernetesWithoutGitHub(t *testing.T) {
	t.Parallel()
	u := kubernetesUpstream(t)
	u.set(githubKubernetes, status(http.StatusForbidden, "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1733058000"))
	config := versions.Config{Sources: versions.Sources{Kubernetes: u.URL}}
	got, err := resolve(t, config, versions.Kubernetes, ">=1.30,1.29")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1.31.3", "1.30.7", "1.29.11"}, got.Strings()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := "kubernetes releases on GitHub (" + u.URL + githubKubernetes + "?per_page=100): status 403 Forbidden: " +
		"rate limit reached, it resets at 2024-12-01T13:00:00Z; with a token it is higher: the markers were not compared with it"
	for _, v := range got.Versions {
		if !slices.Contains(v.Warnings, want) {
			t.Errorf("%s: got warnings %q, want %q", v.Version, v.Warnings, want)
		}
	}
	for _, query := range []string{"1.29 all", ">=1.29 <=1.29.5"} {
		_, err := resolve(t, config, versions.Kubernetes, query)
		var source *versions.SourceError
		if !errors.As(err, &source) || !source.RetryAt.Equal(time.Unix(1733058000, 0)) {
			t.Errorf("%s: got %T %v, want *SourceError with the time of the reset", query, err, err)
		}
	}
	config.Prereleases = true
	var source *versions.SourceError
	if _, err := resolve(t, config, versions.Kubernetes, "latest"); !errors.As(err, &source) {
		t.Errorf("latest pre-release: got %T %v, want *SourceError", err, err)
	}
}

// A list that never ends is given up, not followed for ever.
func TestKubernetesEndlessList(t *testing.T) {
	t.Parallel()
	u := kubernetesUpstream(t)
	u.set(githubKubernetes, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Link", `<http://`+r.Host+githubKubernetes+`?page=2>; rel="next"`)
		body(releases("v1.31.3"))(w, r)
	})
	_, err := resolve(t, versions.Config{Sources: versions.Sources{Kubernetes: u.URL}}, versions.Kubernetes, "1.31 all")
	if err == nil || !strings.Contains(err.Error(), "the list goes on after 20 pages") {
		t.Errorf("got %v, want the list to be given up", err)
	}
}
