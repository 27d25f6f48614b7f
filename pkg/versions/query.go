package versions

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"
)

// Subject is what a query asks the version of.
type Subject string

// The three versions that make an image distinct.
const (
	Flatcar    Subject = "flatcar"
	Kubernetes Subject = "kubernetes"
	Tooling    Subject = "tooling"
)

// Subjects lists every subject, in the order in which the image name has them.
func Subjects() []Subject { return []Subject{Flatcar, Kubernetes, Tooling} }

// Flatcar's release channels (https://www.flatcar.org/docs/latest/setup/releases/switching-channels/).
var channels = []string{"stable", "beta", "alpha", "lts"}

// Limits of a query, far above what anybody writes by hand.
const (
	maxQuery = 64 << 10
	maxTerms = 4096
)

// Query asks for one or more versions of a subject. The zero value asks for nothing; make one with [Parse].
type Query struct {
	subject Subject
	text    string
	terms   []term
}

// String gives the query as it was written.
func (q Query) String() string { return q.text }

// Subject says what the query asks the version of.
func (q Query) Subject() Subject { return q.subject }

// Exact reports whether the query names exact versions only, so that resolving it asks no source.
func (q Query) Exact() bool {
	return !slices.ContainsFunc(q.terms, func(t term) bool { return t.kind != exactTerm })
}

// Minor reports whether a part of the query is a bare minor, such as 1.29.
func (q Query) Minor() bool {
	return slices.ContainsFunc(q.terms, func(t term) bool { return t.kind == minorTerm })
}

// Versions are the versions that the query names exactly, without v, in the order in which they are written.
func (q Query) Versions() []string {
	var named []string
	for _, t := range q.terms {
		if t.kind == exactTerm {
			named = append(named, t.exact.String())
		}
	}
	return named
}

type kind int

const (
	exactTerm kind = iota + 1
	wordTerm
	minorTerm
	rangeTerm
)

// term is one part of a query, between commas.
type term struct {
	text        string
	kind        kind
	exact       *semver.Version
	word        string
	line        line
	constraint  *semver.Constraints
	prereleases bool // a bound of the range is a pre-release itself
	all         bool
}

// Each form is compiled when a query first needs it: many commands read none.
var (
	exactForm = form(`^v?\d+\.\d+\.\d+([-+]\S*)?$`)
	minorForm = form(`^v?(0|[1-9]\d*)\.(0|[1-9]\d*)$`)
	majorForm = form(`^v?\d+$`)
	// rangeForm holds what tells a range from a version: an operator, a wildcard, or a dash with spaces around it.
	rangeForm     = form(`[<>=!~^*]|\.[xX]|\s-\s|\|\|`)
	bareVersions  = form(`^v?\d[^\s<>=!~^*|]*(\s+v?\d[^\s<>=!~^*|]*)+$`)
	prereleaseEnd = form(`\d-[0-9A-Za-z]`)
)

func form(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// Parse reads a query about subject: a list of terms with commas between them, as the package comment describes them.
// The error is an [*InputError] with everything that is wrong.
func Parse(subject Subject, text string) (Query, error) {
	q := Query{subject: subject, text: strings.TrimSpace(text)}
	if problem := checkWhole(q); problem != "" {
		return Query{}, &InputError{Problems: []string{problem}}
	}
	var problems []string
	for part := range strings.SplitSeq(q.text, ",") {
		t, problem := parseTerm(subject, strings.Join(strings.Fields(part), " "))
		if problem != "" {
			problems = append(problems, problem)
			continue
		}
		q.terms = append(q.terms, t)
	}
	if problem := looseBound(q.terms); problem != "" {
		problems = append(problems, problem)
	}
	if problems != nil {
		return Query{}, &InputError{Problems: problems}
	}
	return q, nil
}

func checkWhole(q Query) string {
	switch {
	case !slices.Contains(Subjects(), q.subject):
		return fmt.Sprintf("%q has no versions here: known are flatcar, kubernetes and tooling", string(q.subject))
	case q.text == "":
		return fmt.Sprintf("no %s version is given", q.subject)
	case len(q.text) > maxQuery || strings.Count(q.text, ",") >= maxTerms:
		return fmt.Sprintf("the query is too long: at most %d characters and %d versions", maxQuery, maxTerms)
	}
	return ""
}

func parseTerm(subject Subject, text string) (t term, problem string) {
	t = term{text: text}
	body, all := strings.CutSuffix(text, " all")
	t.all = all
	switch {
	case body == "":
		return t, "there is nothing between two commas"
	case exactForm().MatchString(body):
		return t.asExact(body)
	case minorForm().MatchString(body):
		return t.asMinor(body)
	case body == "latest" || slices.Contains(channels, body):
		return t.asWord(subject, body)
	case majorForm().MatchString(body):
		return t, fmt.Sprintf("%q is not a version: a minor has two numbers, a range is written \">=1.28 <1.31\"", text)
	case bareVersions().MatchString(body) && !strings.Contains(body, " - "):
		return t, fmt.Sprintf("%q has several versions: write a comma between them", text)
	case rangeForm().MatchString(body):
		return t.asRange(body)
	}
	return t, fmt.Sprintf("%q is not a version, a minor, a range or one of the words %s", text, words(subject))
}

func words(subject Subject) string {
	if subject == Flatcar {
		return strings.Join(channels, ", ") + ", latest"
	}
	return "stable, latest"
}

func (t term) asExact(body string) (term, string) {
	v, err := semver.StrictNewVersion(strings.TrimPrefix(body, "v"))
	switch {
	case err != nil:
		return t, fmt.Sprintf("%q is not a version: %v", t.text, err)
	case v.Metadata() != "":
		return t, fmt.Sprintf("%q has build metadata (after the +), which marks a development build: no image is made of it", t.text)
	case t.all:
		return t, fmt.Sprintf("%q: \"all\" goes with a minor or a range, not with one version", t.text)
	}
	t.kind, t.exact = exactTerm, v
	return t, ""
}

func (t term) asMinor(body string) (term, string) {
	l, err := parseLine(body)
	if err != nil {
		return t, err.Error()
	}
	t.kind, t.line = minorTerm, l
	return t, ""
}

// parseLine reads a minor such as 1.29; 1.30 is not 1.3.
func parseLine(text string) (line, error) {
	parts := minorForm().FindStringSubmatch(text)
	if parts == nil {
		return line{}, fmt.Errorf("%q is not a minor such as 1.29", text)
	}
	major, err := strconv.ParseUint(parts[1], 10, 32)
	if err != nil {
		return line{}, fmt.Errorf("%q is not a minor: %s is too large", text, parts[1])
	}
	minor, err := strconv.ParseUint(parts[2], 10, 32)
	if err != nil {
		return line{}, fmt.Errorf("%q is not a minor: %s is too large", text, parts[2])
	}
	return line{major, minor}, nil
}

func (t term) asWord(subject Subject, body string) (term, string) {
	switch {
	case t.all:
		return t, fmt.Sprintf("%q: \"all\" goes with a minor or a range, not with a word", t.text)
	case subject != Flatcar && body != "stable" && body != "latest":
		return t, fmt.Sprintf("%s has no channel %q: the words are %s", subject, body, words(subject))
	}
	t.kind, t.word = wordTerm, body
	return t, ""
}

func (t term) asRange(body string) (term, string) {
	if strings.Contains(body, "+") {
		return t, fmt.Sprintf("%q has build metadata (after the +), which ranges do not know", t.text)
	}
	constraint, err := semver.NewConstraint(body)
	if err != nil {
		return t, fmt.Sprintf("%q is not a range: %v", t.text, err)
	}
	t.kind, t.constraint = rangeTerm, constraint
	t.prereleases = prereleaseEnd().MatchString(body)
	return t, ""
}

// looseBound finds the range that somebody wrote with a comma inside, as Masterminds/semver and Helm allow it.
// Here ">=1.28, <1.31" would be two ranges, together everything; that is never what was meant.
func looseBound(terms []term) string {
	ranges := slices.DeleteFunc(slices.Clone(terms), func(t term) bool { return t.kind != rangeTerm })
	if len(ranges) < 2 {
		return ""
	}
	for _, t := range ranges {
		upper := strings.HasPrefix(t.text, "<") || strings.HasPrefix(t.text, "!=") || strings.HasPrefix(t.text, "=<")
		if upper && !strings.ContainsAny(t.text, ">~^") {
			return fmt.Sprintf("%q stands alone after a comma and has no lower bound: "+
				"write one range with a space, as in \">=1.28 <1.31\"", t.text)
		}
	}
	return ""
}
