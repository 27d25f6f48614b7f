package plan

import (
	"cmp"
	"slices"
)

// Claim says who else is making an artifact, as far as that could be found out. The zero value says nobody is.
type Claim struct {
	Holder  string // the PipelineRun that has claimed it
	Problem string // why that could not be found out
}

// settle brings a verdict in line with another run's claim. What that run is making is waited for: it is neither made twice, nor
// completed while it is still being copied to more locations. Not even a forced build starts beside it, since two builds of one
// name overwrite each other. Where it is not known whether there is such a run, nothing is done.
func (c Claim) settle(v verdict) verdict {
	acts := v.decision == Build || v.decision == Replicate
	switch {
	case c.Holder != "" && v.decision == Wait:
		v.message += "; the PipelineRun " + c.Holder + " is building it"
	case c.Holder != "" && acts:
		return verdict{Wait, ReasonInProgress, v.message + ", but the PipelineRun " + c.Holder + " is building it" + v.unmoved(), false}
	case c.Problem != "" && acts:
		return verdict{Undecided, ReasonUnknown, v.message + ", but whether another run is building it could not be checked: " + c.Problem, false}
	}
	return v
}

// unmoved tells who forced a build why there is none.
func (v verdict) unmoved() string {
	if v.reason == ReasonForced {
		return ", which forcing does not override"
	}
	return ""
}

// Contested is an artifact that another run may be making too.
type Contested struct {
	Artifact Artifact
	Build    bool // it has to be claimed; of the others it only matters whether another run has claimed them
}

// Contest lists the artifacts of a plan that another run may be making too, by name: those to build, and those that exist in part or
// are being made. The plan is one of [Decide], without claims, from the same input.
func Contest(in Input, p Plan) []Contested {
	build := make(map[Artifact]bool)
	for i, image := range p.Images {
		switch artifact := ArtifactOf(in.Set, in.Wanted[i]); image.Decision {
		case Build, Replicate, Wait:
			build[artifact] = build[artifact] || image.Decision == Build
		}
	}
	var all []Contested
	for artifact, toBuild := range build {
		all = append(all, Contested{artifact, toBuild})
	}
	slices.SortFunc(all, func(a, b Contested) int {
		return cmp.Or(cmp.Compare(a.Artifact.Image, b.Artifact.Image), cmp.Compare(a.Artifact.Builder, b.Artifact.Builder))
	})
	return all
}
