package customrun

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"

	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// outcome is how an attempt ended.
type outcome struct {
	reason  string // of the condition Succeeded
	message string
	results []v1beta1.CustomRunResult
	extra   extraFields
	plan    *plan.Plan // nil where none was made
	log     string     // what was told beside the results, for the controller's log
}

// extraFields are in status.extraFields, for people: the plan document, byte for byte that of the task, and the same as a table.
type extraFields struct {
	Plan  string `json:"plan,omitempty"`
	Table string `json:"table,omitempty"`
}

// The limits of what is written into a CustomRun, as JSON. etcd takes 1.5 MiB by default
// (https://etcd.io/docs/v3.6/dev-guide/limit/#request-size-limit); the argument of a program can have 128 KiB
// (MAX_ARG_STRLEN in https://man7.org/linux/man-pages/man2/execve.2.html), and a build's plan becomes one.
const (
	resultsLimit  = 1 << 20
	argumentLimit = 120 << 10
	extraLimit    = 256 << 10
	messageLimit  = 4 << 10
	eventLimit    = 1 << 10
)

// The folders of an attempt, which stand for the step's workspaces, and the files that it leaves in them.
const (
	imagesFolder = "images"
	outputFolder = "output"
	tableFile    = "plan.txt"
	documentFile = "plan.json"
)

// plansResult has a plan document for every build, over which a pipeline fans out: a custom task has no files to share.
const plansResult = "plans"

// reasonOf is the reason that an exit status of nodeimage means.
func reasonOf(status int) string {
	switch status {
	case 0:
		return ReasonSucceeded
	case 2:
		return ReasonInvalidInput
	case 3:
		return ReasonNotChecked
	}
	return ReasonPlanFailed
}

func broken(err error) outcome {
	return outcome{reason: ReasonPlanFailed, message: err.Error()}
}

// outcomeOf makes an outcome of how nodeimage ended and of what it left in an attempt's folder.
func outcomeOf(dir string, status int, err error, log string) outcome {
	o := outcome{reason: reasonOf(status), log: log}
	if err != nil {
		o.message = cut(strings.ReplaceAll(err.Error(), filepath.Join(dir, imagesFolder)+string(filepath.Separator), ""), messageLimit)
	}
	if status != 0 && status != 3 {
		return o
	}
	if err := o.collect(dir); err != nil {
		return broken(err)
	}
	o.message = cut(o.describe(), messageLimit)
	return o
}

// collect reads the plan, and makes the results of it: a CustomRun has room for more than a task may pass on.
func (o *outcome) collect(dir string) error {
	document, err := os.ReadFile(filepath.Join(dir, outputFolder, documentFile))
	if err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	table, err := os.ReadFile(filepath.Join(dir, outputFolder, tableFile))
	if err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	p, err := plan.Read(strings.NewReader(string(document)))
	if err != nil {
		return err
	}
	o.plan = &p
	for _, r := range output.Results(p) {
		o.results = append(o.results, v1beta1.CustomRunResult{Name: r.Name, Value: string(r.Content)})
	}
	plans, err := plansOf(p)
	o.results = append(o.results, v1beta1.CustomRunResult{Name: plansResult, Value: plans})
	o.extra = extraOf(string(document), string(table))
	return err
}

// plansOf is a JSON array of plan documents, each with one build. Tekton takes it for an array unless it is empty.
func plansOf(p plan.Plan) (string, error) {
	all := []string{}
	for _, b := range p.Builds {
		only, _ := plan.Only(p, b.Key)
		document, err := only.Argument()
		if err != nil {
			return "", fmt.Errorf("writing the plan of the build %s: %w", b.Key, err)
		}
		if len(document) > argumentLimit {
			return "", fmt.Errorf("the plan of the build %s takes %d bytes, but an argument can have %d: give its builder fewer variables", b.Key, len(document), argumentLimit)
		}
		all = append(all, document)
	}
	text := asJSON(all)
	if size := len(asJSON(text)); size > resultsLimit {
		return "", fmt.Errorf("the plans of %d builds take %d bytes, but a CustomRun can have %d: plan fewer images at a time (provider, kubernetes)",
			len(p.Builds), size, resultsLimit)
	}
	return text, nil
}

func extraOf(document, table string) extraFields {
	all := extraFields{document, table}
	if len(asJSON(all)) > extraLimit {
		all.Plan = ""
	}
	if len(asJSON(all)) > extraLimit {
		all.Table = ""
	}
	return all
}

// asJSON is the JSON of something that always has one.
func asJSON(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// describe says what a plan comes to, and which images could not be checked, once each.
func (o outcome) describe() string {
	lines := []string{output.Summary(*o.plan)}
	if o.message != "" {
		lines = []string{o.message, lines[0]}
	}
	if o.reason == ReasonNotChecked {
		for _, image := range o.plan.Images {
			if image.Decision == plan.Undecided {
				lines = append(lines, fmt.Sprintf("%s %s: %s", image.Provider, image.Name, image.Message))
			}
		}
	}
	return strings.Join(slices.Compact(lines), "\n")
}

// cut shortens a text to a number of bytes.
func cut(text string, limit int) string {
	const ellipsis = "…"
	if len(text) <= limit {
		return text
	}
	end := limit - len(ellipsis)
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}
