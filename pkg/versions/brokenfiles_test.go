package versions_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/pkg/versions"
)

// What matches nothing is wrong input: the message says what there is.
func TestNoMatch(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"1.99": `"1.99" matches no kubernetes version: the newest known is 1.31.3 (testdata/kubernetes/stable`,
		"<1.29": `"<1.29" matches no kubernetes version in support (past the end of life and left out: 1.28 (2024-10-22), ` +
			`1.27 (2024-07-16), 1.26 to 1.0; name the minor or add "all" to have them): the newest known is 1.31.3`,
		">=1.26 <1.27":   `">=1.26 <1.27" matches no kubernetes version: the newest known is 1.31.3`,
		"1.98,1.99":      `"1.98" matches no kubernetes version: the newest known is 1.31.3 (testdata/kubernetes/stable-1.31.txt); "1.99"`,
		">=1.31.0 <1.30": "matches no kubernetes version",
	} {
		_, err := resolve(t, fromFiles, versions.Kubernetes, query)
		var input *versions.InputError
		if !errors.As(err, &input) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %T %v, want *InputError with %q", query, err, err, want)
		}
	}
	_, err := resolve(t, fromFiles, versions.Flatcar, "lts")
	if want := `"lts" matches no flatcar lts version: none is known at testdata/flatcar`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A file that cannot be used is an error that names it, also in a directory: half a file must not pass for an old state.
func TestBrokenFiles(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		subject versions.Subject
		file    string // below a directory that is the source; "" for none
		content string
		want    string
	}{
		"no file":                {versions.Kubernetes, "", "", "no such file"},
		"half a feed":            {versions.Flatcar, "releases-stable.json", `{"4081.2.0": {"channel": "sta`, "not whole JSON"},
		"feed of another form":   {versions.Flatcar, "releases-stable.json", `{"4081.2.0": "yes"}`, "not the JSON that was expected"},
		"nightly version.txt":    {versions.Flatcar, "version.txt", "FLATCAR_VERSION=4799.0.0+nightly-20260821-2100\n", "development build"},
		"version.txt of nothing": {versions.Flatcar, "version.txt", "FLATCAR_BUILD=1\n", "no line FLATCAR_VERSION"},
		"version.txt of one":     {versions.Flatcar, "version.txt.3510.2.5", "FLATCAR_VERSION=3510.2.5\n", "none of the forms"},
		"marker of another":      {versions.Kubernetes, "stable-1.29.txt", "v1.30.1", "not of the minor"},
		"marker of nothing":      {versions.Kubernetes, "stable.txt", "<html>", "is not a version"},
		"half a schedule":        {versions.Kubernetes, "schedule.yaml", "schedules:\n- release: \"1.3", "not whole YAML"},
		"odd schedule":           {versions.Kubernetes, "schedule.yaml", "schedules:\n- release: [1, 30]\n", "single value"},
		"schedule of no minor":   {versions.Kubernetes, "schedule.yaml", "schedules:\n- release: soon\n", `"soon" is not a minor`},
		"only other files":       {versions.Kubernetes, "kustomization.yaml", "resources: []\n", "none of the forms"},
		"half of release data":   {versions.Kubernetes, "data.json", `{"versions": {"1.29.1": {`, "not whole JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if tc.file != "" {
				if err := os.WriteFile(filepath.Join(dir, tc.file), []byte(tc.content), 0o600); err != nil {
					t.Fatal(err)
				}
			} else {
				dir = filepath.Join(dir, "missing")
			}
			config := versions.Config{Sources: versions.Sources{Flatcar: dir, Kubernetes: dir}}
			_, err := resolve(t, config, tc.subject, "stable")
			var source *versions.SourceError
			if !errors.As(err, &source) || !strings.Contains(err.Error(), tc.want) || !strings.HasPrefix(source.URL, dir) {
				t.Errorf("got %T %v, want *SourceError about %s with %q", err, err, dir, tc.want)
			}
		})
	}
}
