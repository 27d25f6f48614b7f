package release

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// DiffKind heads every diff.
const DiffKind = "ReleaseDiff"

// Diff is what changes from one release to another, as far as components and their node image are concerned.
type Diff struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Old        string   `json:"old"`                // the releases' names
	New        string   `json:"new"`                //
	OldImage   string   `json:"oldImage,omitempty"` // the images' names; "" for legacy releases and those without an image of ours
	NewImage   string   `json:"newImage,omitempty"` //
	NeedsImage bool     `json:"needsImage"`         // the new release has an image that the old one does not have
	Components []Change `json:"components"`         // those that make the image's name first, then by name
	Tools      []Change `json:"tools"`              // what the two tooling versions bake into the images, by name
}

// Change is a version that changed. An empty one is none: the part is new, or gone.
type Change struct {
	Name  string `json:"name"`
	Old   string `json:"old"`
	New   string `json:"new"`
	Image bool   `json:"image"` // it needs a new image
}

// Side is one release of a diff, with the image set of its tooling version where that is known; nil where it is not.
type Side struct {
	Release Release
	Set     *imageset.ImageSet
}

// Compare finds out what changes from one release to another of the same provider. Tools are compared where both sides have an image
// set, at the providers that the releases have their images at. The error is of type [Problems].
func Compare(before, after Side, opts Options) (Diff, error) {
	d := Diff{
		APIVersion: APIVersion, Kind: DiffKind, Old: before.Release.Name, New: after.Release.Name, Components: []Change{}, Tools: []Change{},
	}
	var problems Problems
	if before.Release.Provider != after.Release.Provider {
		problems = append(problems, after.Release.problem(after.Release.Line, "is of another provider than %s", before.Release.Name))
	}
	var err Problems
	d.OldImage, err = before.image(opts)
	problems = append(problems, err...)
	d.NewImage, err = after.image(opts)
	if problems = append(problems, err...); len(problems) > 0 {
		return Diff{}, problems
	}
	d.NeedsImage = d.NewImage != "" && d.NewImage != d.OldImage
	d.Components = componentChanges(before.Release, after.Release, d.NewImage != "")
	if before.Set != nil && after.Set != nil {
		d.Tools = changes(before.baked(opts), after.baked(opts))
		for i := range d.Tools {
			d.Tools[i].Image = true
		}
	}
	return d, nil
}

// image is the name of the release's image, or "" where it is legacy or has none.
func (s Side) image(opts Options) (string, Problems) {
	if id, known := lookups()[s.Release.Provider]; known && id == "" || s.Release.legacy() {
		return "", nil
	}
	set := cmp.Or(s.Set, &imageset.ImageSet{})
	n, err := nameOf(s.Release, set, opts.Name)
	if problems := append(s.Release.missing(), s.Release.words(err)...); len(problems) > 0 {
		return "", problems
	}
	return n.String(), nil
}

// componentChanges are the components that changed, those that make the name of an image first.
func componentChanges(before, after Release, hasImage bool) []Change {
	versions := func(r Release) map[string]string {
		out := make(map[string]string)
		for name, c := range r.Components {
			out[name] = c.Version
		}
		return out
	}
	all := changes(versions(before), versions(after))
	for i, c := range all {
		all[i].Image = hasImage && slices.Contains(components(), c.Name)
	}
	rank := func(c Change) int {
		if i := slices.Index(components(), c.Name); i >= 0 {
			return i
		}
		return len(components())
	}
	slices.SortStableFunc(all, func(a, b Change) int { return rank(a) - rank(b) })
	return all
}

// changes are the keys whose values differ, in their order.
func changes(before, after map[string]string) []Change {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(before)), maps.Keys(after))
	slices.Sort(keys)
	out := []Change{}
	for _, key := range slices.Compact(keys) {
		if before[key] != after[key] {
			out = append(out, Change{Name: key, Old: before[key], New: after[key]})
		}
	}
	return out
}

// baked are the versions of what the image set bakes into the images of the release: the tools, and the release of
// kubernetes-sigs/image-builder, of each builder where they differ.
func (s Side) baked(opts Options) map[string]string {
	out := make(map[string]string)
	providers, _, _ := opts.Providers.providers(s.Release, s.Set)
	for _, t := range s.Set.Tools {
		if len(t.Providers) == 0 || slices.ContainsFunc(t.Providers, func(p string) bool { return slices.Contains(providers, p) }) {
			out[t.Name] = t.Version
		}
	}
	var builders []string
	for _, p := range providers {
		builder := s.Set.Builders[s.Set.Providers[p].Builder]
		builders = with(builders, strings.TrimPrefix(builder.ImageBuilder, "v"))
	}
	if list := strings.Join(builders, ", "); list != "" {
		out["image-builder"] = list
	}
	return out
}

// Notes writes the diff as Markdown for release notes: a line for each change, and what a new tooling version bakes in below it.
func Notes(w io.Writer, d Diff) error {
	var b strings.Builder
	switch {
	case d.NeedsImage:
		fmt.Fprintf(&b, "%s → %s needs a new node image for %s: %s\n\n", d.Old, d.New, strings.Join(d.reasons(), ", "), d.NewImage)
	case d.NewImage != "":
		fmt.Fprintf(&b, "%s → %s keeps its node image: %s\n\n", d.Old, d.New, d.NewImage)
	default:
		fmt.Fprintf(&b, "%s → %s has no node image whose name tells its tooling\n\n", d.Old, d.New)
	}
	for _, c := range d.Components {
		fmt.Fprintf(&b, "- %s\n", c.line())
		if c.Name == Tooling {
			for _, t := range d.Tools {
				fmt.Fprintf(&b, "  - %s\n", t.line())
			}
		}
	}
	if len(d.Components) == 0 {
		b.WriteString("- no component changes\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// reasons are the components whose change needs the new image. An image set can change its name too, by its channel and suffix.
func (d Diff) reasons() []string {
	var out []string
	for _, c := range d.Components {
		if c.Image {
			out = append(out, c.Name)
		}
	}
	if out == nil {
		return []string{"another name scheme"}
	}
	return out
}

func (c Change) line() string {
	title := cmp.Or(map[string]string{Flatcar: "Flatcar", Kubernetes: "Kubernetes", Tooling: "capi-image-builder"}[c.Name], c.Name)
	switch {
	case c.Old == "":
		return fmt.Sprintf("%s %s, new", title, c.New)
	case c.New == "":
		return fmt.Sprintf("%s %s, removed", title, c.Old)
	}
	return fmt.Sprintf("%s %s → %s", title, c.Old, c.New)
}
