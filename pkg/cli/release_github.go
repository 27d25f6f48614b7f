package cli

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/sethvargo/go-githubactions"

	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/release"
)

const (
	// annotationsShown is how many annotations of a level GitHub shows of a step; it forgets the others
	// (github.com/actions/toolkit docs/problem-matchers.md, "Limitations").
	annotationsShown = 10
	// summaryShown is what a step's summary may take
	// (https://docs.github.com/en/actions/using-workflows/workflow-commands-for-github-actions#adding-a-job-summary: 1 MiB), with
	// room for what stands around the table.
	summaryShown = 1<<20 - 4096
)

// fileAnnotation is what GitHub shows beside a line of a pull request.
type fileAnnotation struct {
	warning        bool
	file           string
	line           int // 0: the file as a whole
	title, message string
}

// annotateCheck writes a check for GitHub Actions: an annotation at the line of every release that is not whole, and a step summary.
// Commands go to w.
func annotateCheck(w io.Writer, env Environment, c release.Check) error {
	summary, err := checkSummary(c)
	if err != nil {
		return err
	}
	annotations := annotationsOf(c)
	return output.Guarded(func() {
		env.Stdout = w
		action := githubAction(env)
		issue(action, env, annotations)
		action.AddStepSummary(summary)
	})
}

// annotationsOf are the annotations of the releases that fail the run, and, as warnings, of those that could not be checked but
// don't.
func annotationsOf(c release.Check) []fileAnnotation {
	var all []fileAnnotation
	for _, r := range c.Releases {
		fails := c.Fails(r)
		if fails || r.Status == release.Unknown {
			all = append(all, fileAnnotation{
				warning: !fails, file: r.File, line: r.Line, title: r.Name + ": node image " + string(r.Status), message: r.Image + ": " + r.Message,
			})
		}
	}
	return all
}

// annotateProblems shows what is wrong with files at their lines, where a form for GitHub is asked for.
func annotateProblems(env Environment, outputs []destination, problems error) {
	if !slices.ContainsFunc(outputs, func(d destination) bool { return d.form == githubForm }) {
		return
	}
	var all []fileAnnotation
	for _, p := range problemsOf(problems) {
		all = append(all, fileAnnotation{file: p.File, line: p.Line, title: "Release", message: p.Text})
	}
	issue(githubAction(env), env, all)
}

// problemsOf are the problems of files among joined errors.
func problemsOf(err error) []release.Problem {
	switch e := err.(type) {
	case release.Problems:
		return e
	case interface{ Unwrap() []error }:
		var all []release.Problem
		for _, one := range e.Unwrap() {
			all = append(all, problemsOf(one)...)
		}
		return all
	}
	return nil
}

// issue writes annotations as workflow commands. Of each level the last that GitHub shows stands for those that it would not.
func issue(action *githubactions.Action, env Environment, all []fileAnnotation) {
	for _, warning := range []bool{false, true} {
		level := slices.DeleteFunc(slices.Clone(all), func(a fileAnnotation) bool { return a.warning != warning })
		if more := len(level) - annotationsShown; more > 0 {
			level = append(level[:annotationsShown-1], fileAnnotation{
				warning: warning, title: "nodeimage", message: fmt.Sprintf("%d more: see the log and the summary.", more+1),
			})
		}
		for _, a := range level {
			a.issue(action, env)
		}
	}
}

func (a fileAnnotation) issue(action *githubactions.Action, env Environment) {
	fields := map[string]string{"title": a.title}
	if a.file != "" {
		fields["file"] = inWorkspace(env, a.file)
	}
	if a.line > 0 {
		fields["line"] = strconv.Itoa(a.line)
	}
	if at := action.WithFieldsMap(fields); a.warning {
		at.Warningf("%s", a.message)
	} else {
		at.Errorf("%s", a.message)
	}
}

// inWorkspace is a path as annotations have it: from the root of the repository. Elsewhere it stays as it was given.
func inWorkspace(env Environment, path string) string {
	full, err := filepath.Abs(path)
	workspace := env.Getenv("GITHUB_WORKSPACE")
	if relative, relErr := filepath.Rel(workspace, full); workspace != "" && err == nil && relErr == nil && filepath.IsLocal(relative) {
		return filepath.ToSlash(relative)
	}
	return filepath.ToSlash(path)
}

// checkSummary is the table of a check as Markdown. In a block of code nothing that the clouds answered can be markup; lines that
// GitHub would not show are left out, with one that says so.
func checkSummary(c release.Check) (string, error) {
	var table bytes.Buffer
	if err := release.Table(&table, c); err != nil {
		return "", err
	}
	text := strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case unicode.IsControl(r):
			return ' '
		case r == '`':
			return '\''
		}
		return r
	}, table.String())
	if len(text) > summaryShown {
		text = text[:strings.LastIndexByte(text[:summaryShown], '\n')+1] + "The rest is left out: GitHub shows summaries up to 1 MiB.\n"
	}
	return fmt.Sprintf("### Node images of releases: %s\n\n```text\n%s```\n", c.Summary, text), nil
}
