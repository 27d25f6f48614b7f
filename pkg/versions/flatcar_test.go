package versions_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/pkg/versions"
	"github.com/google/go-cmp/cmp"
)

const (
	feedPath  = "/releases-json/releases-stable.json"
	amd64Path = "/stable/amd64-usr/current/version.txt"
	arm64Path = "/stable/arm64-usr/current/version.txt"
)

func flatcarUpstream(t *testing.T, amd64, arm64 string) *upstream {
	t.Helper()
	feed, err := os.ReadFile("testdata/flatcar/releases-stable.json")
	if err != nil {
		t.Fatal(err)
	}
	return serve(t, map[string]http.HandlerFunc{
		feedPath:  body(string(feed)),
		amd64Path: body("FLATCAR_BUILD=4081\nFLATCAR_VERSION=" + amd64 + "\nFLATCAR_BUILD_ID=\"2024-11-20-1200\"\n"),
		arm64Path: body("FLATCAR_VERSION=" + arm64 + "\n"),
	})
}

// The release server decides what is current; the feed, in which 4081.2.0 is the newest for both architectures, adds
// dates and everything older.
func TestFlatcar(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		amd64, arm64 string
		query        string
		want         []string
		warning      []string // parts of the only one
	}{
		"both agree":            {"4081.2.0", "4081.2.0", "stable", []string{"4081.2.0"}, nil},
		"minor":                 {"4081.2.0", "4081.2.0", "3975.2", []string{"3975.2.10"}, nil},
		"range":                 {"4081.2.0", "4081.2.0", ">=3975", []string{"4081.2.0", "3975.2.10"}, nil},
		"the feed is behind":    {"4081.2.3", "4081.2.3", "latest", []string{"4081.2.3"}, []string{"4081.2.0 (", feedPath, "4081.2.3 (", amd64Path}},
		"behind, for a minor":   {"4081.2.3", "4081.2.3", "4081.2", []string{"4081.2.3"}, []string{"4081.2.0 (", "4081.2.3 ("}},
		"behind, for a range":   {"4093.2.0", "4093.2.0", ">=4000", []string{"4093.2.0", "4081.2.0"}, []string{"4081.2.0 (", "4093.2.0 ("}},
		"the feed is ahead":     {"3975.2.10", "3975.2.10", "stable", []string{"3975.2.10"}, []string{"4081.2.0 (", "3975.2.10 ("}},
		"ahead, for a range":    {"3975.2.10", "3975.2.10", ">=3975 all", []string{"3975.2.10", "3975.2.9"}, []string{"4081.2.0 ("}},
		"architectures differ":  {"4081.2.3", "4081.2.0", "stable", []string{"4081.2.0"}, []string{"4081.2.3 (", amd64Path, "4081.2.0 (", arm64Path}},
		"exact beside a stable": {"4081.2.0", "4081.2.0", "3815.2.5,stable", []string{"4081.2.0", "3815.2.5"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := flatcarUpstream(t, tc.amd64, tc.arm64)
			got, err := resolve(t, versions.Config{
				Architectures: []string{"amd64", "arm64"},
				Sources:       versions.Sources{Flatcar: u.URL},
			}, versions.Flatcar, tc.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Strings()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			said := warnings(got)
			if tc.warning == nil && said != nil || tc.warning != nil && len(said) != 1 {
				t.Fatalf("got warnings %q, want parts %q in one", said, tc.warning)
			}
			for _, part := range tc.warning {
				if !strings.Contains(said[0], part) {
					t.Errorf("got warning %q, want %q in it", said[0], part)
				}
			}
		})
	}
}

func TestFlatcarVersionComplete(t *testing.T) {
	t.Parallel()
	u := flatcarUpstream(t, "3975.2.10", "")
	got, err := resolve(t, versions.Config{Sources: versions.Sources{Flatcar: u.URL}}, versions.Flatcar, "3975.2 all")
	if err != nil {
		t.Fatal(err)
	}
	for i := range got.Versions {
		got.Versions[i].Warnings = nil // TestFlatcar has them
	}
	want := versions.Resolution{Versions: []versions.Version{
		{Version: "3975.2.10", Channel: "stable", Source: u.URL + amd64Path, Date: time.Date(2024, 10, 30, 6, 15, 0, 0, time.UTC)},
		{Version: "3975.2.9", Channel: "stable", Source: u.URL + feedPath, Date: time.Date(2024, 10, 1, 8, 0, 0, 0, time.UTC)},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	asked, _, _ := u.take()
	if diff := cmp.Diff([]string{amd64Path, feedPath}, asked); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// The configured channel is the one of everything but the channel words.
func TestFlatcarChannel(t *testing.T) {
	t.Parallel()
	config := fromFiles
	config.Channel = "beta"
	for query, want := range map[string]versions.Version{
		"latest":   {Version: "4152.1.0", Channel: "beta"},
		">=4000":   {Version: "4152.1.0", Channel: "beta"},
		"stable":   {Version: "4081.2.0", Channel: "stable"},
		"4152.1.0": {Version: "4152.1.0", Channel: "beta"},
	} {
		got, err := resolve(t, config, versions.Flatcar, query)
		if err != nil {
			t.Fatal(err)
		}
		if v := got.Versions[0]; v.Version != want.Version || v.Channel != want.Channel {
			t.Errorf("%s: got %s of %s, want %s of %s", query, v.Version, v.Channel, want.Version, want.Channel)
		}
	}
}

// Without the release server nothing is known to be current. Without the feed "stable" still is.
func TestFlatcarOneOfTwo(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		path, query string
		answer      http.HandlerFunc
		want        string // "" for an error
	}{
		"no release server":      {amd64Path, "stable", status(http.StatusBadGateway), ""},
		"release server, old":    {amd64Path, "3975.2", status(http.StatusNotFound), ""},
		"release server, page":   {amd64Path, "stable", page, ""},
		"nightly":                {amd64Path, "stable", body("FLATCAR_VERSION=4799.0.0+nightly-20260821-2100\n"), ""},
		"no feed, for stable":    {feedPath, "stable", status(http.StatusBadGateway), "4081.2.0"},
		"no feed, for a minor":   {feedPath, "4081.2", status(http.StatusBadGateway), ""},
		"feed of another form":   {feedPath, ">=4000", body(`{"releases": []}`), ""},
		"feed of other channels": {feedPath, ">=4000", body(`{"4152.1.0": {"channel": "beta", "architectures": ["amd64"]}}`), ""},
		"half a feed":            {feedPath, "4081.2", half(`{"4081.2.0": {"channel": "stable"`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := flatcarUpstream(t, "4081.2.0", "4081.2.0")
			u.set(tc.path, tc.answer)
			got, err := resolve(t, versions.Config{Sources: versions.Sources{Flatcar: u.URL}}, versions.Flatcar, tc.query)
			var source *versions.SourceError
			switch {
			case tc.want == "" && (!errors.As(err, &source) || source.URL != u.URL+tc.path || !strings.HasPrefix(source.Source, "flatcar release")):
				t.Errorf("got %T %v, want *SourceError about %s", err, err, tc.path)
			case tc.want != "" && (err != nil || got.Strings()[0] != tc.want || !strings.Contains(warnings(got)[0], u.URL+tc.path)):
				t.Errorf("got %+v, error %v, want %s and a warning about %s", got, err, tc.want, tc.path)
			}
		})
	}
}
