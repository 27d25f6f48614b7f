package capiimagebuilder_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// root is the repository's root, which the file patterns in renovate.json start from.
const root = "../.."

// dependency is a version that Renovate would keep up to date.
type dependency struct{ name, version string }

// Renovate updates what its patterns match and is silent about the rest: a version that is written in another way would be
// forgotten.
func TestRenovateFindsVersions(t *testing.T) {
	t.Parallel()
	sets, err := filepath.Glob(root + "/images/*.yaml")
	if err != nil || len(sets) == 0 {
		t.Fatalf("no image sets: %v", err)
	}
	for _, file := range sets {
		set, err := imageset.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		var want, got []string
		for _, tool := range set.Tools {
			want = append(want, tool.Version)
		}
		for _, b := range set.Builders {
			if b.ImageBuilder != "" {
				want = append(want, b.ImageBuilder)
			}
		}
		for _, d := range found(t, strings.TrimPrefix(file, root+"/")) {
			got = append(got, d.version)
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: versions in the file and those that Renovate finds (-want +got):\n%s", file, diff)
		}
	}
}

// The builders of the image sets say which release of image-builder runs them, and the Dockerfile bundles it. If they differed,
// nodeimage would check variables against another release than the one that reads them.
func TestOneRelease(t *testing.T) {
	t.Parallel()
	bundled := found(t, "images/capi-image-builder/Dockerfile")
	if len(bundled) != 1 || bundled[0].name != "kubernetes-sigs/image-builder" {
		t.Fatalf("Renovate finds %v in the Dockerfile, want one release of image-builder", bundled)
	}
	set, err := imageset.Load(root + "/images/giantswarm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range set.Builders {
		if b.ImageBuilder != bundled[0].version {
			t.Errorf("builder %s runs image-builder %s, but the Dockerfile bundles %s", name, b.ImageBuilder, bundled[0].version)
		}
	}
}

// Versions can be written in more ways than the image sets do today.
func TestRenovatePatterns(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		text string
		want []dependency
	}{
		"block":          {"tools:\n  # renovate: datasource=github-releases depName=a/b\n  - name: b\n    role: b\n    version: \"1.2.3\"\n", []dependency{{"a/b", "1.2.3"}}},
		"no comment":     {"tools:\n  - {name: b, version: 1.2.3}\n", nil},
		"other versions": {"# renovate: datasource=github-releases depName=a/b\nversions: {flatcar: stable}\n", nil},
		"flow": {
			"b: {ami: {imageBuilder: v0.1.55, target: x}, sig: {target: y, imageBuilder: 'v0.1.54'}}",
			[]dependency{{"kubernetes-sigs/image-builder", "v0.1.54"}, {"kubernetes-sigs/image-builder", "v0.1.55"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, matches(t, "images/x.yaml", tc.text), cmp.AllowUnexported(dependency{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func found(t *testing.T, file string) []dependency {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return matches(t, file, string(text))
}

// matches is what the managers in renovate.json find in a file. Renovate's patterns are RE2, as Go's are.
func matches(t *testing.T, file, text string) []dependency {
	t.Helper()
	var config struct {
		CustomManagers []struct {
			ManagerFilePatterns, MatchStrings []string
			DepNameTemplate                   string
		}
	}
	data, err := os.ReadFile(filepath.Join(root, "renovate.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	var out []dependency
	for _, manager := range config.CustomManagers {
		if !regexp.MustCompile(strings.Trim(manager.ManagerFilePatterns[0], "/")).MatchString(file) {
			continue
		}
		pattern := regexp.MustCompile(manager.MatchStrings[0])
		for _, m := range pattern.FindAllStringSubmatch(text, -1) {
			name := manager.DepNameTemplate
			if i := pattern.SubexpIndex("depName"); i >= 0 {
				name = m[i]
			}
			out = append(out, dependency{name, m[pattern.SubexpIndex("currentValue")]})
		}
	}
	return ordered(out)
}

func ordered(d []dependency) []dependency {
	slices.SortFunc(d, func(a, b dependency) int { return strings.Compare(a.name+a.version, b.name+b.version) })
	return d
}
