package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/packer"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// conceivable are the builds that a plan has where every image has to be built. They tell what is wrong with builders before
// anything is called, and serve who wants the variables of a build without a plan.
func conceivable(w wanted, overwrite bool) []plan.BuildRun {
	builds := plan.Decide(plan.Input{Set: w.set, Versions: w.versions, Wanted: w.images, Force: true}).Builds
	for i := range builds {
		builds[i].Overwrite = overwrite
	}
	return builds
}

// fill completes the builds by everything that their make targets read. The error has everything that is wrong with them, each
// problem once however many builds have it; the warnings are for people.
func fill(set *imageset.ImageSet, builds []plan.BuildRun) (warnings []string, err error) {
	var problems []error
	for i, b := range builds {
		out, err := packer.For(packer.Input{Build: b, Providers: set.Providers})
		var several packer.Errors
		if errors.As(err, &several) {
			problems = append(problems, several.Unwrap()...)
			continue
		}
		if err != nil {
			return nil, err
		}
		builds[i].Variables, builds[i].Environment = out.Variables, out.Environment
		warnings = append(warnings, out.Warnings...)
	}
	return once(warnings), errors.Join(onceEach(problems)...)
}

func once(texts []string) []string {
	var out []string
	for _, t := range texts {
		if !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	return out
}

func onceEach(problems []error) []error {
	var out []error
	for _, p := range problems {
		if !slices.ContainsFunc(out, func(o error) bool { return o.Error() == p.Error() }) {
			out = append(out, p)
		}
	}
	return out
}

// warn tells people what may go wrong.
func warn(env Environment, warnings []string) {
	for _, w := range warnings {
		fmt.Fprintln(env.Stderr, "warning:", w)
	}
}
