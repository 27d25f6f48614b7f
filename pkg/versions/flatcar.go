package versions

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// flatcarWeb asks Flatcar's release server what is current, and its release feed for everything else. The two are
// published by different means and the feed has been behind (kubernetes-sigs/image-builder PR 2029), so the server, from
// which images are made, decides what is current.
type flatcarWeb struct {
	web           *web
	architectures []string
	base          string // of a mirror; empty for the public servers
}

func flatcarLoader(config Config, w *web) loader {
	source := config.Sources.Flatcar
	parse := flatcarParser(config.Architectures)
	switch {
	case isDocument(source):
		return documentSource{web: w, subject: Flatcar, url: source, parse: parse}
	case source == "" || isURL(source):
		return flatcarWeb{web: w, architectures: config.Architectures, base: mirror(source, "www.flatcar.org")}
	}
	return fileSource{subject: Flatcar, path: source, parse: parse, wanted: flatcarFile, ignored: versionOfOne}
}

// mirror gives the base without a final slash; it is empty if the source is the public host itself.
func mirror(source, publicHost string) string {
	u, err := url.Parse(source)
	if err != nil || u.Host == publicHost {
		return ""
	}
	return strings.TrimRight(source, "/")
}

func (f flatcarWeb) feedURL(channel string) string {
	base := f.base
	if base == "" {
		base = "https://www.flatcar.org"
	}
	return fmt.Sprintf("%s/releases-json/releases-%s.json", base, channel)
}

func (f flatcarWeb) currentURL(channel, arch string) string {
	if f.base == "" {
		return fmt.Sprintf("https://%s.release.flatcar-linux.net/%s-usr/current/version.txt", channel, arch)
	}
	return fmt.Sprintf("%s/%s/%s-usr/current/version.txt", f.base, channel, arch)
}

// load asks the release server first. Without it nothing is known to be current, whatever the feed says. Without the
// feed "stable" still has its answer, only no date; a minor or a range has none.
func (f flatcarWeb) load(ctx context.Context, channel string, terms []term) (*catalog, error) {
	c := newCatalog(f.feedURL(channel))
	if err := f.loadCurrent(ctx, c, channel); err != nil {
		return nil, err
	}
	if err := f.loadFeed(ctx, c, channel); err != nil {
		if ctx.Err() != nil || needsList(terms) {
			return nil, err
		}
		c.caveats = append(c.caveats, fmt.Sprintf("%v: the release server was not compared with it", err))
	}
	c.settleCurrent()
	return c, nil
}

func needsList(terms []term) bool {
	for _, t := range terms {
		if t.kind != wordTerm {
			return true
		}
	}
	return false
}

func (f flatcarWeb) loadFeed(ctx context.Context, c *catalog, channel string) error {
	const source = "flatcar release feed"
	d, err := f.web.get(ctx, source, f.feedURL(channel))
	if err != nil {
		return err
	}
	found, err := addFeed(c, d, channel, f.architectures)
	if err == nil && !found {
		err = errNotRecognised
	}
	if err == nil && len(c.facts) == 0 {
		err = fmt.Errorf("it lists no release of channel %s for %s", channel, strings.Join(f.architectures, " and "))
	}
	if err != nil {
		return &SourceError{Source: source, URL: d.place, Err: err}
	}
	return nil
}

// loadCurrent asks for each architecture. While a release is being published one can be ahead: the older one is what
// exists for all.
func (f flatcarWeb) loadCurrent(ctx context.Context, c *catalog, channel string) error {
	const source = "flatcar release server"
	var all []fact
	for _, arch := range f.architectures {
		d, err := f.web.get(ctx, source, f.currentURL(channel, arch))
		if err != nil {
			return err
		}
		v, err := parseVersionTxt(d.data)
		if err != nil {
			return &SourceError{Source: source, URL: d.place, Err: err}
		}
		all = append(all, fact{version: v, source: d.place, rank: fromMarker, stored: d.stored, newest: true})
	}
	oldest := all[0]
	for _, other := range all[1:] {
		if other.version.LessThan(oldest.version) {
			oldest = other
		}
	}
	c.current = &oldest
	for _, other := range all {
		if !other.version.Equal(oldest.version) {
			c.warn(oldest.version, "architectures differ in what is current: %s (%s), %s (%s); the older one exists for all",
				other.version, other.source, oldest.version, oldest.source)
		}
	}
	return nil
}

// settleCurrent lets the release server have the last word: what it calls current is the newest, also where the feed
// lists something newer, which then is not out yet or was taken back.
func (c *catalog) settleCurrent() {
	if c.current == nil {
		return
	}
	current := *c.current
	if feed, ok := c.newest(); ok && !feed.version.Equal(current.version) {
		c.warn(current.version, "the release feed and the release server disagree: %s (%s), %s (%s); the release server's is taken",
			feed.version, feed.facts[0].source, current.version, current.source)
	}
	kept := c.facts[:0]
	for _, f := range c.facts {
		if !f.version.GreaterThan(current.version) {
			kept = append(kept, f)
		}
	}
	c.facts = append(kept, current)
}

// flatcarChannel reads the channel off a version: its second number says how stable it is
// (https://www.flatcar.org/docs/latest/reference/developer-guides/sdk-building-production-images/; 3 is LTS).
func flatcarChannel(v *semver.Version) string {
	names := []string{"alpha", "beta", "stable", "lts"}
	if v.Minor() >= uint64(len(names)) {
		return ""
	}
	return names[v.Minor()]
}
