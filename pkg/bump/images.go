package bump

import (
	"reflect"
	"slices"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/name"
)

// imageSets compares image sets by file name. A file that was only renamed is the same image set.
func (d *diff) imageSets(from, to State) {
	for _, file := range both(from.ImageSets, to.ImageSets) {
		a, b := from.ImageSets[file], to.ImageSets[file]
		switch {
		case a != nil && b != nil:
			d.imageSet(pair{from: a, to: b, bundledFrom: from.ImageBuilder, bundledTo: to.ImageBuilder, file: file})
		case a == nil && !has(from.ImageSets, b):
			d.imageSet(pair{from: new(imageset.ImageSet), to: b, file: file})
		case b == nil && !has(to.ImageSets, a):
			d.imageSet(pair{from: a, to: new(imageset.ImageSet), file: file})
		}
	}
}

func has(sets map[string]*imageset.ImageSet, wanted *imageset.ImageSet) bool {
	for _, set := range sets {
		if reflect.DeepEqual(set, wanted) {
			return true
		}
	}
	return false
}

// pair is an image set at both states.
type pair struct {
	from, to               *imageset.ImageSet
	bundledFrom, bundledTo string // image-builder where builders don't say
	file                   string
}

func (d *diff) imageSet(p pair) {
	for _, provider := range both(p.from.Providers, p.to.Providers) {
		a, was := p.from.Providers[provider]
		b, is := p.to.Providers[provider]
		at := origin{p.file, provider}
		switch what := "providers." + provider; {
		case !was:
			d.add("provider-added", what, "", b.Type(), at)
		case !is:
			d.add("provider-removed", what, a.Type(), "", at)
		default:
			d.shared[p.file] = append(d.shared[p.file], provider)
			d.provider(p, a, b, at)
		}
	}
	if len(d.shared[p.file]) > 0 {
		d.nameScheme(p.from.Name, p.to.Name, origin{file: p.file})
		d.notBaked(p)
		d.unusedBuilders(p)
	}
}

func (d *diff) nameScheme(a, b imageset.NameScheme, at origin) {
	for _, part := range []struct{ what, from, to, standard string }{
		{"name.os", a.OS, b.OS, name.OS},
		{"name.channel", a.Channel, b.Channel, name.DefaultChannel},
		{"name.suffix", a.Suffix, b.Suffix, name.DefaultSuffix},
	} {
		if from, to := orElse(part.from, part.standard), orElse(part.to, part.standard); from != to {
			d.add("name-changed", part.what, from, to, at)
		}
	}
}

func orElse(text, standard string) string {
	if text == "" {
		return standard
	}
	return text
}

// provider compares everything that makes the images of one provider: where its consumers look, its builder, its tools.
func (d *diff) provider(p pair, a, b imageset.Provider, at origin) {
	d.place("providers."+at.provider, a, b, at)
	if a.Builder != b.Builder {
		d.add("provider-moved", "providers."+at.provider+".builder", a.Builder, b.Builder, at)
	}
	from, to := p.from.Builders[a.Builder], p.to.Builders[b.Builder]
	path := "builders." + b.Builder
	if from.Target != to.Target {
		d.add("target-changed", path+".target", from.Target, to.Target, at)
	}
	d.settings("environment", path+".environment", from.Environment, to.Environment, isBuildEnvironment, at)
	d.builderRelease(from, to, orElse(from.ImageBuilder, p.bundledFrom), orElse(to.ImageBuilder, p.bundledTo), at)
	d.settings("variable", path+".variables", without(from.Variables, "containerd_version"), without(to.Variables, "containerd_version"),
		isBuildVariable, at)
	d.tools(toolsAt(p.from, at.provider), toolsAt(p.to, at.provider), p, at)
}

// builderRelease compares image-builder and containerd. A builder's own containerd_version beats that of image-builder.
func (d *diff) builderRelease(from, to imageset.Builder, releaseFrom, releaseTo string, at origin) {
	d.imageBuilder(releaseFrom, releaseTo, at)
	ownFrom, ownTo := from.Variables["containerd_version"], to.Variables["containerd_version"]
	d.containerd(orElse(ownFrom, containerdOf(releaseFrom)), orElse(ownTo, containerdOf(releaseTo)),
		releaseFrom != releaseTo || ownFrom != ownTo, at)
}

func without(m map[string]string, unwanted string) map[string]string {
	out := map[string]string{}
	for k, v := range m {
		if k != unwanted {
			out[k] = v
		}
	}
	return out
}

func toolsAt(set *imageset.ImageSet, provider string) map[string]imageset.Tool {
	tools := map[string]imageset.Tool{}
	for _, tool := range set.Tools {
		if len(tool.Providers) == 0 || slices.Contains(tool.Providers, provider) {
			tool.Role = orElse(tool.Role, tool.Name)
			tools[tool.Name] = tool
		}
	}
	return tools
}

// tools compares the tools in the images of one provider. A tool that another provider had, or keeps, was not added or removed
// but given to more or fewer providers.
func (d *diff) tools(from, to map[string]imageset.Tool, p pair, at origin) {
	for _, tool := range both(from, to) {
		a, was := from[tool]
		b, is := to[tool]
		what := "tools." + tool
		switch {
		case !was && knows(p.from, tool):
			d.add("tool-provider-added", what, "", b.Version, at)
		case !was:
			d.add("tool-added", what, "", b.Version, at)
		case !is && knows(p.to, tool):
			d.add("tool-provider-removed", what, a.Version, "", at)
		case !is:
			d.add("tool-removed", what, a.Version, "", at)
		default:
			d.tool(what, a, b, at)
		}
	}
}

func knows(set *imageset.ImageSet, tool string) bool {
	return slices.ContainsFunc(set.Tools, func(t imageset.Tool) bool { return t.Name == tool })
}

func (d *diff) tool(what string, a, b imageset.Tool, at origin) {
	if a.Version != b.Version {
		rule, _ := step(a.Version, b.Version) // image sets have exact versions only
		d.add(rule, what, a.Version, b.Version, at)
	}
	if a.Role != b.Role {
		d.add("tool-role", what+".role", a.Role, b.Role, at)
	}
}

// unusedBuilders tells of builders that make no image at either state.
func (d *diff) unusedBuilders(p pair) {
	for _, builder := range both(p.from.Builders, p.to.Builders) {
		a, was := p.from.Builders[builder]
		b, is := p.to.Builders[builder]
		if !uses(p.from, builder) && !uses(p.to, builder) && (was != is || !reflect.DeepEqual(a, b)) {
			d.add("builder-unused", strings.Join([]string{"builders", builder}, "."), a.Target, b.Target, origin{file: p.file})
		}
	}
}

func uses(set *imageset.ImageSet, builder string) bool {
	for _, p := range set.Providers {
		if p.Builder == builder {
			return true
		}
	}
	return false
}
