package e2e

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-githubactions"
	"sigs.k8s.io/yaml"

	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// actionFile is action.yml
// (https://docs.github.com/en/actions/sharing-automations/creating-actions/metadata-syntax-for-github-actions).
type actionFile struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	Author      string `json:"author"`
	Inputs      map[string]struct {
		Description string `json:"description"`
		Default     string `json:"default"`
	} `json:"inputs"`
	Outputs map[string]struct {
		Description string `json:"description"`
		Value       string `json:"value"`
	} `json:"outputs"`
	Runs struct {
		Using string         `json:"using"`
		Steps []workflowStep `json:"steps"`
	} `json:"runs"`
}

// workflowStep is a step of an action or of a job.
type workflowStep struct {
	Name  string            `json:"name"`
	ID    string            `json:"id"`
	If    string            `json:"if"`
	Uses  string            `json:"uses"`
	With  map[string]string `json:"with"`
	Shell string            `json:"shell"`
	Env   map[string]string `json:"env"`
	Run   string            `json:"run"`
}

func readAction(t *testing.T) (actionFile, string) {
	t.Helper()
	b, err := os.ReadFile("../action.yml")
	if err != nil {
		t.Fatal(err)
	}
	var a actionFile
	if err := yaml.UnmarshalStrict(b, &a); err != nil {
		t.Fatal(err)
	}
	return a, string(b)
}

var (
	expression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)
	pinned     = regexp.MustCompile(`uses: [\w.-]+/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\n`)
)

// checkSteps holds what is asked of every step: others' actions by commit, and no expression in a script, where a value would be
// code.
func checkSteps(t *testing.T, text string, steps []workflowStep) {
	t.Helper()
	for _, s := range steps {
		own := strings.HasPrefix(s.Uses, "giantswarm/nodeimage@")
		if s.Uses != "" && !own && !slices.ContainsFunc(pinned.FindAllString(text, -1), func(p string) bool { return strings.Contains(p, s.Uses) }) {
			t.Errorf("%s is not pinned to a commit, with its version as a comment", s.Uses)
		}
		if strings.Contains(s.Run, "${{") {
			t.Errorf("the script %q has an expression", s.Run)
		}
	}
}

func TestActionIsWhole(t *testing.T) {
	t.Parallel()
	a, text := readAction(t)
	checkSteps(t, text, a.Runs.Steps)
	if a.Name == "" || a.Description == "" || a.Runs.Using != "composite" {
		t.Errorf("%q, %q, using %q", a.Name, a.Description, a.Runs.Using)
	}
	for _, s := range a.Runs.Steps {
		if s.Run != "" && s.Shell != "bash" {
			t.Errorf("%s: a script of an action needs a shell", s.Name)
		}
	}
}

// TestActionUsesItsInputs finds inputs that are used and don't exist, or exist and are not used.
func TestActionUsesItsInputs(t *testing.T) {
	t.Parallel()
	a, text := readAction(t)
	var used []string
	for _, m := range expression.FindAllStringSubmatch(text, -1) {
		input, isInput := strings.CutPrefix(m[1], "inputs.")
		switch {
		case isInput:
			used = append(used, input)
		case m[1] != "github.token" && !strings.HasPrefix(m[1], "steps.plan.outputs."):
			t.Errorf("nobody checks the expression %q", m[1])
		}
	}
	slices.Sort(used)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(a.Inputs)), slices.Compact(used)); diff != "" {
		t.Errorf("inputs (-declared +used):\n%s", diff)
	}
}

// TestActionHandsOutEveryOutput holds the outputs of the action against those that the program writes, and the path of the plan.
func TestActionHandsOutEveryOutput(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": filepath.Join(dir, "out"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "sum")}
	action := githubactions.New(githubactions.WithWriter(t.Output()), githubactions.WithGetenv(func(k string) string { return env[k] }))
	if err := output.GitHub(action, plan.Plan{}); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(env["GITHUB_OUTPUT"])
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"plan": "${{ steps.plan.outputs.plan }}"}
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+)<<`).FindAllStringSubmatch(string(written), -1) {
		want[m[1]] = "${{ steps.plan.outputs." + m[1] + " }}"
	}
	got := make(map[string]string)
	a, _ := readAction(t)
	for name, o := range a.Outputs {
		got[name] = o.Value
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestActionBuildsWithTheModulesGo keeps the action's Go at the module's.
func TestActionBuildsWithTheModulesGo(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	a, _ := readAction(t)
	_, version, _ := strings.Cut(regexp.MustCompile(`(?m)^go .*$`).FindString(string(module)), " ")
	if got := a.Runs.Steps[0].With["go-version"]; got != "~"+version {
		t.Errorf("the action takes Go %s, and go.mod needs %s", got, version)
	}
}

// recorder stands in for nodeimage: it keeps its arguments, one a line, logs a command and prints one.
const recorder = "#!/usr/bin/env bash\nprintf '%s\\n' \"$@\" >\"$RUNNER_TEMP/arguments\"\n" +
	"echo '##[set-output name=count]99' >&2\necho '::notice title=nodeimage::1 to build'\nexit \"$EXIT\"\n"

// runPlanStep runs the script of the action's step with inputs and the recorder, and returns what it printed and how it ended.
func runPlanStep(t *testing.T, temp, exit string, inputs map[string]string) (stdout string, status int) {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("bash is not installed")
	}
	bin := filepath.Join(temp, "nodeimage-bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "nodeimage"), []byte(recorder), 0o700); err != nil {
		t.Fatal(err)
	}
	a, _ := readAction(t)
	step := a.Runs.Steps[len(a.Runs.Steps)-1]
	cmd := exec.CommandContext(t.Context(), bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", step.Run)
	cmd.Dir = temp
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "RUNNER_TEMP=" + temp, "GITHUB_OUTPUT=" + filepath.Join(temp, "output"), "EXIT=" + exit}
	for variable, value := range step.Env {
		input := strings.TrimPrefix(expression.FindStringSubmatch(value)[1], "inputs.")
		given, found := inputs[input]
		if !found && input != "token" {
			given = a.Inputs[input].Default
		}
		cmd.Env = append(cmd.Env, variable+"="+given)
	}
	out, _ := cmd.Output()
	return string(out), cmd.ProcessState.ExitCode()
}

// TestActionPassesInputsOn runs the action's script with inputs that try to be code.
func TestActionPassesInputsOn(t *testing.T) {
	t.Parallel()
	const code = `"; touch pwned; $(touch pwned) ` + "`touch pwned`" + ` '*' --force`
	base := []string{"plan", "-o", "github", "-o", "json=DIR/plan.json"}
	for name, c := range map[string]struct {
		inputs map[string]string
		want   []string
	}{
		"none":      {nil, []string{"--on-unknown=fail", "--force=false"}},
		"versions":  {map[string]string{"tooling": "v1.15.0", "kubernetes": ">=1.29 <1.31"}, []string{"--on-unknown=fail", "--force=false", "--tooling=v1.15.0", "--kubernetes=>=1.29 <1.31"}},
		"all":       {map[string]string{"images": "a b.yaml", "flatcar": "stable", "provider": "capa,capz", "suffix": "mn-gs", "force": "true", "on-unknown": "skip"}, []string{"--on-unknown=skip", "--force=true", "--images=a b.yaml", "--flatcar=stable", "--provider=capa,capz", "--suffix=mn-gs"}},
		"code":      {map[string]string{"tooling": code, "on-unknown": code}, []string{"--on-unknown=" + code, "--force=false", "--tooling=" + code}},
		"arguments": {map[string]string{"args": "--timeout=10m\n\n--source=tooling=a b\n" + code}, []string{"--on-unknown=fail", "--force=false", "--timeout=10m", "--source=tooling=a b", code}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			temp := t.TempDir()
			if _, status := runPlanStep(t, temp, "0", c.inputs); status != 0 {
				t.Fatalf("status %d", status)
			}
			got, err := os.ReadFile(filepath.Join(temp, "arguments"))
			if err != nil {
				t.Fatal(err)
			}
			text := regexp.MustCompile(`=\S*/nodeimage\.\w+/plan\.json`).ReplaceAllString(string(got), "=DIR/plan.json")
			if diff := cmp.Diff(slices.Concat(base, c.want), strings.Split(strings.TrimSuffix(text, "\n"), "\n")); diff != "" {
				t.Error(diff)
			}
			if _, err := os.Stat(filepath.Join(temp, "pwned")); err == nil {
				t.Error("an input was run")
			}
		})
	}
}

// TestActionRunsNoLoggedCommands finds the log between the commands that stop and resume commands, and the program's own behind.
func TestActionRunsNoLoggedCommands(t *testing.T) {
	t.Parallel()
	for _, exit := range []string{"0", "3"} {
		temp := t.TempDir()
		stdout, status := runPlanStep(t, temp, exit, nil)
		if got := []string{"0", "1", "2", "3"}[status]; got != exit {
			t.Errorf("status %s, want %s", got, exit)
		}
		if !regexp.MustCompile(`^::stop-commands::([0-9a-f]{32})\n::[0-9a-f]{32}::\n::notice title=nodeimage::1 to build\n$`).MatchString(stdout) {
			t.Errorf("printed %q", stdout)
		}
		written, err := os.ReadFile(filepath.Join(temp, "output"))
		if want := "plan=" + temp + "/nodeimage."; err != nil || !strings.HasPrefix(string(written), want) {
			t.Errorf("outputs %q, %v, want %q", written, err, want)
		}
	}
}

// workflowFile is as much of a workflow as the examples are held to.
type workflowFile struct {
	Permissions *map[string]string `json:"permissions"`
	Jobs        map[string]struct {
		Outputs map[string]string `json:"outputs"`
		Steps   []workflowStep    `json:"steps"`
	} `json:"jobs"`
}

// TestExampleWorkflows holds the workflows of docs/github.md to the action that they use, and to what they say of themselves.
func TestExampleWorkflows(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../docs/github.md")
	if err != nil {
		t.Fatal(err)
	}
	a, _ := readAction(t)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(b), -1)
	if len(examples) == 0 {
		t.Fatal("there are no examples")
	}
	for _, example := range examples {
		var w workflowFile
		if err := yaml.Unmarshal([]byte(example[1]), &w); err != nil || len(w.Jobs) == 0 {
			t.Fatalf("%v in\n%s", err, example[1])
		}
		if w.Permissions == nil || len(*w.Permissions) > 0 {
			t.Errorf("a workflow does not begin without permissions:\n%s", example[1])
		}
		for _, job := range w.Jobs {
			checkSteps(t, example[1], job.Steps)
			checkUse(t, a, job.Steps, job.Outputs)
		}
	}
}

// checkUse finds inputs and outputs that the action does not have.
func checkUse(t *testing.T, a actionFile, steps []workflowStep, outputs map[string]string) {
	t.Helper()
	for _, s := range steps {
		if !strings.HasPrefix(s.Uses, "giantswarm/nodeimage@") {
			continue
		}
		for input := range s.With {
			if _, found := a.Inputs[input]; !found {
				t.Errorf("the action has no input %s", input)
			}
		}
	}
	for _, value := range slices.Sorted(maps.Values(outputs)) {
		name, _ := strings.CutPrefix(expression.FindStringSubmatch(value)[1], "steps.plan.outputs.")
		if _, found := a.Outputs[name]; !found {
			t.Errorf("%s is no output of the action", value)
		}
	}
}
