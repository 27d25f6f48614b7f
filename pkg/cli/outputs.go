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

// githubForm is the form that writes to the files which a GitHub workflow names, and so needs the environment.
const githubForm = "github"

func formNames() string {
	names := append(output.FormNames(), githubForm)
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// outputTarget is one -o: a form, and where it goes.
type outputTarget struct {
	write  output.Write
	path   string // "": standard output
	stdout io.Writer
}

// parseOutputs reads the values of -o. The error joins every problem.
func parseOutputs(values []string, env Environment) ([]outputTarget, error) {
	var targets []outputTarget
	var problems []error
	var places []string
	for _, value := range values {
		form, path, toFile := strings.Cut(value, "=")
		write, err := formOf(form, path, env)
		place := path
		if form == githubForm {
			place = githubForm + " workflow" // a workflow's files, not standard output
		}
		switch {
		case err != nil:
			err = fmt.Errorf("-o %q: %w", value, err)
		case toFile && path == "":
			err = fmt.Errorf("-o %q: a path must follow the =", value)
		case slices.Contains(places, place):
			err = fmt.Errorf("-o %q: another form goes to the same place; give it a path of its own, as in -o %s=PATH", value, form)
		default:
			err = checkParent(value, path)
		}
		problems = append(problems, err)
		places = append(places, place)
		targets = append(targets, outputTarget{write, path, env.Stdout})
	}
	return targets, errors.Join(problems...)
}

// formOf finds a form by its name.
func formOf(form, path string, env Environment) (output.Write, error) {
	if form == githubForm {
		if path != "" {
			return nil, errors.New("it takes no path: the workflow names its files")
		}
		return githubWrite(env), checkGitHub(env)
	}
	write, known := output.Forms(path == "" && colourful(env))[form]
	if !known {
		return nil, fmt.Errorf("the forms are %s", formNames())
	}
	return write, nil
}

// githubWrite writes a plan for GitHub Actions; the writer gets the commands that the runner reads from standard output.
func githubWrite(env Environment) output.Write {
	return func(w io.Writer, p plan.Plan) error {
		commands := env
		commands.Stdout = w
		return githubOutput(commands, p)
	}
}

// checkParent finds a path that leads nowhere before anything is called.
func checkParent(value, path string) error {
	if path == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(path)); err != nil || !info.IsDir() {
		return fmt.Errorf("-o %q: %s is not a directory", value, filepath.Dir(path))
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return fmt.Errorf("-o %q: %s is a directory", value, path)
	}
	return nil
}

// writeOutputs writes the plan everywhere. One place that can't be written doesn't keep it from the others.
func writeOutputs(targets []outputTarget, p plan.Plan) error {
	var problems []error
	for _, t := range targets {
		if err := t.put(p); err != nil {
			problems = append(problems, fmt.Errorf("writing the plan: %w", err))
		}
	}
	return errors.Join(problems...)
}

func (t outputTarget) put(p plan.Plan) error {
	var content bytes.Buffer
	if err := t.write(&content, p); err != nil {
		return err
	}
	if t.path == "" {
		_, err := t.stdout.Write(content.Bytes())
		return err
	}
	return writeFile(t.path, content.Bytes())
}

// writeFile writes a file whole or not at all. What is there and no regular file, such as a pipe, can only be written to.
func writeFile(path string, content []byte) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(path, content, 0o644)
	}
	return renameio.WriteFile(path, content, 0o644, renameio.WithTempDir(filepath.Dir(path)))
}
