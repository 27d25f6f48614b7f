package packer

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/giantswarm/nodeimage/pkg/name"
)

// checkImage holds the image's name against the versions beside it: they come from a file that people can edit.
func (w *work) checkImage() {
	b, path := w.build, "builds."+w.build.Key+".image"
	parsed := name.Parse(b.Image)
	n := parsed.Name
	if !parsed.Current() {
		w.fail(path, "is %q, which is no name that nodeimage makes", b.Image)
		return
	}
	w.fields["suffix"], w.fields["arch"] = n.Suffix, n.Arch
	if n.Channel != b.Channel || n.Flatcar != b.Flatcar || n.Kubernetes != b.Kubernetes || n.Tooling != b.Tooling {
		w.fail(path, "is %s, but the build is of Flatcar %s %s, Kubernetes %s and tooling %s", b.Image, b.Channel, b.Flatcar,
			b.Kubernetes, b.Tooling)
	}
	for _, t := range w.builder.types {
		for _, limit := range name.LimitsOf(t) {
			if err := limit.Check(b.Image); err != nil {
				w.fail(path, "does not fit: %v", err)
			}
		}
	}
}

// checkProviders makes sure that consumers can find at the build's providers what its target makes.
func (w *work) checkProviders() {
	if len(w.build.Providers) == 0 {
		w.fail("builds."+w.build.Key+".providers", "is empty: nobody needs the image")
	}
	misfit := false
	for _, p := range w.build.Providers {
		provider, ok := w.providers[p]
		path := "providers." + p
		switch {
		case !ok:
			w.fail(path, "is not in the image set, but build %s serves it", w.build.Key)
		case provider.Builder != w.build.Builder:
			w.fail(path+".builder", "is %s, but build %s of builder %s serves it: make the plan again", provider.Builder, w.build.Key,
				w.build.Builder)
		case !slices.Contains(w.builder.types, provider.Type()):
			w.fail(path+".builder", "is %s, whose target %s makes nothing that can be found at a provider of type %s", provider.Builder,
				w.build.Target, provider.Type())
		case provider.Architecture() != w.builder.arch:
			misfit = true
			w.fail(path+"."+provider.Type()+".architecture", "is %s, but %s makes images for %s", provider.Architecture(),
				w.build.Target, w.builder.arch)
		}
	}
	if arch := w.fields["arch"]; !misfit && arch != "" && arch != w.builder.arch {
		w.fail("builds."+w.build.Key+".image", "is for %s, but %s makes images for %s", arch, w.build.Target, w.builder.arch)
	}
}

// checkText refuses what Packer would expand or what the files can't carry. It sees what has been put together from the image
// set, wherever it stood there; what is fixed follows from the image's name, which has been checked.
func (w *work) checkText() {
	for key, value := range sorted(w.variables) {
		if problem := textProblem(value); problem != "" {
			w.fail(w.variablePath(key), "%s", problem)
		}
	}
	for key, value := range sorted(w.environment) {
		if problem := textProblem(value); problem != "" {
			w.fail(w.environmentPath(key), "%s", problem)
		}
	}
}

func textProblem(s string) string {
	switch {
	case strings.Contains(s, "{{"):
		return `contains "{{", which Packer would expand`
	case !utf8.ValidString(s):
		return "is not valid UTF-8"
	case strings.ContainsFunc(s, unicode.IsControl):
		return "contains a line break or another control character"
	}
	return ""
}

// checkSources warns of a source image that is chosen by hand: the image's name then says a Flatcar version that nothing checks.
func (w *work) checkSources() {
	for _, key := range w.builder.settledBy {
		value, own := w.build.Variables[key]
		if own && value != "" && !strings.Contains(expand(value, w.fields), w.build.Flatcar) {
			w.warn(w.variablePath(key), "chooses the source image, and Flatcar %s is not in it: nothing makes sure that the image has the "+
				"version in its name ({flatcar} and {channel} are replaced)", w.build.Flatcar)
		}
	}
	if w.builder.upstream == "openstack" && w.build.Variables["source_image"] == "" {
		w.warn(w.variablePath("source_image"), "is not given: Glance has to have an image called %s", w.variables["source_image"])
	}
}

func (w *work) variablePath(key string) string {
	return "builders." + w.build.Builder + ".variables." + key
}

func (w *work) environmentPath(key string) string {
	return "builders." + w.build.Builder + ".environment." + key
}
