package versions_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/giantswarm/nodeimage/pkg/versions"
	"github.com/google/go-cmp/cmp"
)

// elsewhere sends every request to one server and remembers where it was meant to go, with or without a token.
type elsewhere struct {
	base  *url.URL
	mu    sync.Mutex
	asked []string
}

func (e *elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	e.mu.Lock()
	place := r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
	if r.Header.Get("Authorization") != "" {
		place += " with a token"
	}
	e.asked = append(e.asked, place)
	e.mu.Unlock()
	path := r.URL.Path
	switch {
	case r.URL.Host == "api.github.com":
		path = "/api/v3" + path
	case strings.HasSuffix(r.URL.Host, ".release.flatcar-linux.net"):
		path = "/" + strings.TrimSuffix(r.URL.Host, ".release.flatcar-linux.net") + path
	case r.URL.Host == "raw.githubusercontent.com":
		path = strings.TrimPrefix(path, "/kubernetes/website/main")
	}
	sent := r.Clone(r.Context())
	sent.URL.Scheme, sent.URL.Host, sent.URL.Path, sent.Host = e.base.Scheme, e.base.Host, path, ""
	return http.DefaultTransport.RoundTrip(sent)
}

// Without configured sources the public places are asked, and only GitHub gets the token.
func TestPublicPlaces(t *testing.T) {
	t.Parallel()
	for name, sources := range map[string]versions.Sources{
		"default":    {},
		"by name":    {Flatcar: "https://www.flatcar.org", Kubernetes: "https://dl.k8s.io/release", Tooling: "https://github.com/giantswarm/capi-image-builder"},
		"plain HTTP": {Tooling: "http://github.com/giantswarm/capi-image-builder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, config, queries := everything(t)
			base, err := url.Parse(u.URL)
			if err != nil {
				t.Fatal(err)
			}
			e := &elsewhere{base: base}
			config.Sources, config.HTTP, config.Token = sources, &http.Client{Transport: e}, "ghp_secret"
			for subject, query := range queries {
				if _, err := resolve(t, config, subject, query); err != nil {
					t.Errorf("%s: %v", subject, err)
				}
			}
			slices.Sort(e.asked)
			want := []string{
				"https://api.github.com/repos/giantswarm/capi-image-builder/releases with a token",
				"https://api.github.com/repos/giantswarm/capi-image-builder/tags with a token",
				"https://api.github.com/repos/kubernetes/kubernetes/releases with a token",
				"https://dl.k8s.io/release/stable-1.29.txt",
				"https://dl.k8s.io/release/stable-1.30.txt",
				"https://dl.k8s.io/release/stable-1.31.txt",
				"https://dl.k8s.io/release/stable.txt",
				"https://raw.githubusercontent.com/kubernetes/website/main/data/releases/schedule.yaml",
				"https://stable.release.flatcar-linux.net/amd64-usr/current/version.txt",
				"https://stable.release.flatcar-linux.net/arm64-usr/current/version.txt",
				"https://www.flatcar.org/releases-json/releases-stable.json",
			}
			if diff := cmp.Diff(want, slices.Compact(e.asked)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The URL of one document is all that is consulted.
func TestDocumentURL(t *testing.T) {
	t.Parallel()
	u, config, _ := everything(t)
	u.set("/list/tags.txt", body("v1.0.0\nv2.0.0\n"))
	config.Sources = versions.Sources{Flatcar: u.URL + feedPath, Kubernetes: u.URL + schedulePath, Tooling: u.URL + "/list/tags.txt"}
	for subject, want := range map[versions.Subject]string{versions.Flatcar: "4081.2.0", versions.Kubernetes: "1.31.3", versions.Tooling: "2.0.0"} {
		got, err := resolve(t, config, subject, "latest")
		if err != nil {
			t.Fatal(err)
		}
		if asked, _, _ := u.take(); got.Strings()[0] != want || len(asked) != 1 {
			t.Errorf("%s: got %v from %v, want %s from one document", subject, got.Strings(), asked, want)
		}
	}
	u.set("/list/tags.txt", page)
	_, err := resolve(t, config, versions.Tooling, "latest")
	var source *versions.SourceError
	if !errors.As(err, &source) || source.URL != u.URL+"/list/tags.txt" {
		t.Errorf("got %T %v, want *SourceError about the document", err, err)
	}
}

// Somebody who gives up gets their own reason back, not a warning that GitHub was slow.
func TestCancelled(t *testing.T) {
	t.Parallel()
	for subject, path := range map[versions.Subject]string{
		versions.Kubernetes: githubKubernetes, versions.Flatcar: feedPath, versions.Tooling: toolingReleases,
	} {
		t.Run(string(subject), func(t *testing.T) {
			t.Parallel()
			u, config, queries := everything(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			u.set(path, func(_ http.ResponseWriter, r *http.Request) {
				cancel()
				<-r.Context().Done()
			})
			r, err := versions.New(config)
			if err != nil {
				t.Fatal(err)
			}
			q, err := versions.Parse(subject, queries[subject])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := r.Resolve(ctx, q); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
		})
	}
}
