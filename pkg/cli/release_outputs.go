package cli

import (
	"errors"
	"fmt"
	"io"

	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/plan"
	"github.com/giantswarm/nodeimage/pkg/release"
)

// releaseForms are the forms of a check. The form plan is the plan document of everything that was looked for, and tekton its
// results: what nodeimage vars and the steps that build read.
func releaseForms() []string { return []string{githubForm, "json", "plan", "table", tektonForm} }

// writeCheck writes a check everywhere. One place that can't be written doesn't keep it from the others.
func writeCheck(env Environment, all []destination, c release.Check, p plan.Plan) error {
	var problems []error
	for _, d := range all {
		if err := d.putCheck(env, c, p); err != nil {
			problems = append(problems, fmt.Errorf("writing the check: %w", err))
		}
	}
	return errors.Join(problems...)
}

func (d destination) putCheck(env Environment, c release.Check, p plan.Plan) error {
	if d.form == tektonForm {
		return writeResults(d.path, p)
	}
	return d.put(env, func(w io.Writer) error {
		switch d.form {
		case "json":
			return release.JSON(w, c)
		case "plan":
			return output.JSON(w, p)
		case githubForm:
			return annotateCheck(w, env, c)
		}
		return release.Table(w, c)
	})
}
