package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"

	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// The forms that are not one stream of bytes.
const (
	githubForm = "github" // to the files that a GitHub workflow names
	tektonForm = "tekton" // a file for every result of a Tekton task, into a directory
)

// planForms are the forms of a plan.
func planForms() []string {
	names := append(output.FormNames(), githubForm, tektonForm)
	slices.Sort(names)
	return names
}

// destination is one -o: a form, and where it goes.
type destination struct {
	form string
	path string // "": standard output
}

// parseDestinations reads the values of -o. The error joins every problem.
func parseDestinations(values, forms []string, env Environment) ([]destination, error) {
	var all []destination
	var problems []error
	var places []string
	for _, value := range values {
		form, path, toPath := strings.Cut(value, "=")
		d := destination{form, path}
		place := d.place()
		err := d.check(forms, toPath, env)
		if err == nil && slices.Contains(places, place) {
			err = fmt.Errorf("another form goes to the same place; give it a path of its own, as in -o %s=PATH", form)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("-o %q: %w", value, err))
		}
		all, places = append(all, d), append(places, place)
	}
	return all, errors.Join(problems...)
}

// place tells destinations apart, however their paths are written.
func (d destination) place() string {
	if d.form == githubForm {
		return "the files of " + githubForm // and not standard output
	}
	if full, err := filepath.Abs(d.path); d.path != "" && err == nil {
		return full
	}
	return d.path
}

// check finds what is wrong with a destination before anything is called.
func (d destination) check(forms []string, toPath bool, env Environment) error {
	switch {
	case !slices.Contains(forms, d.form):
		return fmt.Errorf("the forms are %s", strings.Join(forms, ", "))
	case d.form == githubForm && toPath:
		return errors.New("it takes no path: the workflow names its files")
	case d.form == githubForm:
		return checkGitHub(env)
	case d.path == "" && (toPath || d.form == tektonForm):
		return fmt.Errorf("a path must follow, as in -o %s=PATH", d.form)
	case d.form == tektonForm:
		return checkDirectory(d.path)
	}
	return checkParent(d.path)
}

func checkDirectory(path string) error {
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is not a directory", path)
	}
	return nil
}

// checkParent finds a path that leads nowhere.
func checkParent(path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("%s is a directory", path)
	}
	return checkDirectory(filepath.Dir(path))
}

// writePlan writes a plan everywhere. One place that can't be written doesn't keep it from the others.
func writePlan(env Environment, all []destination, p plan.Plan) error {
	var problems []error
	for _, d := range all {
		if err := d.putPlan(env, p); err != nil {
			problems = append(problems, fmt.Errorf("writing the plan: %w", err))
		}
	}
	return errors.Join(problems...)
}

func (d destination) putPlan(env Environment, p plan.Plan) error {
	switch d.form {
	case tektonForm:
		return writeResults(d.path, p)
	case githubForm:
		return githubOutput(env, p)
	}
	write := output.Forms(d.path == "" && colourful(env))[d.form]
	return d.put(env, func(w io.Writer) error { return write(w, p) })
}

// put writes what is one stream of bytes.
func (d destination) put(env Environment, write func(io.Writer) error) error {
	var content bytes.Buffer
	if err := write(&content); err != nil {
		return err
	}
	if d.path == "" {
		_, err := env.Stdout.Write(content.Bytes())
		return err
	}
	return writeFile(d.path, content.Bytes())
}

// writeResults writes a file for every result of a Tekton task.
func writeResults(dir string, p plan.Plan) error {
	results, err := output.Tekton(p)
	for _, r := range results {
		err = errors.Join(err, writeFile(filepath.Join(dir, r.Name), r.Content))
	}
	return err
}

// writeFile writes a file whole or not at all. What is there and no regular file, such as a pipe, can only be written to.
func writeFile(path string, content []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(path, content, 0o644)
	}
	return renameio.WriteFile(path, content, 0o644, renameio.WithTempDir(filepath.Dir(path)))
}
