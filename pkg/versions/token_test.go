package versions_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/pkg/versions"
)

// Each token has entries of its own, and none of them stands in a file.
func TestCacheSeparatesTokens(t *testing.T) {
	t.Parallel()
	const first, second = "ghp_first_token_of_two", "ghp_second_token_of_two"
	u := serve(t, map[string]http.HandlerFunc{toolingTags: body(tags("v1.0.0"))})
	u.set(toolingReleases, func(w http.ResponseWriter, r *http.Request) { // each token sees something else, under one ETag
		w.Header().Set("Etag", `"same"`)
		if r.Header.Get("If-None-Match") == `"same"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, releases(map[string]string{"Bearer " + first: "v1.1.0", "Bearer " + second: "v1.2.0", "": "v1.3.0"}[r.Header.Get("Authorization")]))
	})
	config := versions.Config{CacheDir: t.TempDir(), TokenHost: u.Listener.Addr().String(), Sources: versions.Sources{Tooling: u.URL + toolingRepo}}
	for range 2 {
		for token, want := range map[string]string{first: "1.1.0", second: "1.2.0", "": "1.3.0"} {
			config.Token = token
			got, err := resolve(t, config, versions.Tooling, "latest")
			if err != nil || got.Strings()[0] != want {
				t.Errorf("token %q: got %v, %v, want %s", token, got.Strings(), err, want)
			}
		}
	}
	files := cacheFiles(t, config.CacheDir)
	if len(files) != 6 {
		t.Errorf("got %d files in the cache, want one for each of two lists and three tokens", len(files))
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v, %v, want mode 0600", file, info.Mode(), err)
		}
		if bytes.Contains(data, []byte("ghp_")) || bytes.Contains(data, []byte("Bearer")) {
			t.Errorf("%s has a token in it", file)
		}
	}
}

// The token goes to the host that it is for: not to other sources, not to where that host redirects, and not to a host
// that a file names.
func TestTokenStaysWithItsHost(t *testing.T) {
	t.Parallel()
	elsewhere := toolingUpstream(t)
	u, config, queries := everything(t)
	u.set(toolingTags, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL+r.URL.RequestURI(), http.StatusMovedPermanently)
	})
	config.Token, config.TokenHost = "ghp_secret", u.Listener.Addr().String()
	for subject, query := range queries {
		if _, err := resolve(t, config, subject, query); err != nil {
			t.Fatal(err)
		}
	}
	_, requests, _ := u.take()
	for _, r := range requests {
		api := strings.HasPrefix(r.URL.Path, "/api/v3/")
		if has := r.Header.Get("Authorization") == "Bearer ghp_secret"; has != api {
			t.Errorf("%s: got the token: %t, want %t", r.URL, has, api)
		}
	}
	config.TokenHost = ""
	if _, err := resolve(t, config, versions.Tooling, "latest"); err != nil {
		t.Fatal(err)
	}
	_, requests, _ = u.take()
	_, redirected, _ := elsewhere.take()
	if len(redirected) == 0 {
		t.Fatal("nothing was redirected")
	}
	for _, r := range append(requests, redirected...) {
		if r.Header.Get("Authorization") != "" {
			t.Errorf("%s%s got a token that is for another host", r.Host, r.URL)
		}
	}
}
