package bump

import (
	"fmt"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// Release is a release of the tooling.
type Release struct{ version *semver.Version }

// ParseRelease reads a release, with or without v. Pre-releases are refused: images are named after releases, and a pre-release
// is neither before nor after the release that it becomes.
func ParseRelease(text string) (Release, error) {
	v, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v"))
	if err != nil || v.Prerelease() != "" || v.Metadata() != "" {
		return Release{}, fmt.Errorf("%q is not a release such as v1.15.0", text)
	}
	return Release{v}, nil
}

func (r Release) String() string { return "v" + r.version.String() }

// Next is the release that comes after r for changes of a level; for none it is r itself.
func (r Release) Next(l Level) Release {
	v := *r.version
	switch l {
	case Major:
		v = v.IncMajor()
	case Minor:
		v = v.IncMinor()
	case Patch:
		v = v.IncPatch()
	}
	return Release{&v}
}

// LevelTo is the level of the step from r to a later release: that of the first number that differs. The error says that other
// is not later.
func (r Release) LevelTo(other Release) (Level, error) {
	a, b := r.version, other.version
	switch {
	case !b.GreaterThan(a):
		return None, fmt.Errorf("%s does not come after %s", other, r)
	case a.Major() != b.Major():
		return Major, nil
	case a.Minor() != b.Minor():
		return Minor, nil
	}
	return Patch, nil
}
