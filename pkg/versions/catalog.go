package versions

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// line is a major and minor version: the unit that gets patches and that runs out of support.
type line struct{ major, minor uint64 }

func lineOf(v *semver.Version) line { return line{v.Major(), v.Minor()} }

func (l line) String() string { return fmt.Sprintf("%d.%d", l.major, l.minor) }

func (l line) compare(o line) int {
	return cmp.Or(cmp.Compare(l.major, o.major), cmp.Compare(l.minor, o.minor))
}

// rank orders sources by how well they know a single version: its place and date come from the first.
type rank int

const (
	fromMarker    rank = iota // a file that names the current version and nothing else
	fromList                  // releases, tags
	fromLifecycle             // schedules, whose dates are plans
)

// fact is one source saying that a version exists.
type fact struct {
	version *semver.Version
	source  string // URL or path
	rank    rank
	date    time.Time // zero if the source has none
	stored  time.Time // when the cache got the answer; zero for an answer of now
	pre     bool      // not for everybody: a pre-release, or one marked so
	newest  bool      // the source says that it knows none newer
}

// catalog is what the sources of one subject said, as far as a query needs it.
type catalog struct {
	place    string // where it comes from, for people
	facts    []fact
	life     lifecycle
	current  *fact               // Flatcar: what the release server calls current
	withheld map[string]bool     // versions with a draft release
	warnings map[string][]string // by version
	caveats  []string            // warnings for everything resolved from here
	notes    []string            // about the catalog as a whole
}

func newCatalog(place string) *catalog {
	return &catalog{place: place, withheld: map[string]bool{}, warnings: map[string][]string{}}
}

func (c *catalog) add(f fact) { c.facts = append(c.facts, f) }

// addList adds all that one source knows.
func (c *catalog) addList(facts []fact) {
	from := len(c.facts)
	c.facts = append(c.facts, facts...)
	markNewest(c.facts[from:])
}

// markNewest marks the newest release of a source's list as what the source takes for the newest.
func markNewest(list []fact) {
	best := -1
	for i, f := range list {
		if !f.pre && (best < 0 || f.version.GreaterThan(list[best].version)) {
			best = i
		}
	}
	if best >= 0 {
		list[best].newest = true
	}
}

func (c *catalog) warn(v *semver.Version, format string, args ...any) {
	c.warnings[v.String()] = append(c.warnings[v.String()], fmt.Sprintf(format, args...))
}

// known is a version with everything that was said of it, best source first.
type known struct {
	version *semver.Version
	facts   []fact
	pre     bool
}

func (k known) line() line { return lineOf(k.version) }

func (k known) date() time.Time {
	for _, f := range k.facts {
		if !f.date.IsZero() {
			return f.date
		}
	}
	return time.Time{}
}

// known lists every version once, newest first.
func (c *catalog) known() []known {
	byVersion := map[string]*known{}
	for _, f := range c.facts {
		key := f.version.String()
		k := byVersion[key]
		if k == nil {
			k = &known{version: f.version, pre: c.withheld[key]}
			byVersion[key] = k
		}
		k.facts = append(k.facts, f)
		k.pre = k.pre || f.pre
	}
	all := make([]known, 0, len(byVersion))
	for _, k := range byVersion {
		slices.SortStableFunc(k.facts, func(a, b fact) int { return cmp.Compare(a.rank, b.rank) })
		all = append(all, *k)
	}
	slices.SortFunc(all, func(a, b known) int { return b.version.Compare(a.version) })
	return all
}

// newest gives the newest version that is no pre-release.
func (c *catalog) newest() (known, bool) {
	all := c.known()
	i := slices.IndexFunc(all, func(k known) bool { return !k.pre })
	if i < 0 {
		return known{}, false
	}
	return all[i], true
}

// compareSources warns where sources that know a line disagree on its newest patch, and where one takes another line
// for the newest. The newest version that any source knows is what gets resolved, so it carries the warning.
func (c *catalog) compareSources() {
	byLine := map[line]map[string]fact{}
	for _, k := range c.known() {
		for _, f := range k.facts {
			if k.pre {
				continue
			}
			if byLine[k.line()] == nil {
				byLine[k.line()] = map[string]fact{}
			}
			if _, seen := byLine[k.line()][f.source]; !seen {
				byLine[k.line()][f.source] = f
			}
		}
	}
	for l, bySource := range byLine {
		c.warnDisagreement(l.String(), slices.Collect(maps.Values(bySource)))
	}
	c.compareNewest()
}

func (c *catalog) compareNewest() {
	top, ok := c.newest()
	if !ok {
		return
	}
	claims := slices.DeleteFunc(slices.Clone(c.facts), func(f fact) bool {
		return !f.newest || c.withheld[f.version.String()] || lineOf(f.version) == top.line()
	})
	if len(claims) > 0 {
		c.warnDisagreement("version", append(claims, top.facts[0]))
	}
}

func (c *catalog) warnDisagreement(what string, claims []fact) {
	slices.SortFunc(claims, func(a, b fact) int {
		return cmp.Or(b.version.Compare(a.version), cmp.Compare(a.rank, b.rank), strings.Compare(a.source, b.source))
	})
	top := claims[0].version
	if !slices.ContainsFunc(claims, func(f fact) bool { return !f.version.Equal(top) }) {
		return
	}
	said := make([]string, len(claims))
	for i, f := range claims {
		said[i] = fmt.Sprintf("%s (%s)", f.version, f.source)
	}
	c.warn(top, "sources disagree on the newest %s: %s; %s is taken", what, strings.Join(said, ", "), top)
}
