package bump

import (
	"slices"

	"github.com/Masterminds/semver/v3"
)

// bundled says which containerd releases of kubernetes-sigs/image-builder bring to Flatcar nodes, each from the release named on
// (containerd_version in images/capi/packer/config/containerd.json at the tags).
var bundled = []struct{ since, containerd string }{
	{"v0.1.27", "1.7.13"},
	{"v0.1.34", "1.7.20"},
	{"v0.1.46", "1.7.25"},
	{"v0.1.48", "1.7.29"},
	{"v0.1.50", "2.2.2"},
	{"v0.1.53", "2.3.1"},
	{"v0.1.54", "2.3.2"},
}

// lastKnown is the newest release that bundled is right about.
const lastKnown = "v0.1.55"

// containerdOf is the containerd of a release, or "" where that is not known.
func containerdOf(release string) string {
	v, err := semver.NewVersion(release)
	if err != nil || v.Prerelease() != "" || v.GreaterThan(semver.MustParse(lastKnown)) {
		return ""
	}
	for _, b := range slices.Backward(bundled) {
		if !v.LessThan(semver.MustParse(b.since)) {
			return b.containerd
		}
	}
	return ""
}

// upstream compares the bundled releases of image-builder, and the containerd that each brings to builders that don't choose
// their own.
func (d *diff) upstream(from, to State, at origin) {
	d.imageBuilder(from.ImageBuilder, to.ImageBuilder, at)
	if !ownContainerd(from) || !ownContainerd(to) {
		d.containerd(containerdOf(from.ImageBuilder), containerdOf(to.ImageBuilder), from.ImageBuilder != to.ImageBuilder, at)
	}
}

// ownContainerd tells whether every builder chooses its containerd itself.
func ownContainerd(s State) bool {
	for _, set := range s.ImageSets {
		for _, b := range set.Builders {
			if b.Variables["containerd_version"] == "" {
				return false
			}
		}
	}
	return true
}

func (d *diff) imageBuilder(from, to string, at origin) {
	if from == to {
		return
	}
	d.add(upstreamRule(from, to), "image-builder", from, to, at)
}

func upstreamRule(from, to string) string {
	a, errA := semver.NewVersion(from)
	b, errB := semver.NewVersion(to)
	switch {
	case errA != nil || errB != nil:
		return "upstream-unknown"
	case b.LessThan(a):
		return "upstream-downgrade"
	case a.Major() != b.Major(), a.Major() == 0 && a.Minor() != b.Minor():
		return "upstream-breaking"
	}
	return "upstream-release"
}

// containerd compares two versions of containerd, each "" where it is not known; changed tells whether it can have changed.
func (d *diff) containerd(from, to string, changed bool, at origin) {
	if !changed || (from == to && from != "") {
		return
	}
	rule, known := step(from, to)
	switch {
	case !known:
		rule = "containerd-unknown"
		from, to = orUnknown(from), orUnknown(to)
	case rule == "tool-major":
		rule = "containerd-major"
	}
	d.add(rule, "containerd", from, to, at)
}

func orUnknown(version string) string {
	if version == "" {
		return "unknown"
	}
	return version
}
