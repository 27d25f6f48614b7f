package versions

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/Masterminds/semver/v3"
)

// given is the source of a version that the query names exactly.
const given = "as given"

// Version is one version that a query resolved to.
type Version struct {
	// Version has three numbers, no "v", and a pre-release part only if that was asked for.
	Version string `json:"version"`
	// Channel is the Flatcar channel that the version was looked up in; for an exact version the configured one,
	// unchecked. Empty for other subjects.
	Channel string `json:"channel,omitempty"`
	// Source is the URL or the path that names the version, or "as given" for an exact one.
	Source string `json:"source"`
	// Date is the day or time of the release; zero if no source that was asked has it.
	Date time.Time `json:"date,omitzero"`
	// Notes are worth knowing: an answer from the cache, an end of life.
	Notes []string `json:"notes,omitempty"`
	// Warnings are worth doing something about: sources that disagree, a second source that could not be had.
	Warnings []string `json:"warnings,omitempty"`
}

// Resolution is the answer to a query.
type Resolution struct {
	// Versions are the versions, each once, newest first. There is at least one.
	Versions []Version `json:"versions"`
	// Notes are about the answer as a whole: what was left out, files that were not used.
	Notes []string `json:"notes,omitempty"`
}

// Strings gives the bare versions.
func (r Resolution) Strings() []string {
	bare := make([]string, len(r.Versions))
	for i, v := range r.Versions {
		bare[i] = v.Version
	}
	return bare
}

// Resolver resolves queries. Make one with [New]; it is safe for concurrent use.
type Resolver struct {
	config  Config
	policy  policy
	loaders map[Subject]loader
}

// loader gets what a source knows, as far as the terms need it. The channel is Flatcar's, else empty. It is not called
// for exact terms.
type loader interface {
	load(ctx context.Context, channel string, terms []term) (*catalog, error)
}

// Resolve turns a query into exact versions. It asks only the sources that the query needs.
//
// The error is a [*SourceError] if a source could not be had, and an [*InputError] if a term matches no version that
// the source knows; that one says which version is the newest known.
func (r *Resolver) Resolve(ctx context.Context, q Query) (Resolution, error) {
	if len(q.terms) == 0 {
		return Resolution{}, &InputError{Problems: []string{"the query is empty"}}
	}
	catalogs, err := r.catalogs(ctx, q)
	if err != nil {
		return Resolution{}, err
	}
	var found answer
	for _, t := range q.terms {
		if t.kind == exactTerm {
			found.add(t.exact, Version{Version: t.exact.String(), Channel: r.channel(q, t), Source: given})
			continue
		}
		channel := r.channel(q, t)
		r.answerTerm(&found, q, t, channel, catalogs[channel])
	}
	return found.resolution()
}

func (r *Resolver) channel(q Query, t term) string {
	switch {
	case q.subject != Flatcar:
		return ""
	case slices.Contains(channels, t.word):
		return t.word
	}
	return r.config.Channel
}

// catalogs loads one catalog for each channel that the query asks about.
func (r *Resolver) catalogs(ctx context.Context, q Query) (map[string]*catalog, error) {
	terms := map[string][]term{}
	var order []string
	for _, t := range q.terms {
		if t.kind == exactTerm {
			continue
		}
		channel := r.channel(q, t)
		if terms[channel] == nil {
			order = append(order, channel)
		}
		terms[channel] = append(terms[channel], t)
	}
	catalogs := map[string]*catalog{}
	for _, channel := range order {
		c, err := r.loaders[q.subject].load(ctx, channel, terms[channel])
		if err != nil {
			return nil, err
		}
		catalogs[channel] = c
	}
	return catalogs, nil
}

func (r *Resolver) answerTerm(found *answer, q Query, t term, channel string, c *catalog) {
	picked := r.policy.pick(c, t)
	left := r.policy.leftOut(c, t)
	if len(picked) == 0 {
		found.problems = append(found.problems, noMatch(q, t, channel, c, left))
		return
	}
	for _, note := range append(slices.Clone(c.notes), left) {
		found.note(note)
	}
	if q.subject == Kubernetes && r.policy.filtersSupport(t) && c.life.empty() {
		found.note("no end-of-life dates in " + c.place + ": minors out of support are not left out")
	}
	for _, k := range picked {
		found.add(k.version, r.version(c, t, channel, k))
	}
}

func (r *Resolver) version(c *catalog, t term, channel string, k known) Version {
	v := Version{Version: k.version.String(), Channel: channel, Source: k.facts[0].source, Date: k.date()}
	for _, f := range k.facts {
		if !f.stored.IsZero() {
			v.Notes = append(v.Notes, cachedNote(f.source, f.stored))
		}
	}
	v.Warnings = append(slices.Clone(c.warnings[v.Version]), c.caveats...)
	note, warning := r.policy.supportNote(c, t, k.line())
	if note != "" {
		v.Notes = append(v.Notes, note)
	}
	if warning != "" {
		v.Warnings = append(v.Warnings, warning)
	}
	return v
}

func cachedNote(source string, stored time.Time) string {
	return fmt.Sprintf("%s: from the cache, as of %s", source, stored.UTC().Format(time.RFC3339))
}

// noMatch says what a person needs to correct a query that matches nothing.
func noMatch(q Query, t term, channel string, c *catalog, left string) string {
	what := string(q.subject)
	if channel != "" {
		what += " " + channel
	}
	text := fmt.Sprintf("%q matches no %s version", t.text, what)
	newest, ok := c.newest()
	switch {
	case left != "":
		text += fmt.Sprintf(" in support (%s; name the minor or add \"all\" to have them)", left)
	case !ok:
		return text + ": none is known at " + c.place
	}
	return text + fmt.Sprintf(": the newest known is %s (%s)", newest.version, newest.facts[0].source)
}

// answer gathers the versions of all terms.
type answer struct {
	versions map[string]Version
	order    []*semver.Version
	notes    []string
	problems []string
}

// add keeps the version with a source where one was both given exactly and found.
func (a *answer) add(v *semver.Version, resolved Version) {
	if a.versions == nil {
		a.versions = map[string]Version{}
	}
	key := resolved.Version
	before, seen := a.versions[key]
	if !seen {
		a.order = append(a.order, v)
	}
	if !seen || before.Source == given {
		a.versions[key] = resolved
	}
}

func (a *answer) note(text string) {
	if text != "" && !slices.Contains(a.notes, text) {
		a.notes = append(a.notes, text)
	}
}

func (a *answer) resolution() (Resolution, error) {
	if a.problems != nil {
		return Resolution{}, &InputError{Problems: a.problems}
	}
	slices.SortFunc(a.order, func(x, y *semver.Version) int { return y.Compare(x) })
	resolved := Resolution{Notes: a.notes}
	for _, v := range a.order {
		resolved.Versions = append(resolved.Versions, a.versions[v.String()])
	}
	return resolved, nil
}
