package versions

import (
	"context"
	"fmt"
	"net/http"
	"slices"
)

// kubernetesWeb asks, in this order and only as far as the terms need it:
//   - the markers on dl.k8s.io, one small file for the newest version and one for each minor. They decide.
//   - the release schedule, only for ranges that lack an end, to leave out minors out of support.
//   - GitHub's releases, for dates and because markers have gone back to an older patch before (kubernetes/kubectl
//     issue 1656). They come newest first, and Kubernetes makes fewer than 100 releases and pre-releases in its 14
//     months of support, so one page of 100 has whatever a marker of a supported minor can have missed. More pages are
//     read only to list every patch, or to find one below a patch that a range excludes.
type kubernetesWeb struct {
	web      *web
	releases hub
	policy   policy
	markers  string // https://dl.k8s.io/release
	schedule string
}

// maxReleasePages bounds the list of all of Kubernetes' releases, of which there were fewer than 1000 in 2025.
const maxReleasePages = 20

func kubernetesLoader(config Config, w *web, p policy) loader {
	source := config.Sources.Kubernetes
	parse := kubernetesParser(config.Now)
	switch {
	case isDocument(source):
		return documentSource{web: w, subject: Kubernetes, url: source, parse: parse}
	case source != "" && !isURL(source):
		return fileSource{subject: Kubernetes, path: source, parse: parse, wanted: kubernetesFile}
	}
	k := kubernetesWeb{
		web: w, policy: p,
		markers:  "https://dl.k8s.io/release",
		schedule: "https://raw.githubusercontent.com/kubernetes/website/main/data/releases/schedule.yaml",
	}
	host := githubSite
	if base := mirror(source, "dl.k8s.io"); base != "" {
		k.markers, k.schedule, host = base+"/release", base+"/data/releases/schedule.yaml", base
	}
	k.releases = newHub(config, w, Kubernetes, host, "kubernetes", "kubernetes")
	return k
}

func (k kubernetesWeb) load(ctx context.Context, _ string, terms []term) (*catalog, error) {
	c := newCatalog(k.markers)
	if err := k.loadMarkers(ctx, c, terms); err != nil {
		return nil, err
	}
	if err := k.loadReleases(ctx, c, terms); err != nil {
		return nil, err
	}
	c.compareSources()
	return c, nil
}

func (k kubernetesWeb) loadMarkers(ctx context.Context, c *catalog, terms []term) error {
	for _, t := range terms {
		var err error
		switch {
		case t.all: // the list of releases has it
		case t.kind == wordTerm:
			err = k.loadNewest(ctx, c)
		case t.kind == minorTerm:
			err = k.loadMinor(ctx, c, t.line)
		case t.kind == rangeTerm:
			err = k.loadRange(ctx, c, t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (k kubernetesWeb) loadNewest(ctx context.Context, c *catalog) error {
	return k.loadMarker(ctx, c, "stable.txt")
}

// loadMarker adds a marker, once.
func (k kubernetesWeb) loadMarker(ctx context.Context, c *catalog, name string) error {
	const source = "kubernetes version marker"
	place := k.markers + "/" + name
	if slices.ContainsFunc(c.facts, func(f fact) bool { return f.source == place }) {
		return nil
	}
	d, err := k.web.get(ctx, source, place)
	if err != nil {
		return err
	}
	if err := addMarker(c, d); err != nil {
		return &SourceError{Source: source, URL: place, Err: err}
	}
	return nil
}

// loadMinor adds the marker of a minor that was asked for by name. That there is none is an answer if the server says
// so, or if the minor is beyond the newest: dl.k8s.io has answered 403 for what does not exist (kubernetes/k8s.io issue
// 7298), and 403 alone would mean that nothing is known.
func (k kubernetesWeb) loadMinor(ctx context.Context, c *catalog, of line) error {
	err := k.loadMarker(ctx, c, fmt.Sprintf("stable-%s.txt", of))
	status := statusOf(err)
	if status != http.StatusNotFound && status != http.StatusForbidden {
		return err
	}
	if err := k.loadNewest(ctx, c); err != nil {
		return err
	}
	newest, ok := c.newest()
	if status == http.StatusForbidden && (!ok || of.compare(newest.line()) <= 0) {
		return err
	}
	return nil
}

// loadRange adds the marker of each minor that the range touches and that is to be considered. The newest marker says
// that these minors exist, so here a missing one is an error.
func (k kubernetesWeb) loadRange(ctx context.Context, c *catalog, t term) error {
	if err := k.loadNewest(ctx, c); err != nil {
		return err
	}
	lines := k.touched(c, t)
	if len(lines) > 0 && k.policy.filtersSupport(t) && c.life.empty() {
		if err := k.loadSchedule(ctx, c); err != nil {
			return err
		}
		lines = k.touched(c, t)
	}
	for _, l := range lines {
		if err := k.loadMarker(ctx, c, fmt.Sprintf("stable-%s.txt", l)); err != nil {
			return err
		}
	}
	return nil
}

// touched lists the minors up to the newest release that a term asks for and that the policy does not drop.
func (k kubernetesWeb) touched(c *catalog, t term) []line {
	newest, ok := c.newest()
	if !ok {
		return nil
	}
	return slices.DeleteFunc(linesUpTo(newest.line()), func(l line) bool {
		return !t.touches(l) || k.policy.dropsLine(c, t, l)
	})
}

func (k kubernetesWeb) loadSchedule(ctx context.Context, c *catalog) error {
	const source = "kubernetes release schedule"
	d, err := k.web.get(ctx, source, k.schedule)
	if err != nil {
		return err
	}
	found, err := addSchedule(c, d, k.policy.now)
	if err == nil && !found {
		err = errNotRecognised
	}
	if err != nil {
		return &SourceError{Source: source, URL: k.schedule, Err: err}
	}
	if !d.stored.IsZero() {
		c.notes = append(c.notes, cachedNote(k.schedule, d.stored))
	}
	return nil
}

// loadReleases reads GitHub's list until it has what the markers leave open, at least one page of it. If they leave
// nothing open, the list only adds to an answer, and failing to get it is a warning.
func (k kubernetesWeb) loadReleases(ctx context.Context, c *catalog, terms []term) error {
	complete := func() bool {
		return !slices.ContainsFunc(terms, func(t term) bool { return !k.complete(c, t) })
	}
	needed := !complete() || slices.ContainsFunc(terms, k.policy.allowsPrereleases)
	err := k.releases.addReleases(ctx, c, maxReleasePages, complete)
	if err == nil || needed || ctx.Err() != nil {
		return err
	}
	c.caveats = append(c.caveats, fmt.Sprintf("%v: the markers were not compared with it", err))
	return nil
}

// complete reports whether the catalog can answer the term. The list is newest first, so a minor is listed in full once
// its first release has come, and the best patch for a range has come once any has.
func (k kubernetesWeb) complete(c *catalog, t term) bool {
	if _, ok := c.newest(); !ok {
		return false
	}
	if t.kind == wordTerm || (t.kind == minorTerm && !t.all) {
		return true
	}
	all := c.known()
	for _, l := range k.touched(c, t) {
		answered := slices.ContainsFunc(all, func(k2 known) bool {
			first := k2.version.Patch() == 0 && !k2.pre
			return k2.line() == l && (first || (!t.all && k.policy.matches(t, k2)))
		})
		if !answered {
			return false
		}
	}
	return true
}
