package versions_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/pkg/versions"
	"github.com/google/go-cmp/cmp"
)

// everything asks for something of each subject, of a server that has all three.
func everything(t *testing.T) (*upstream, versions.Config, map[versions.Subject]string) {
	t.Helper()
	u := kubernetesUpstream(t)
	for _, other := range []*upstream{flatcarUpstream(t, "4081.2.0", "4081.2.0"), toolingUpstream(t)} {
		for path, answer := range other.answers {
			u.set(path, answer)
		}
	}
	config := versions.Config{
		Now:           now,
		CacheDir:      filepath.Join(t.TempDir(), "made", "when", "needed"),
		Architectures: []string{"amd64", "arm64"},
		Sources:       versions.Sources{Flatcar: u.URL, Kubernetes: u.URL, Tooling: u.URL + toolingRepo},
	}
	return u, config, map[versions.Subject]string{versions.Flatcar: "stable", versions.Kubernetes: ">=1.28", versions.Tooling: "latest"}
}

// A second run makes the same requests, each conditional, gets no body, and has the same answer.
func TestWarmCacheAsksConditionally(t *testing.T) {
	t.Parallel()
	u, config, queries := everything(t)
	for subject, query := range queries {
		cold, err := resolve(t, config, subject, query)
		if err != nil {
			t.Fatal(err)
		}
		askedCold, requests, _ := u.take()
		for _, r := range requests {
			if r.Header.Get("If-None-Match") != "" {
				t.Errorf("%s: %s was conditional with an empty cache", subject, r.URL)
			}
		}
		config.Now = now.Add(24 * time.Hour)
		warm, err := resolve(t, config, subject, query)
		if err != nil {
			t.Fatal(err)
		}
		askedWarm, requests, statuses := u.take()
		if diff := cmp.Diff(askedCold, askedWarm); diff != "" {
			t.Errorf("%s: requests (-cold +warm):\n%s", subject, diff)
		}
		for i, r := range requests {
			if r.Header.Get("If-None-Match") == "" || statuses[i] != http.StatusNotModified {
				t.Errorf("%s: %s was not conditional, or got %d", subject, r.URL, statuses[i])
			}
		}
		if diff := cmp.Diff(cold, warm); diff != "" {
			t.Errorf("%s: (-cold +warm):\n%s", subject, diff)
		}
	}
}

// What changed since is fetched and replaces the old answer.
func TestWarmCacheSeesChanges(t *testing.T) {
	t.Parallel()
	u, config, _ := everything(t)
	for _, want := range []string{"1.29.11", "1.29.12", "1.29.12"} {
		u.set("/release/stable-1.29.txt", body("v"+want))
		got, err := resolve(t, config, versions.Kubernetes, "1.29")
		if err != nil || got.Strings()[0] != want {
			t.Fatalf("got %v, %v, want %s", got.Strings(), err, want)
		}
	}
	_, _, statuses := u.take()
	if diff := cmp.Diff([]int{200, 200, 200, 304, 304, 304}, statuses); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// However a source fails, the error names it, and the cached answer of before does not stand in for it.
func TestFailureIsNeverTheCachedAnswer(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"server error": {status(http.StatusInternalServerError), "status 500 Internal Server Error"},
		"forbidden":    {status(http.StatusForbidden), "status 403"},
		"unavailable":  {status(http.StatusServiceUnavailable, "Retry-After", "60"), "status 503 Service Unavailable: it wants to be asked again at"},
		"half a body":  {half("v1.31"), "broke off after 5 bytes"},
		"no end":       {unbounded("v1.31.1"), "does not say where it ends"},
		"web page":     {page, "is not a version"},
		"empty":        {body(""), "the answer is empty"},
		"no content":   {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }, "status 204"},
		"304 without a reason": {func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("If-None-Match") == "" {
				w.WriteHeader(http.StatusNotModified)
				return
			}
			w.WriteHeader(http.StatusInternalServerError)
		}, "status"},
		"timeout": {stuck, "no whole answer within"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, config, _ := everything(t)
			for _, warm := range []bool{false, true} {
				if warm {
					if _, err := resolve(t, config, versions.Kubernetes, "stable"); err != nil {
						t.Fatal(err)
					}
				}
				u.set("/release/stable.txt", tc.answer)
				failing := config
				failing.Timeout = 2 * time.Second
				if name == "timeout" {
					failing.Timeout = 30 * time.Millisecond
				}
				_, err := resolve(t, failing, versions.Kubernetes, "stable")
				var source *versions.SourceError
				if !errors.As(err, &source) || source.URL != u.URL+"/release/stable.txt" || source.Source != "kubernetes version marker" ||
					!strings.Contains(err.Error(), tc.want) {
					t.Errorf("warm=%t: got %T %v, want *SourceError with %q", warm, err, err, tc.want)
				}
				u.set("/release/stable.txt", body("v1.31.3"))
			}
		})
	}
}

// What is broken never gets into the cache: the next request is unconditional.
func TestBrokenAnswersAreNotKept(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"half a body": half(releases("v1.16.0")),
		"web page":    page,
		"cut JSON": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json; charset=utf-8")
			body(`[{"tag_name": "v1.20`)(w, r)
		},
		"no-store": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "private, no-store")
			body("[]")(w, r)
		},
		"no validator": func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("[]")) },
		"error":        status(http.StatusNotFound, "Etag", `"error"`),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, config, _ := everything(t)
			u.set(toolingReleases, answer)
			for range 2 {
				_, _ = resolve(t, config, versions.Tooling, "latest") // the failures have their own tests
			}
			_, requests, _ := u.take()
			for _, r := range requests {
				if r.URL.Path == toolingReleases && r.Header.Get("If-None-Match") != "" {
					t.Errorf("%s was asked for conditionally", r.URL)
				}
			}
		})
	}
}

// A damaged cache costs a request, not an answer.
func TestDamagedCache(t *testing.T) {
	t.Parallel()
	u, config, _ := everything(t)
	for _, damage := range []func([]byte) []byte{
		func(b []byte) []byte { return b[:len(b)-1] },
		func(b []byte) []byte { return bytes.Replace(b, []byte("\nv1.31.3"), []byte("\nv1.31.2"), 1) },
		func([]byte) []byte { return nil },
		func([]byte) []byte { return []byte("{}\n") },
	} {
		if _, err := resolve(t, config, versions.Kubernetes, "stable"); err != nil {
			t.Fatal(err)
		}
		for _, file := range cacheFiles(t, config.CacheDir) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, damage(data), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		u.take()
		got, err := resolve(t, config, versions.Kubernetes, "stable")
		if err != nil || got.Strings()[0] != "1.31.3" {
			t.Errorf("got %v, %v, want 1.31.3", got.Strings(), err)
		}
	}
}

// A cache that cannot be written is logged, and the answer is right all the same.
func TestCacheNotWritable(t *testing.T) {
	t.Parallel()
	_, config, _ := everything(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	config.CacheDir, config.Logger = filepath.Join(file, "cache"), slog.New(slog.NewTextHandler(&log, nil))
	got, err := resolve(t, config, versions.Kubernetes, "stable")
	if err != nil || got.Strings()[0] != "1.31.3" {
		t.Errorf("got %v, %v, want 1.31.3", got.Strings(), err)
	}
	if !strings.Contains(log.String(), "version cache not written") {
		t.Errorf("got log %q, want the reason in it", log.String())
	}
}

func cacheFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no files in %s: %v", dir, err)
	}
	return files
}
