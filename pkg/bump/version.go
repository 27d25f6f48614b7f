package bump

import (
	"github.com/Masterminds/semver/v3"
)

// step is the rule for a version that changes. ok is false where one of them is no version.
func step(from, to string) (rule string, ok bool) {
	a, errA := semver.NewVersion(from)
	b, errB := semver.NewVersion(to)
	if errA != nil || errB != nil {
		return "", false
	}
	level := distance(a, b)
	unstable := a.Major() == 0 && b.Major() == 0
	switch {
	case b.LessThan(a) && level == Patch && a.Prerelease() == b.Prerelease():
		return "tool-downgrade-patch", true
	case b.LessThan(a):
		return "tool-downgrade", true
	case unstable && (level > Patch || a.Minor() == 0):
		return "tool-unstable", true
	case level == Major:
		return "tool-major", true
	case a.Prerelease() != b.Prerelease():
		return "tool-prerelease", true
	case unstable:
		return "tool-unstable-patch", true
	case level == Minor:
		return "tool-minor", true
	}
	return "tool-patch", true
}

// distance is the level of the first number in which two versions differ.
func distance(a, b *semver.Version) Level {
	switch {
	case a.Major() != b.Major():
		return Major
	case a.Minor() != b.Minor():
		return Minor
	}
	return Patch
}
