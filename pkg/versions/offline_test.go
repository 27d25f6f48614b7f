package versions_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/pkg/versions"
	"github.com/google/go-cmp/cmp"
)

// Offline the cache answers, and says as of when. Nobody is asked.
func TestOffline(t *testing.T) {
	t.Parallel()
	u, config, queries := everything(t)
	for subject, query := range queries {
		online, err := resolve(t, config, subject, query)
		if err != nil {
			t.Fatal(err)
		}
		u.take()
		offline := config
		offline.Offline, offline.Now = true, now.Add(72*time.Hour)
		got, err := resolve(t, offline, subject, query)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(online.Strings(), got.Strings()); diff != "" {
			t.Errorf("%s: (-online +offline):\n%s", subject, diff)
		}
		for _, v := range got.Versions {
			if notes := strings.Join(v.Notes, "\n"); !strings.Contains(notes, v.Source+": from the cache, as of 2024-12-01T11:00:00Z") {
				t.Errorf("%s %s: got notes %q, want the date of the cached answer", subject, v.Version, notes)
			}
		}
		if asked, _, _ := u.take(); len(asked) != 0 {
			t.Errorf("%s: asked %v, want nothing", subject, asked)
		}
	}
}

func TestOfflineWithoutAnswer(t *testing.T) {
	t.Parallel()
	u, config, queries := everything(t)
	config.Offline = true
	for _, dir := range []string{"", config.CacheDir} {
		config.CacheDir = dir
		for subject, query := range queries {
			_, err := resolve(t, config, subject, query)
			var source *versions.SourceError
			if !errors.As(err, &source) || !strings.Contains(err.Error(), "offline, and the cache has no answer") || !strings.HasPrefix(source.URL, u.URL) {
				t.Errorf("%s: got %T %v, want *SourceError", subject, err, err)
			}
		}
	}
	if asked, _, _ := u.take(); len(asked) != 0 {
		t.Errorf("asked %v, want nothing", asked)
	}
	got, err := resolve(t, versions.Config{Offline: true, Sources: fromFiles.Sources}, versions.Kubernetes, "stable")
	if err != nil || got.Strings()[0] != "1.31.3" {
		t.Errorf("from files: got %v, %v, want 1.31.3", got.Strings(), err)
	}
}
