package versions

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// policy is what the configuration says about which versions count.
type policy struct {
	prereleases bool
	endOfLife   bool
	now         time.Time
}

// maxPatch is the highest patch that a line is tried with to see whether a range touches it; Kubernetes has stayed
// below 20 so far.
const maxPatch = 100

// pick chooses the versions of a catalog that a term asks for, newest first.
func (p policy) pick(c *catalog, t term) []known {
	var picked []known
	taken := map[line]bool{}
	for _, k := range c.known() {
		if !p.matches(t, k) || p.dropsLine(c, t, k.line()) || (taken[k.line()] && !t.all) {
			continue
		}
		taken[k.line()] = true
		picked = append(picked, k)
		if t.kind == wordTerm {
			break
		}
	}
	return picked
}

func (p policy) matches(t term, k known) bool {
	if k.pre && !p.allowsPrereleases(t) {
		return false
	}
	switch t.kind {
	case wordTerm:
		return true
	case minorTerm:
		return k.line() == t.line
	case rangeTerm:
		return t.within(k.version, p.prereleases)
	}
	return false
}

func (p policy) allowsPrereleases(t term) bool {
	return t.prereleases || (p.prereleases && t.word != "stable")
}

// within checks a version against the range. "<1.31" is not meant to find 1.31.0-rc.1, which comes before 1.31.0 in
// semver's order, so a pre-release counts only where its release would, unless the range names a pre-release itself.
func (t term) within(v *semver.Version, prereleases bool) bool {
	constraint := *t.constraint
	constraint.IncludePrerelease = prereleases || t.prereleases
	if v.Prerelease() != "" && !t.prereleases {
		release := semver.New(v.Major(), v.Minor(), v.Patch(), "", "")
		return constraint.Check(v) && constraint.Check(release)
	}
	return constraint.Check(v)
}

// touches reports whether a term can match a version of the line.
func (t term) touches(l line) bool {
	if t.kind == minorTerm {
		return t.line == l
	}
	for patch := range uint64(maxPatch) {
		if t.kind == rangeTerm && t.constraint.Check(semver.New(l.major, l.minor, patch, "", "")) {
			return true
		}
	}
	return false
}

// filtersSupport reports whether a term leaves out what is no longer supported: a range that lacks an end does, unless it
// asks for all. A range with both ends names its minors, as a single minor does.
func (p policy) filtersSupport(t term) bool {
	return t.kind == rangeTerm && !t.all && !p.endOfLife && t.openEnded()
}

// farAway is above any number in a Kubernetes version.
const farAway = 1_000_000

// openEnded reports whether a range lacks an end: it admits a version before the first Kubernetes minor, or one beyond
// any that there will be, as "<1.30", ">=1.28", "^1.28", "1.x", "!=1.29" and ">=1.28 <2" do. Of alternatives ("||") one is
// enough.
func (t term) openEnded() bool {
	outside := []*semver.Version{
		semver.New(0, 0, 1, "", ""), semver.New(1, farAway, 0, "", ""), semver.New(farAway, 0, 0, "", ""),
	}
	return slices.ContainsFunc(outside, t.constraint.Check)
}

func (p policy) dropsLine(c *catalog, t term, l line) bool {
	if !p.filtersSupport(t) {
		return false
	}
	state, _ := c.life.at(l, p.now)
	return state == ended
}

// leftOut says which lines a term would match and does not get because their support has ended.
func (p policy) leftOut(c *catalog, t term) string {
	newest, ok := c.newest()
	if !ok || !p.filtersSupport(t) {
		return ""
	}
	var dated, undated []string
	for _, l := range linesUpTo(newest.line()) {
		if !t.touches(l) || !p.dropsLine(c, t, l) {
			continue
		}
		if _, day := c.life.at(l, p.now); day != "" {
			dated = append(dated, fmt.Sprintf("%s (%s)", l, day))
		} else {
			undated = append(undated, l.String())
		}
	}
	if len(undated) > 2 {
		undated = []string{undated[0] + " to " + undated[len(undated)-1]}
	}
	if labels := append(dated, undated...); len(labels) > 0 {
		return "past the end of life and left out: " + strings.Join(labels, ", ")
	}
	return ""
}

// supportNote says what a reader should know about the support of a picked version: a note or a warning, or neither.
func (p policy) supportNote(c *catalog, t term, l line) (note, warning string) {
	if c.life.empty() {
		return "", ""
	}
	state, day := c.life.at(l, p.now)
	switch {
	case state == ended && day != "":
		return fmt.Sprintf("%s is past its end of life, %s (%s)", l, day, c.life.ends[l].source), ""
	case state == ended:
		return fmt.Sprintf("%s is past its end of life: the release schedule has dropped it", l), ""
	case state == supportUnknown && p.filtersSupport(t):
		return "", fmt.Sprintf("the end of life of %s is in no source that was asked, so it was not left out", l)
	}
	return "", ""
}
