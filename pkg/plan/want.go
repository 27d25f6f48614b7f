package plan

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/Masterminds/semver/v3"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/name"
)

// Want says which images of an image set a run is about.
type Want struct {
	Versions  Versions // exact, with or without v; an empty channel means the image set's
	Providers []string // empty: all
	Suffix    string   // empty: the image set's
	Options   name.Options
}

// Wanted is an image at a provider that has not been looked for yet.
type Wanted struct {
	Provider string
	Image    inventory.Image
	Excluded string // why the image set does not want it; empty: it is wanted
}

// Expand makes the images that a run is about: every wanted version at every wanted provider, by provider and then in the order
// of the versions. It also brings the versions into the form that names carry. The error joins every problem; those with the
// parts of a name are of type [name.Errors].
func Expand(set *imageset.ImageSet, want Want) ([]Wanted, Versions, error) {
	providers, unknown := selectProviders(set, want.Providers)
	want = defaults(set, want)
	names, versions, invalid := compose(want)
	if invalid != nil || unknown != nil {
		return nil, Versions{}, errors.Join(unknown, invalid)
	}
	var images []Wanted
	var tooLong []error
	for _, p := range providers {
		for _, n := range names {
			n.Arch = set.Providers[p].Architecture()
			image := inventory.Image{Name: n, Lookup: lookup(set.Providers[p], n)}
			if err := checkLimits(p, set.Providers[p], image); err != nil {
				tooLong = append(tooLong, err)
			}
			images = append(images, Wanted{Provider: p, Image: image, Excluded: exclusion(set.Exclude, p, n)})
		}
	}
	return images, versions, errors.Join(tooLong...)
}

func selectProviders(set *imageset.ImageSet, asked []string) ([]string, error) {
	all := slices.Sorted(maps.Keys(set.Providers))
	if len(asked) == 0 {
		return all, nil
	}
	var unknown []error
	for _, p := range asked {
		if !slices.Contains(all, p) {
			unknown = append(unknown, fmt.Errorf("provider %q is not in the image set, which has %v", p, all))
		}
	}
	selected := slices.Clone(asked)
	slices.Sort(selected)
	return slices.Compact(selected), errors.Join(unknown...)
}

func defaults(set *imageset.ImageSet, want Want) Want {
	want.Versions.Flatcar.Channel = cmp.Or(want.Versions.Flatcar.Channel, set.Name.Channel, name.DefaultChannel)
	want.Suffix = cmp.Or(want.Suffix, set.Name.Suffix, name.DefaultSuffix)
	return want
}

// compose makes the names of all combinations of versions. A version that is wrong is reported once, not for every combination.
func compose(want Want) ([]name.Name, Versions, error) {
	var names []name.Name
	var errs name.Errors
	flatcar, kubernetes := want.Versions.Flatcar.Versions, want.Versions.Kubernetes
	for _, f := range atLeastOne(flatcar) {
		for _, k := range atLeastOne(kubernetes) {
			n, err := name.New(name.Name{
				Channel: want.Versions.Flatcar.Channel, Flatcar: f, Kubernetes: k, Tooling: want.Versions.Tooling, Suffix: want.Suffix,
			}, want.Options)
			var found name.Errors
			if errors.As(err, &found) {
				errs = append(errs, found...)
				continue
			}
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	if len(errs) > 0 {
		return nil, Versions{}, unique(errs)
	}
	return names, normalised(names), nil
}

// atLeastOne makes an empty list a list with an empty version, which is then refused as such.
func atLeastOne(versions []string) []string {
	if len(versions) == 0 {
		return []string{""}
	}
	return versions
}

func unique(errs name.Errors) name.Errors {
	var out name.Errors
	for _, e := range errs {
		if !slices.ContainsFunc(out, func(o *name.FieldError) bool { return *o == *e }) {
			out = append(out, e)
		}
	}
	return out
}

func normalised(names []name.Name) Versions {
	v := Versions{Tooling: names[0].Tooling, Flatcar: FlatcarVersions{Channel: names[0].Channel}}
	for _, n := range names {
		if !slices.Contains(v.Flatcar.Versions, n.Flatcar) {
			v.Flatcar.Versions = append(v.Flatcar.Versions, n.Flatcar)
		}
		if !slices.Contains(v.Kubernetes, n.Kubernetes) {
			v.Kubernetes = append(v.Kubernetes, n.Kubernetes)
		}
	}
	return v
}

// lookup is the name that the provider's consumers look up. Cluster charts append a site's suffix to the names of vSphere
// templates (giantswarm/cluster-vsphere, global.providerSpecific.templateSuffix).
func lookup(p imageset.Provider, n name.Name) string {
	if p.VSphere != nil && p.VSphere.TemplateSuffix != "" {
		return n.String() + "-" + p.VSphere.TemplateSuffix
	}
	return n.String()
}

// checkLimits holds the name, and what is made of it, against what the provider can take.
func checkLimits(provider string, p imageset.Provider, image inventory.Image) error {
	errs := []error{name.LabelLimit().Check(image.Name.String())}
	subject := image.Lookup
	switch {
	case p.S3 != nil:
		subject = expanded(p.S3.Key, image)
	case p.Directory != nil:
		subject = expanded(p.Directory.File, image)
	}
	for _, limit := range name.LimitsOf(p.Type()) {
		errs = append(errs, limit.Check(subject))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("provider %s: %w", provider, err)
	}
	return nil
}

// expanded is the key or file of an image. The template was checked when the image set was read.
func expanded(template string, image inventory.Image) string {
	s, _ := imageset.Expand(template, image.Fields())
	return s
}

// exclusion returns the reason of the first entry that excludes an image, or "".
func exclusion(entries []imageset.Exclusion, provider string, n name.Name) string {
	for _, x := range entries {
		if (len(x.Providers) == 0 || slices.Contains(x.Providers, provider)) &&
			within(x.Flatcar, n.Flatcar) && within(x.Kubernetes, n.Kubernetes) && within(x.Tooling, n.Tooling) {
			return x.Reason
		}
	}
	return ""
}

// within reports whether a version lies in a range. Both were checked before; an empty range holds every version.
func within(constraint, version string) bool {
	if constraint == "" {
		return true
	}
	c, err := semver.NewConstraint(constraint)
	if err != nil {
		return false
	}
	c.IncludePrerelease = true
	v, err := semver.StrictNewVersion(version)
	return err == nil && c.Check(v)
}
