package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/versions"
)

// lookup is what the flags say about where versions are looked up.
type lookup struct {
	sources   []string
	cache     string
	offline   bool
	endOfLife bool
}

func (l *lookup) register(flags *pflag.FlagSet) {
	flags.StringArrayVar(&l.sources, "source", nil, "where versions come from, WHAT=PLACE: flatcar, kubernetes or tooling, from a URL, a file or a directory; may be repeated")
	flags.StringVar(&l.cache, "cache", "", "directory for answers of version sources; your cache directory if not given")
	flags.BoolVar(&l.offline, "offline", false, "look versions up in files and the cache only")
	flags.BoolVar(&l.endOfLife, "end-of-life", false, "let ranges that lack an end (>=1.28, <1.30) reach Kubernetes minors whose support has ended")
}

// check finds what is wrong with the flags.
func (l lookup) check() error {
	var problems []error
	for _, s := range l.sources {
		subject, place, _ := strings.Cut(s, "=")
		if !slices.Contains(versions.Subjects(), versions.Subject(subject)) || place == "" {
			problems = append(problems, fmt.Errorf("--source %q is not WHAT=PLACE with flatcar, kubernetes or tooling", s))
		}
	}
	return errors.Join(problems...)
}

// places are the sources of the flags, or else the image set's.
func (l lookup) places(set *imageset.ImageSet) versions.Sources {
	var out versions.Sources
	if set != nil {
		out = versions.Sources(set.Sources)
	}
	for _, s := range l.sources {
		subject, place, _ := strings.Cut(s, "=")
		switch versions.Subject(subject) {
		case versions.Flatcar:
			out.Flatcar = place
		case versions.Kubernetes:
			out.Kubernetes = place
		case versions.Tooling:
			out.Tooling = place
		}
	}
	return out
}

// resolved are the versions that the queries mean, by subject.
type resolved map[versions.Subject][]versions.Version

func (r resolved) strings(subject versions.Subject) []string {
	var out []string
	for _, v := range r[subject] {
		out = append(out, v.Version)
	}
	return out
}

// channel is the one that the Flatcar versions were found in; "" where they were given exactly, and the image set's holds.
func (r resolved) channel() (string, error) {
	var channels []string
	for _, v := range r[versions.Flatcar] {
		channels = append(channels, v.Channel)
	}
	slices.Sort(channels)
	if channels = slices.Compact(channels); len(channels) > 1 {
		return "", fmt.Errorf("the Flatcar versions are of several channels %v, but a run is about one", channels)
	}
	return first(channels), nil
}

// resolver makes the resolver of a run. Images of several architectures need Flatcar releases for all of them.
func (l lookup) resolver(env Environment, set *imageset.ImageSet, prereleases bool) (*versions.Resolver, error) {
	config := versions.Config{
		CacheDir: l.cacheDir(env), Offline: l.offline, Sources: l.places(set),
		Token:       cmp.Or(env.Getenv("GITHUB_TOKEN"), env.Getenv("GH_TOKEN")),
		Prereleases: prereleases, EndOfLife: l.endOfLife, Now: time.Now(),
		Logger: slog.New(slog.NewTextHandler(env.Stderr, nil)),
	}
	if set != nil {
		architectures := make(map[string]bool)
		for _, p := range set.Providers {
			architectures[p.Architecture()] = true
		}
		config.Channel, config.Architectures = set.Name.Channel, slices.Sorted(maps.Keys(architectures))
	}
	r, err := versions.New(config)
	return r, inputError(err)
}

func (l lookup) cacheDir(env Environment) string {
	switch {
	case l.cache != "":
		return l.cache
	case env.Getenv("XDG_CACHE_HOME") != "":
		return filepath.Join(env.Getenv("XDG_CACHE_HOME"), "nodeimage")
	case env.Getenv("HOME") != "":
		return filepath.Join(env.Getenv("HOME"), ".cache", "nodeimage")
	}
	return ""
}

// resolve finds out what the queries mean. Everything that people should know of it goes to standard error.
func (l lookup) resolve(ctx context.Context, env Environment, p prepared) (resolved, error) {
	r, err := l.resolver(env, p.set, p.options.AllowPrerelease)
	if err != nil {
		return nil, err
	}
	out := make(resolved)
	var problems []error
	for _, subject := range versions.Subjects() {
		q, asked := p.queries[subject]
		if !asked {
			continue
		}
		found, err := r.Resolve(ctx, q)
		if err != nil {
			problems = append(problems, p.wordQuery(subject, err))
			continue
		}
		tell(env, found)
		out[subject] = found.Versions
	}
	return out, statusOf(errors.Join(problems...))
}

// statusOf tells queries that mean nothing from sources that could not be had.
func statusOf(err error) error {
	var source *versions.SourceError
	var input *versions.InputError
	switch {
	case errors.As(err, &source):
		return &statusError{exitUnchecked, err}
	case errors.As(err, &input):
		return inputError(err)
	}
	return err
}

func tell(env Environment, found versions.Resolution) {
	for _, v := range found.Versions {
		for _, w := range v.Warnings {
			fmt.Fprintf(env.Stderr, "warning: %s: %s\n", v.Version, w)
		}
		for _, n := range v.Notes {
			fmt.Fprintf(env.Stderr, "note: %s: %s\n", v.Version, n)
		}
	}
	for _, n := range found.Notes {
		fmt.Fprintln(env.Stderr, "note:", n)
	}
}
