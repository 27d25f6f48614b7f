package versions_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/pkg/versions"
	"github.com/google/go-cmp/cmp"
)

var fromFiles = versions.Config{
	Architectures: []string{"amd64", "arm64"},
	Sources: versions.Sources{
		Flatcar: "testdata/flatcar", Kubernetes: "testdata/kubernetes", Tooling: "testdata/tooling/tags.txt",
	},
}

func TestResolveFromFiles(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		subject versions.Subject
		query   string
		want    []string
	}{
		"kubernetes stable":               {versions.Kubernetes, "stable", []string{"1.31.3"}},
		"kubernetes latest":               {versions.Kubernetes, "latest", []string{"1.31.3"}},
		"minor":                           {versions.Kubernetes, "1.29", []string{"1.29.11"}},
		"minor out of support":            {versions.Kubernetes, "1.28", []string{"1.28.15"}},
		"list, given twice":               {versions.Kubernetes, "1.30,1.29.3,1.30.7", []string{"1.30.7", "1.29.3"}},
		"range":                           {versions.Kubernetes, ">=1.28", []string{"1.31.3", "1.30.7", "1.29.11"}},
		"range without a start":           {versions.Kubernetes, "<1.31", []string{"1.30.7", "1.29.11"}},
		"range with both ends":            {versions.Kubernetes, ">=1.28 <1.31", []string{"1.30.7", "1.29.11", "1.28.15"}},
		"tilde range out of support":      {versions.Kubernetes, "~1.28.1", []string{"1.28.15"}},
		"range that ends within a minor":  {versions.Kubernetes, "<=1.29.10", []string{"1.29.10"}},
		"both ends, within minors":        {versions.Kubernetes, ">=1.28.1 <=1.29.10", []string{"1.29.10", "1.28.15"}},
		"every patch, in support or not":  {versions.Kubernetes, ">=1.27 <1.30 all", []string{"1.29.11", "1.29.10", "1.28.15", "1.28.14", "1.27.16"}},
		"every patch below, or not":       {versions.Kubernetes, "<1.30 all", []string{"1.29.11", "1.29.10", "1.28.15", "1.28.14", "1.27.16"}},
		"every patch of a minor":          {versions.Kubernetes, "1.29 all", []string{"1.29.11", "1.29.10"}},
		"flatcar stable for both":         {versions.Flatcar, "stable", []string{"4081.2.0"}},
		"flatcar beta":                    {versions.Flatcar, "beta", []string{"4152.1.0"}},
		"two channels":                    {versions.Flatcar, "stable,beta", []string{"4152.1.0", "4081.2.0"}},
		"flatcar minor, by number":        {versions.Flatcar, "3975.2", []string{"3975.2.10"}},
		"flatcar range":                   {versions.Flatcar, ">=3000", []string{"4081.2.0", "3975.2.10"}},
		"tooling":                         {versions.Tooling, "latest", []string{"1.15.0"}},
		"tooling range, every version":    {versions.Tooling, ">=1 all", []string{"1.15.0", "1.14.0", "1.13.2"}},
		"range that names a pre-release":  {versions.Tooling, ">=1.16.0-0", []string{"1.16.0-rc.1"}},
		"exact pre-release is not looked": {versions.Tooling, "1.99.0-rc.1", []string{"1.99.0-rc.1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := resolve(t, fromFiles, tc.subject, tc.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Strings()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A version says where it comes from and when it was made, and what there is to know about it.
func TestResolutionExplainsItself(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("testdata", "kubernetes")
	marker := filepath.Join(dir, "stable-1.28.txt")
	got, err := resolve(t, fromFiles, versions.Kubernetes, "1.28")
	if err != nil {
		t.Fatal(err)
	}
	want := versions.Resolution{
		Versions: []versions.Version{{
			Version: "1.28.15", Source: marker, Date: time.Date(2024, 10, 23, 0, 0, 0, 0, time.UTC),
			Notes: []string{"1.28 is past its end of life, 2024-10-22 (testdata/kubernetes/eol.yaml)"},
			Warnings: []string{"sources disagree on the newest 1.28: 1.28.15 (testdata/kubernetes/stable-1.28.txt), " +
				"1.28.15 (testdata/kubernetes/endoflife.json), 1.28.14 (testdata/kubernetes/eol.yaml); 1.28.15 is taken"},
		}},
		Notes: []string{"testdata/kubernetes/package.json is not used: it has none of the forms that are known for it"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A range with both ends leaves nothing out and says which of its versions are past their end of life, as a minor does.
func TestBothEndsSayWhatIsPastSupport(t *testing.T) {
	t.Parallel()
	config := fromFiles
	config.Now = time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
	got, err := resolve(t, config, versions.Kubernetes, ">=1.27 <1.30")
	if err != nil {
		t.Fatal(err)
	}
	notes := map[string][]string{}
	for _, v := range got.Versions {
		notes[v.Version] = v.Notes
	}
	want := map[string][]string{
		"1.29.11": {"1.29 is past its end of life, 2025-02-28 (testdata/kubernetes/schedule.yaml)"},
		"1.28.15": {"1.28 is past its end of life, 2024-10-22 (testdata/kubernetes/eol.yaml)"},
		"1.27.16": {"1.27 is past its end of life, 2024-07-16 (testdata/kubernetes/eol.yaml)"},
	}
	if diff := cmp.Diff(want, notes); diff != "" {
		t.Errorf("notes of versions (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"testdata/kubernetes/package.json is not used: it has none of the forms that are known for it"}, got.Notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
}

// A version that is both named and found keeps what was found out about it.
func TestGivenAndFound(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"1.30.7,1.30", "1.30,1.30.7"} {
		got, err := resolve(t, fromFiles, versions.Kubernetes, query)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Versions) != 1 || got.Versions[0].Source != "testdata/kubernetes/stable-1.30.txt" {
			t.Errorf("%s: got %+v, want one version with its marker as source", query, got.Versions)
		}
	}
}

// The schedule in testdata plans 1.29.12 for a day after all of these, so it is never among the answers.
func TestEndOfLife(t *testing.T) {
	t.Parallel()
	day := func(text string) time.Time {
		at, err := time.Parse("2006-01-02 15:04", text)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for name, tc := range map[string]struct {
		now  time.Time
		all  bool
		want []string
		note string
	}{
		"the last day still counts": {day("2025-02-28 23:00"), false, []string{"1.31.3", "1.30.7", "1.29.11"}, "1.28 (2024-10-22), 1.27 (2024-07-16), 1.26 to 1.0"},
		"the day after does not":    {day("2025-03-01 00:00"), false, []string{"1.31.3", "1.30.7"}, "1.29 (2025-02-28)"},
		"the option lets them in":   {day("2025-07-01 00:00"), true, []string{"1.31.3", "1.30.7", "1.29.11", "1.28.15", "1.27.16"}, ""},
		"all in support":            {day("2024-12-01 00:00"), false, []string{"1.31.3", "1.30.7", "1.29.11"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := fromFiles
			config.Now, config.EndOfLife = tc.now, tc.all
			got, err := resolve(t, config, versions.Kubernetes, ">=1.0")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Strings()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if notes := strings.Join(got.Notes, "\n"); !strings.Contains(notes, tc.note) {
				t.Errorf("got notes %q, want %q among them", notes, tc.note)
			}
		})
	}
}

// An end of life that two files put on different days is the later one, whichever is read first.
func TestEndOfLifePostponed(t *testing.T) {
	t.Parallel()
	early := "branches:\n- {release: \"1.29\", endOfLifeDate: \"2024-10-01\", finalPatchRelease: 1.29.9}\n"
	late := "branches:\n- {release: \"1.29\", endOfLifeDate: \"2025-02-28\", finalPatchRelease: 1.29.9}\n"
	for name, files := range map[string][2]string{"early first": {early, late}, "late first": {late, early}} {
		dir := t.TempDir()
		for i, file := range []string{"a.yaml", "b.yaml"} {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(files[i]), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		got, err := resolve(t, versions.Config{Sources: versions.Sources{Kubernetes: dir}}, versions.Kubernetes, ">=1.29")
		if err != nil || got.Strings()[0] != "1.29.9" {
			t.Errorf("%s: got %v, %v, want 1.29.9", name, got.Strings(), err)
		}
	}
}

// A range from a later major on lacks an end too.
func TestEndOfLifeOfAnotherMajor(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "eol.yaml")
	content := "branches:\n- {release: \"2.0\", endOfLifeDate: \"2024-10-01\", finalPatchRelease: 2.0.9}\n" +
		"- {release: \"2.1\", endOfLifeDate: \"2025-02-28\", finalPatchRelease: 2.1.4}\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][]string{">=2": {"2.1.4"}, ">=2.0 <2.2": {"2.1.4", "2.0.9"}} {
		got, err := resolve(t, versions.Config{Sources: versions.Sources{Kubernetes: file}}, versions.Kubernetes, query)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Strings()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", query, diff)
		}
	}
}

// In older schedules 1.30 stands without quotes, which is the number 1.3 to YAML, and a date is a time.
func TestScheduleWithoutQuotes(t *testing.T) {
	t.Parallel()
	config := versions.Config{Sources: versions.Sources{Kubernetes: "testdata/kubernetes-2024/schedule.yaml"}}
	got, err := resolve(t, config, versions.Kubernetes, ">=1.29")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1.30.1", "1.29.5"}, got.Strings()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	config.Now = time.Date(2025, 6, 29, 0, 0, 0, 0, time.UTC)
	_, err = resolve(t, config, versions.Kubernetes, ">=1.30")
	if want := "1.30 (2025-06-28)"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q left out", err, want)
	}
}

func TestPrereleasesOption(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		source, query string
		want          []string
	}{
		"latest tag":                {"tags.txt", "latest", []string{"1.16.0-rc.1"}},
		"stable stays":              {"tags.txt", "stable", []string{"1.15.0"}},
		"range":                     {"tags.txt", ">=1.14 <1.16", []string{"1.15.0", "1.14.0"}},
		"marked one, but no drafts": {"releases.json", "latest", []string{"1.16.0"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := versions.Config{Prereleases: true, Sources: versions.Sources{Tooling: filepath.Join("testdata/tooling", tc.source)}}
			got, err := resolve(t, config, versions.Tooling, tc.query)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.Strings()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestSingleFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	current := filepath.Join(dir, "version.txt")
	if err := os.WriteFile(current, []byte("FLATCAR_BUILD=4081\nFLATCAR_VERSION=\"4081.2.1\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		subject       versions.Subject
		source, query string
		want          string // version, or a part of the error
	}{
		"feed":               {versions.Flatcar, "testdata/flatcar/releases-stable.json", "stable", "4081.2.1"},
		"version.txt":        {versions.Flatcar, current, "stable", "4081.2.1"},
		"of another channel": {versions.Flatcar, current, "beta", "none is known at " + current},
		"version.txt of one": {versions.Flatcar, "testdata/flatcar/version.txt.3510.2.5", "stable", "about one version"},
		"marker":             {versions.Kubernetes, "testdata/kubernetes/stable-1.29.txt", "1.29", "1.29.11"},
		"eol":                {versions.Kubernetes, "testdata/kubernetes/eol.yaml", "1.28", "1.28.14"},
		"release data":       {versions.Kubernetes, "testdata/kubernetes/endoflife.json", "1.29", "1.29.11"},
		"tags":               {versions.Kubernetes, "testdata/tooling/tags.txt", "1.14", "1.14.0"},
		"GitHub releases":    {versions.Tooling, "testdata/tooling/releases.json", "stable", "1.15.0"},
		"a directory":        {versions.Tooling, "testdata/tooling", "stable", "it is a directory"},
		"not tags":           {versions.Tooling, "testdata/kubernetes/schedule.yaml", "stable", "not a list of tags"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := versions.Config{Sources: versions.Sources{Flatcar: tc.source, Kubernetes: tc.source, Tooling: tc.source}}
			got, err := resolve(t, config, tc.subject, tc.query)
			if answer := strings.Join(got.Strings(), ","); answer != tc.want && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %q, error %v, want %q", answer, err, tc.want)
			}
		})
	}
}
