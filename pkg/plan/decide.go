package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// Input is everything that a plan is made from.
type Input struct {
	Set       *imageset.ImageSet
	Versions  Versions
	Wanted    []Wanted
	Findings  map[string]inventory.Findings // by provider
	Claims    map[Artifact]Claim            // those of other runs, and what could not be found out about them
	Requests  []inventory.Request
	Force     bool
	OnUnknown OnUnknown
}

// Decide makes the plan.
func Decide(in Input) Plan {
	p := Plan{
		APIVersion: APIVersion, Kind: Kind, Versions: in.Versions, OnUnknown: in.OnUnknown,
		Images: make([]Image, len(in.Wanted)), Requests: in.Requests,
	}
	verdicts := make([]verdict, len(in.Wanted))
	shared := make(map[Artifact]*sharing)
	for i, w := range in.Wanted {
		verdicts[i] = decide(in.findings(w), w.Excluded, in.Force, in.OnUnknown)
		of(shared, ArtifactOf(in.Set, w)).note(w.Provider, verdicts[i])
	}
	builds := builds{set: in.Set, index: make(map[Artifact]*BuildRun), keys: make(map[string]int)}
	for i, w := range in.Wanted {
		artifact := ArtifactOf(in.Set, w)
		verdict := in.Claims[artifact].settle(shared[artifact].settle(verdicts[i]))
		image := describe(in.Set, w, in.findings(w), verdict)
		image.Build = builds.add(image, w, verdict)
		p.Images[i] = image
		p.Summary.count(image.Decision)
	}
	p.Builds = builds.runs()
	if p.Requests == nil {
		p.Requests = []inventory.Request{}
	}
	return p
}

// findings are those about a wanted image. A provider that shares a look may have wanted what this one excludes.
func (in Input) findings(w Wanted) []inventory.Finding {
	if w.Excluded != "" {
		return nil
	}
	return in.Findings[w.Provider][w.Image.Lookup]
}

type verdict struct {
	decision  Decision
	reason    Reason
	message   string
	overwrite bool
}

// decide is the decision table. The first row that fits holds.
func decide(findings []inventory.Finding, excluded string, force bool, onUnknown OnUnknown) verdict {
	t := tallyOf(findings)
	switch {
	case excluded != "":
		return verdict{Skip, ReasonExcluded, "not wanted: " + excluded, false}
	case force:
		return verdict{Build, ReasonForced, "forced: " + t.replaces(), true}
	case t.unknown() && onUnknown == UnknownBuild:
		return verdict{Build, ReasonUnknown, "built on request, without overwriting: it " + t.unchecked(), false}
	case t.unknown():
		return verdict{Undecided, ReasonUnknown, t.unchecked(), false}
	case t.has(inventory.Pending):
		return verdict{Wait, ReasonInProgress, "being made" + t.in(inventory.Pending), false}
	case t.all(inventory.Present):
		return verdict{Skip, ReasonExists, "exists" + t.in(inventory.Present), false}
	case t.all(inventory.Absent):
		return verdict{Build, ReasonMissing, "missing" + t.in(inventory.Absent), false}
	case t.has(inventory.Present):
		return verdict{Replicate, ReasonIncomplete, t.incomplete(), false}
	}
	return verdict{Build, ReasonFailed, "broken" + t.in(inventory.Failed) + " and nowhere whole", true}
}

func describe(set *imageset.ImageSet, w Wanted, findings []inventory.Finding, v verdict) Image {
	image := Image{
		Provider: w.Provider, Type: set.Providers[w.Provider].Type(), Name: w.Image.Name.String(),
		Kubernetes: w.Image.Name.Kubernetes, Flatcar: w.Image.Name.Flatcar,
		Decision: v.decision, Reason: v.reason, Message: v.message,
		Findings: slices.Clone(findings),
	}
	if w.Image.Lookup != image.Name {
		image.Lookup = w.Image.Lookup
	}
	if image.Findings == nil {
		image.Findings = []inventory.Finding{}
	}
	return image
}

// builds collects the runs of builders, one for each builder and image however many providers need it.
type builds struct {
	set   *imageset.ImageSet
	order []*BuildRun
	index map[Artifact]*BuildRun
	keys  map[string]int // how many keys a builder has given out
}

// add notes what an image needs, and returns the key of its build or replication, or "" where it needs nothing.
func (b *builds) add(image Image, w Wanted, v verdict) string {
	builder := b.set.Providers[image.Provider].Builder
	switch image.Decision {
	case Replicate:
		return b.key(builder)
	case Build:
		run := b.run(builder, image, w)
		run.Providers = append(run.Providers, image.Provider)
		run.Overwrite = run.Overwrite || v.overwrite
		return run.Key
	}
	return ""
}

func (b *builds) key(builder string) string {
	key := fmt.Sprintf("%s-%d", builder, b.keys[builder])
	b.keys[builder]++
	return key
}

func (b *builds) run(builder string, image Image, w Wanted) *BuildRun {
	if run, ok := b.index[Artifact{builder, image.Name}]; ok {
		return run
	}
	settings, n := b.set.Builders[builder], w.Image.Name
	run := &BuildRun{
		Key: b.key(builder), Builder: builder, Image: image.Name,
		Channel: n.Channel, Flatcar: n.Flatcar, Kubernetes: n.Kubernetes, Tooling: n.Tooling,
		Target: settings.Target, ImageBuilder: settings.ImageBuilder,
		Tools: toolsOf(b.set, builder), Variables: clone(settings.Variables), Environment: clone(settings.Environment),
	}
	b.order = append(b.order, run)
	b.index[Artifact{builder, image.Name}] = run
	return run
}

// clone copies a map, and makes none an empty one: the plan always has the field.
func clone(m map[string]string) map[string]string {
	out := make(map[string]string, len(m))
	maps.Copy(out, m)
	return out
}

func (b *builds) runs() []BuildRun {
	runs := make([]BuildRun, len(b.order))
	for i, run := range b.order {
		runs[i] = *run
	}
	return runs
}

// toolsOf are the tools that a builder's images carry: those that any provider with this builder wants, whether or not it is
// part of this run. What an image holds must not depend on who asked for it.
func toolsOf(set *imageset.ImageSet, builder string) []imageset.Tool {
	var tools []imageset.Tool
	for _, t := range set.Tools {
		wants := func(provider string) bool { return set.Providers[provider].Builder == builder }
		if len(t.Providers) == 0 || slices.ContainsFunc(t.Providers, wants) {
			tools = append(tools, t)
		}
	}
	return tools
}
