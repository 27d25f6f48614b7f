package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/giantswarm/nodeimage/images"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/name"
	"github.com/giantswarm/nodeimage/pkg/plan"
	"github.com/giantswarm/nodeimage/pkg/versions"
)

// request is what the flags say about which images a run is about.
type request struct {
	images   string
	versions map[versions.Subject]*string
	suffix   string
	// providerLists are the values of --provider. They are taken apart here: pflag's own lists are CSV, and end at a line break.
	providerLists []string
	options       name.Options
	lookup        lookup
	flags         *pflag.FlagSet
}

// allProviders is what --provider says for all of them, where something always has to be said, as in a Tekton task.
const allProviders = "all"

// providers are those that were asked for; none means all.
func (r request) providers() []string {
	if slices.Equal(r.providerLists, []string{allProviders}) {
		return nil
	}
	var all []string
	for _, list := range r.providerLists {
		all = append(all, strings.Split(list, ",")...)
	}
	return all
}

func (r *request) register(flags *pflag.FlagSet) {
	r.flags = flags
	flags.StringVar(&r.images, "images", "", "image set file; the built-in quick start if not given")
	r.versions = map[versions.Subject]*string{
		versions.Tooling:    flags.String("tooling", "", "release of capi-image-builder: exact, latest or a range"),
		versions.Flatcar:    flags.String("flatcar", "", "Flatcar versions: exact, a channel or a range; a list has commas"),
		versions.Kubernetes: flags.String("kubernetes", "", "Kubernetes versions: exact, latest, a minor such as 1.29 or a range such as \">=1.28 <1.31\"; a list has commas"),
	}
	flags.StringVar(&r.suffix, "suffix", "", "what names end in, such as mn-gs for a test build")
	flags.StringArrayVar(&r.providerLists, "provider", nil, "only these providers; a list has commas; may be repeated; all is all of them")
	flags.BoolVar(&r.options.AllowPrerelease, "allow-prerelease", false, "accept pre-releases of Kubernetes and the tooling")
	r.lookup.register(flags)
}

// prepared is a request whose image set and queries were read.
type prepared struct {
	request
	set     *imageset.ImageSet // nil where it could not be read
	event   string             // the tooling version that a GitHub event names
	queries map[versions.Subject]versions.Query
}

// wanted is what a run is about.
type wanted struct {
	set      *imageset.ImageSet
	versions plan.Versions
	images   []plan.Wanted
}

// resolve prepares a request and makes its images in one go, for commands that have nothing else to check.
func (r request) resolve(ctx context.Context, env Environment) (wanted, error) {
	p, problems := r.prepare(env)
	if err := inputError(problems); err != nil {
		return wanted{}, err
	}
	return p.resolve(ctx, env)
}

// prepare reads the image set and the queries, and checks everything about the request that can be checked before anything is
// called. The error joins everything that is wrong.
func (r request) prepare(env Environment) (prepared, error) {
	set, fileProblems := r.load()
	p := prepared{request: r, set: set, queries: make(map[versions.Subject]versions.Query)}
	problems := []error{r.checkEmpty(), r.lookup.check(), p.readEvent(env)}
	for _, subject := range versions.Subjects() {
		if text := p.text(subject); text != "" {
			q, err := versions.Parse(subject, text)
			problems = append(problems, p.wordQuery(subject, errors.Join(err, notLoose(q))))
			p.queries[subject] = q
		}
	}
	_, err := p.expand(p.given())
	return p, errors.Join(append(problems, err, fileProblems)...)
}

// checkEmpty refuses flags that are given, but empty, where leaving them out means something large: a variable that is not set must
// not make a plan of everything.
func (r request) checkEmpty() error {
	var problems []error
	if r.flags.Changed("images") && r.images == "" {
		problems = append(problems, errors.New("--images is empty"))
	}
	if slices.Contains(r.providers(), "") {
		problems = append(problems, errors.New("--provider is empty, or has an empty entry; say all, or leave it out, for all providers"))
	}
	return errors.Join(problems...)
}

// givenFlags are the flags of the request that were given.
func (r request) givenFlags() []string {
	var given []string
	own := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(request).register(own)
	r.flags.Visit(func(f *pflag.Flag) {
		if own.Lookup(f.Name) != nil {
			given = append(given, "--"+f.Name)
		}
	})
	return given
}

// readEvent takes the tooling version from the release or tag that started a GitHub workflow, where no flag gives one.
func (p *prepared) readEvent(env Environment) error {
	if *p.versions[versions.Tooling] != "" {
		return nil
	}
	tooling, why, err := toolingFromEvent(env.Getenv, os.ReadFile, p.lookup.places(p.set).Tooling, p.options.AllowPrerelease)
	p.event = tooling
	if err == nil && env.Getenv("GITHUB_ACTIONS") == "true" {
		fmt.Fprintln(env.Stderr, "note: the tooling version", why)
	}
	return err
}

// notLoose wants a tooling version to be exact where it looks like one. For Kubernetes a minor is what people mean; a tooling
// version of two numbers is a typing error, and would name an image after whatever release it happens to match.
func notLoose(q versions.Query) error {
	if q.Subject() == versions.Tooling && q.Minor() {
		return fmt.Errorf("%q is not an exact MAJOR.MINOR.PATCH version, nor latest or a range", q)
	}
	return nil
}

func (r request) load() (*imageset.ImageSet, error) {
	if r.images == "" {
		return imageset.Decode("images/quickstart.yaml (built in)", images.Quickstart)
	}
	return imageset.Load(r.images)
}

// text is the query about a subject: the flag's, or else the event's, or else the image set's.
func (p prepared) text(subject versions.Subject) string {
	var v imageset.Versions
	if p.set != nil {
		v = p.set.Versions
	}
	inSet := map[versions.Subject]string{
		versions.Flatcar: v.Flatcar, versions.Kubernetes: v.Kubernetes, versions.Tooling: cmp.Or(p.event, v.Tooling),
	}
	return cmp.Or(*p.versions[subject], inSet[subject])
}

// stand is the version that stands for those that a query has yet to find.
const stand = "0.0.0"

// given are the versions that the queries name exactly, and a stand-in for what has to be looked up: with them the rest of a
// request can be checked before anything is called.
func (p prepared) given() resolved {
	out := make(resolved)
	for subject, q := range p.queries {
		named := q.Versions()
		if !q.Exact() || len(named) == 0 {
			named = append(named, stand)
		}
		for _, v := range named {
			out[subject] = append(out[subject], versions.Version{Version: v})
		}
	}
	return out
}

// resolve finds out what the queries mean and makes the images that are asked for.
func (p prepared) resolve(ctx context.Context, env Environment) (wanted, error) {
	found, err := p.lookup.resolve(ctx, env, p)
	if ctx.Err() != nil {
		return wanted{}, errors.New("looking versions up: interrupted")
	}
	if err != nil {
		return wanted{}, err
	}
	w, err := p.expand(found)
	return w, inputError(err)
}

// expand makes the images of exact versions.
func (p prepared) expand(found resolved) (wanted, error) {
	set, providers := p.set, p.providers()
	if set == nil { // what it should say can't be known, and nothing is held against it
		set, providers = &imageset.ImageSet{}, nil
	}
	channel, err := found.channel()
	if err != nil {
		return wanted{}, err
	}
	tooling := found.strings(versions.Tooling)
	if len(tooling) > 1 {
		return wanted{}, p.wordQuery(versions.Tooling, fmt.Errorf("%q means several versions %v, but a run is about one", p.text(versions.Tooling), tooling))
	}
	all, vs, problems := plan.Expand(set, plan.Want{
		Versions: plan.Versions{
			Tooling:    first(tooling),
			Flatcar:    plan.FlatcarVersions{Channel: channel, Versions: found.strings(versions.Flatcar)},
			Kubernetes: found.strings(versions.Kubernetes),
		},
		Providers: providers, Suffix: p.suffix, Options: p.options,
	})
	return wanted{p.set, vs, all}, p.words(problems)
}

func first(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}

// wordQuery says where a query that is wrong was written; it is nil where nothing is wrong.
func (p prepared) wordQuery(subject versions.Subject, err error) error {
	if err == nil {
		return nil
	}
	place := "versions." + string(subject) + " in the image set"
	if *p.versions[subject] != "" {
		place = "--" + string(subject)
	}
	return fmt.Errorf("%s: %w", place, err)
}

// words puts the problems of names into the user's words: the flag that a value came from, or the place in the image set. Where
// the image set could not be read, what it might have said is not held to be missing.
func (p prepared) words(problems error) error {
	var out []error
	for _, problem := range split(problems) {
		var invalid name.Errors
		if !errors.As(problem, &invalid) {
			out = append(out, problem)
			continue
		}
		for _, e := range invalid {
			out = append(out, p.word(e))
		}
	}
	return errors.Join(out...)
}

// split takes errors.Join's work apart.
func split(joined error) []error {
	if several, ok := joined.(interface{ Unwrap() []error }); ok {
		return several.Unwrap()
	}
	return []error{joined}
}

func (p prepared) word(e *name.FieldError) error {
	subject := versions.Subject(e.Field)
	switch {
	case e.Field == "suffix" && p.suffix != "":
		return fmt.Errorf("--suffix %q %s", e.Value, e.Problem)
	case !slices.Contains(versions.Subjects(), subject):
		return fmt.Errorf("name.%s in the image set: %q %s", e.Field, e.Value, e.Problem)
	case e.Value == "" && p.set == nil:
		return nil
	case e.Value == "":
		return fmt.Errorf("--%s is missing, and the image set has no versions.%s", e.Field, e.Field)
	}
	return p.wordQuery(subject, fmt.Errorf("%q %s", e.Value, e.Problem))
}
