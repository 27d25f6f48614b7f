package output

import (
	"fmt"
	"strings"

	"github.com/sethvargo/go-githubactions"

	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// annotationLimit is how many annotations of a level GitHub shows of a step; it forgets the others
// (github.com/actions/toolkit docs/problem-matchers.md, "Limitations").
const annotationLimit = 10

// level is how bad what an annotation tells is.
type level int

const (
	levelError level = iota
	levelWarning
	levelNotice
)

// annotation is what a workflow run shows beside its jobs.
type annotation struct {
	level          level
	title, message string
}

// issue writes the annotation as a workflow command. The library escapes line breaks and percent signs, so that a message can't
// become a second command.
func (a annotation) issue(action *githubactions.Action) {
	titled := action.WithFieldsMap(map[string]string{"title": a.title})
	switch a.level {
	case levelError:
		titled.Errorf("%s", a.message)
	case levelWarning:
		titled.Warningf("%s", a.message)
	case levelNotice:
		titled.Noticef("%s", a.message)
	}
}

// annotationsOf are the annotations of a plan, the worst first: what could not be checked or is broken, each image once, and one
// notice with what the plan comes to.
func annotationsOf(p plan.Plan) []annotation {
	var errs, warnings []annotation
	for _, image := range p.Images {
		a, found := annotationOf(image, p.Unchecked())
		switch {
		case !found:
		case a.level == levelError:
			errs = append(errs, a)
		default:
			warnings = append(warnings, a)
		}
	}
	if n := len(p.Builds); n > githubMatrixLimit {
		warnings = append([]annotation{{levelWarning, "too many builds", fmt.Sprintf(
			"The plan has %d builds, and a matrix makes %d jobs at most: plan fewer versions or providers at once.", n, githubMatrixLimit)}},
			warnings...)
	}
	notice := annotation{levelNotice, "nodeimage", Summary(p)}
	return append(append(limited(errs), limited(warnings)...), notice)
}

// annotationOf tells what is wrong with an image. Unknown is an error where it fails the run; broken is one where the plan does
// nothing about it.
func annotationOf(image plan.Image, unknownFails bool) (annotation, bool) {
	broken := brokenIn(image)
	a := annotation{levelWarning, image.Provider + ": " + string(image.Decision), image.Name + ": " + image.Message}
	switch {
	case image.Decision == plan.Undecided && unknownFails:
		a.level = levelError
	case image.Decision == plan.Undecided, image.Reason == plan.ReasonUnknown:
	case broken == "":
		return annotation{}, false
	case image.Decision == plan.Build, image.Decision == plan.Replicate:
	default:
		a.level = levelError
	}
	if named := image.Reason == plan.ReasonFailed || image.Reason == plan.ReasonIncomplete; broken != "" && !named {
		a.message += "; broken in " + broken
	}
	return a, true
}

func brokenIn(image plan.Image) string {
	var locations []string
	for _, f := range image.Findings {
		if f.State == inventory.Failed {
			locations = append(locations, f.Location)
		}
	}
	return strings.Join(locations, ", ")
}

// limited makes the last annotation that GitHub shows stand for those that it would not.
func limited(all []annotation) []annotation {
	if len(all) <= annotationLimit {
		return all
	}
	shown := all[: annotationLimit-1 : annotationLimit-1]
	return append(shown, annotation{all[0].level, "nodeimage", fmt.Sprintf("%d more images: see the summary.", len(all)-len(shown))})
}
