package output

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/sethvargo/go-githubactions"

	"github.com/giantswarm/nodeimage/pkg/plan"
)

const (
	// githubDelimiter ends a value in the file of outputs. The library always writes the same one, so a value that holds it could
	// end early and begin another output (github.com/sethvargo/go-githubactions actions.go, multiLineFileDelim).
	githubDelimiter = "_GitHubActionsFileCommandDelimeter_"
	// githubOutputLimit is what the outputs of a job may take, names and values together, counted as UTF-16
	// (https://docs.github.com/en/actions/using-jobs/defining-outputs-for-jobs: 1 MB).
	githubOutputLimit = 1_000_000
	// githubMatrixLimit is how many jobs a matrix makes at most (https://docs.github.com/en/actions/reference/limits).
	githubMatrixLimit = 256
)

// githubFiles are the variables that name the files which a step writes
// (https://docs.github.com/en/actions/using-workflows/workflow-commands-for-github-actions#environment-files).
func githubFiles() []string { return []string{"GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"} }

// githubBuild is one job of the matrix.
type githubBuild struct {
	Key          string   `json:"key"`
	Builder      string   `json:"builder"`
	Image        string   `json:"image"`
	Target       string   `json:"target"`
	Providers    []string `json:"providers"`
	Overwrite    bool     `json:"overwrite"`
	Channel      string   `json:"channel"`
	Flatcar      string   `json:"flatcar"`
	Kubernetes   string   `json:"kubernetes"`
	Tooling      string   `json:"tooling"`
	ImageBuilder string   `json:"imageBuilder"`
}

// githubOutput is an output of the step.
type githubOutput struct{ name, value string }

// GitHub writes a plan for a GitHub Actions workflow: its outputs for later steps and jobs, a step summary and annotations for
// people. The action knows the environment and the stream that commands are written to. Secrets are masked in the log, and refused
// in outputs, which GitHub would drop without failing the job.
//
// The outputs are strings:
//
//   - matrix: JSON for strategy.matrix, {"include": [...]} with an object for every build
//   - builds: JSON array of the builds' keys
//   - replicate: JSON array of the keys of images to complete
//   - count: the number of builds. A matrix without jobs fails its workflow, so jobs that use it need
//     if: needs.JOB.outputs.count != '0'
//   - unknown: the number of images that could not be checked
//   - image-name: the name where the plan has exactly one, else empty
//   - tooling: the tooling version
//
// Everything is checked before the first byte is written. The error says so where this is no step of GitHub Actions (see
// [CheckGitHub]), an output could pass for several, or the outputs are larger than GitHub takes. A summary that is too large is
// cut, and says so.
func GitHub(action *githubactions.Action, p plan.Plan, secrets ...string) error {
	if err := CheckGitHub(action); err != nil {
		return err
	}
	outputs := githubOutputs(p)
	if err := checkOutputs(outputs, secrets); err != nil {
		return fmt.Errorf("writing for GitHub Actions: %w", err)
	}
	summary, annotations := stepSummary(p, githubSummaryLimit), annotationsOf(p)
	err := Guarded(func() {
		mask(action, secrets)
		for _, a := range annotations {
			a.issue(action)
		}
		for _, o := range outputs {
			action.SetOutput(o.name, o.value)
		}
		action.AddStepSummary(summary)
	})
	if err != nil {
		return fmt.Errorf("writing for GitHub Actions: %w", err)
	}
	return nil
}

// CheckGitHub finds out, before anything is called, whether this is a step of GitHub Actions: whether GITHUB_ACTIONS is true and
// the files for outputs and summary are named. The library panics where they aren't.
func CheckGitHub(action *githubactions.Action) error {
	if action.Getenv("GITHUB_ACTIONS") != "true" {
		return errors.New("-o github: this is no step of GitHub Actions: GITHUB_ACTIONS is not true")
	}
	var problems []error
	for _, variable := range githubFiles() {
		if action.Getenv(variable) == "" {
			problems = append(problems, fmt.Errorf("-o github: %s is not set", variable))
		}
	}
	return errors.Join(problems...)
}

func githubOutputs(p plan.Plan) []githubOutput {
	matrix := struct {
		Include []githubBuild `json:"include"`
	}{Include: []githubBuild{}}
	keys, replicate := []string{}, []string{}
	for _, b := range p.Builds {
		keys = append(keys, b.Key)
		matrix.Include = append(matrix.Include, githubBuild{
			Key: b.Key, Builder: b.Builder, Image: b.Image, Target: b.Target, Providers: b.Providers, Overwrite: b.Overwrite,
			Channel: b.Channel, Flatcar: b.Flatcar, Kubernetes: b.Kubernetes, Tooling: b.Tooling, ImageBuilder: b.ImageBuilder,
		})
	}
	for _, image := range p.Images {
		if image.Decision == plan.Replicate {
			replicate = append(replicate, image.Build)
		}
	}
	return []githubOutput{
		{"matrix", compact(matrix)},
		{"builds", compact(keys)},
		{"replicate", compact(replicate)},
		{"count", strconv.Itoa(len(p.Builds))},
		{"unknown", strconv.Itoa(p.Summary.Unknown)},
		{"image-name", onlyImage(p)},
		{"tooling", p.Versions.Tooling},
	}
}

// onlyImage is the name of the plan's images where they all have the same, else "".
func onlyImage(p plan.Plan) string {
	var names []string
	for _, image := range p.Images {
		if !slices.Contains(names, image.Name) {
			names = append(names, image.Name)
		}
		if len(names) > 1 {
			return ""
		}
	}
	return strings.Join(names, "")
}

// compact is a value as JSON on one line: JSON has no line breaks inside of strings.
func compact(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("strings and lists of strings are always JSON: %v", err))
	}
	return string(b)
}

// checkOutputs finds everything that keeps outputs from arriving as they are.
func checkOutputs(outputs []githubOutput, secrets []string) error {
	var problems []error
	size := 0
	for _, o := range outputs {
		size += 2 * (len(utf16.Encode([]rune(o.name))) + len(utf16.Encode([]rune(o.value))))
		problems = append(problems, o.check(secrets))
	}
	if size > githubOutputLimit {
		problems = append(problems, fmt.Errorf("the outputs take %d bytes, and GitHub takes %d of a job: plan fewer versions or providers at once",
			size, githubOutputLimit))
	}
	return errors.Join(problems...)
}

func (o githubOutput) check(secrets []string) error {
	switch {
	case strings.ContainsAny(o.value, "\r\n"):
		return fmt.Errorf("the output %s has a line break, and could pass for several outputs", o.name)
	case strings.Contains(o.value, githubDelimiter):
		return fmt.Errorf("the output %s contains %s, which ends outputs", o.name, githubDelimiter)
	case slices.ContainsFunc(secrets, o.reveals):
		return fmt.Errorf("the output %s contains a credential, for which GitHub would drop it", o.name)
	}
	return nil
}

// reveals reports whether the output has a secret in it, as it is or as JSON writes it.
func (o githubOutput) reveals(secret string) bool {
	inJSON := strings.Trim(compact(secret), `"`)
	return !blank(secret) && (strings.Contains(o.value, secret) || strings.Contains(o.value, inJSON))
}

func mask(action *githubactions.Action, secrets []string) {
	for _, secret := range secrets {
		if !blank(secret) { // the runner warns of an empty mask
			action.AddMask(secret)
		}
	}
}

func blank(s string) bool { return strings.TrimSpace(s) == "" }

// Guarded turns the library's panics into errors: they are how it reports that a file or the stream can't be written.
func Guarded(write func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case runtime.Error:
			panic(r)
		case error:
			err = r
		default:
			panic(r)
		}
	}()
	write()
	return nil
}
