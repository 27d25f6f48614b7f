package release

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/name"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// toolingSince is the major version of the first releases that all have os-tooling. Older majors have it from August 2024 on
// (github.com/giantswarm/releases: aws-25.2.1 to aws-28.1.2 are the last without).
const toolingSince = 29

// Options say what to check.
type Options struct {
	Providers  Map
	Deprecated bool // check deprecated releases too
	Name       name.Options
}

// Need is a release and the images that it needs.
type Need struct {
	Release Release
	Status  Status // why the release is not checked; "" where it is
	Message string // that in a sentence
	Image   string // the image's name; "" where the release does not tell
	Wanted  []plan.Wanted
}

// Needs finds out which images releases need of an image set. A nil set is one that could not be read: nothing is held against it,
// and no image comes out. The error is of type [Problems].
func Needs(releases []Release, set *imageset.ImageSet, opts Options) ([]Need, error) {
	needs := make([]Need, len(releases))
	var problems Problems
	for i, r := range releases {
		need, err := needOf(r, set, opts)
		var several Problems
		if errors.As(err, &several) {
			problems = append(problems, several...)
		}
		needs[i] = need
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return needs, nil
}

func needOf(r Release, set *imageset.ImageSet, opts Options) (Need, error) {
	if set == nil {
		set = &imageset.ImageSet{}
	}
	providers, unneeded, problem := opts.Providers.providers(r, set)
	need := Need{Release: r}
	n, invalid := nameOf(r, set, opts.Name)
	if invalid == nil {
		need.Image = n.String()
	}
	switch {
	case unneeded != "":
		need.Status, need.Message = NotNeeded, unneeded
		return need, nil
	case r.legacy():
		need.Status, need.Message = Legacy, r.legacyMessage()
		return need, nil
	case r.State == StateDeprecated && !opts.Deprecated:
		need.Status, need.Message = Deprecated, "not checked: nobody should install it any more, and its image may be gone (--deprecated checks it)"
		return need, nil
	}
	problems := append(r.missing(), r.words(invalid)...)
	if problem != "" && len(set.Providers) > 0 {
		problems = append(problems, r.problem(r.Line, "%s", problem))
	}
	if len(problems) > 0 || len(providers) == 0 {
		return need, problems.err()
	}
	wanted, _, err := plan.Expand(set, plan.Want{Versions: r.versions(set), Providers: providers, Options: opts.Name})
	need.Wanted = wanted
	return need, r.words(err).err()
}

// legacy reports whether the release is from before the tooling version stood in names.
func (r Release) legacy() bool {
	_, tooling := r.Components[Tooling]
	_, variant := r.Components[Variant]
	return !tooling && (variant || r.Version.Major() < toolingSince)
}

func (r Release) legacyMessage() string {
	message := "has no os-tooling: it is from a time when names did not say which tooling made an image (nodeimage parse explains the old names)"
	if v := r.version(Variant); v != "" {
		message += "; its flatcar-variant " + v + " stood in the name instead"
	}
	return message
}

// missing finds the components that the release lacks, and those whose version has a v, which the resource does not allow
// (release_types.go: semantic versions without v).
func (r Release) missing() Problems {
	var problems Problems
	for _, c := range components() {
		component, given := r.Components[c]
		switch {
		case !given:
			problems = append(problems, r.problem(r.Line, "component %s is missing; without it there is no image to look for", c))
		case component.Version == "":
			problems = append(problems, r.problem(component.VersionLine, "component %s has no version", c))
		case strings.HasPrefix(component.Version, "v"):
			problems = append(problems, r.problem(component.VersionLine, "component %s is %q, but versions of components have no v", c, component.Version))
		}
	}
	return problems
}

// versions are the release's versions in the form that images are made of.
func (r Release) versions(set *imageset.ImageSet) plan.Versions {
	return plan.Versions{
		Tooling: r.version(Tooling), Kubernetes: []string{r.version(Kubernetes)},
		Flatcar: plan.FlatcarVersions{
			Channel: cmp.Or(set.Name.Channel, name.DefaultChannel), Versions: []string{r.version(Flatcar)},
		},
	}
}

func nameOf(r Release, set *imageset.ImageSet, opts name.Options) (name.Name, error) {
	v := r.versions(set)
	return name.New(name.Name{
		Channel: v.Flatcar.Channel, Flatcar: r.version(Flatcar), Kubernetes: r.version(Kubernetes), Tooling: v.Tooling,
		Suffix: cmp.Or(set.Name.Suffix, name.DefaultSuffix),
	}, opts)
}

// words puts the problems of names at the line of the component that they are about. Components that are not there were told of
// before.
func (r Release) words(err error) Problems {
	if err == nil {
		return nil
	}
	var invalid name.Errors
	if !errors.As(err, &invalid) {
		return Problems{r.problem(r.place(), "%s", strings.Join(strings.Fields(err.Error()), " "))}
	}
	var problems Problems
	for _, e := range invalid {
		component := e.Field
		if component == "tooling" {
			component = Tooling
		}
		c, given := r.Components[component]
		switch {
		case slices.Contains(components(), component) && e.Value == "":
		case given:
			problems = append(problems, r.problem(c.VersionLine, "component %s: %q %s", component, e.Value, e.Problem))
		default:
			problems = append(problems, r.problem(r.Line, "name.%s in the image set: %q %s", e.Field, e.Value, e.Problem))
		}
	}
	return problems
}

// Union is every image that any of the releases needs, each once, and the versions that they have together. The tooling version is
// empty where they have several.
func Union(needs []Need) ([]plan.Wanted, plan.Versions) {
	var all []plan.Wanted
	var toolings []string
	versions := plan.Versions{Kubernetes: []string{}, Flatcar: plan.FlatcarVersions{Versions: []string{}}}
	for _, need := range needs {
		for _, w := range need.Wanted {
			if slices.ContainsFunc(all, func(o plan.Wanted) bool { return o.Provider == w.Provider && o.Image == w.Image }) {
				continue
			}
			all = append(all, w)
			n := w.Image.Name
			versions.Flatcar.Channel = n.Channel
			versions.Flatcar.Versions = with(versions.Flatcar.Versions, n.Flatcar)
			versions.Kubernetes = with(versions.Kubernetes, n.Kubernetes)
			toolings = with(toolings, n.Tooling)
		}
	}
	if len(toolings) == 1 {
		versions.Tooling = toolings[0]
	}
	return all, versions
}

func with(list []string, s string) []string {
	if slices.Contains(list, s) {
		return list
	}
	return append(list, s)
}
