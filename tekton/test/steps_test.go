package test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"github.com/tektoncd/pipeline/pkg/substitution"

	"github.com/giantswarm/nodeimage/pkg/plan"
)

const image = "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs"

// imageSet is of two places, of which one holds one image.
const imageSet = `apiVersion: nodeimage.giantswarm.io/v1alpha1
kind: ImageSet
versions: {flatcar: 3815.2.5, kubernetes: 1.29.7, tooling: 1.15.0}
builders:
  raw: {target: build-raw-flatcar, imageBuilder: v0.1.55, environment: {EXTRA: "it's $(id)"}}
providers:
  here: {builder: raw, directory: {path: DIR/here, file: "{name}.raw"}}
  there: {builder: raw, directory: {path: DIR/there, file: "{name}.raw"}}
`

// nodeimage is the program, built once.
var nodeimage = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "nodeimage")
	if err != nil {
		return "", err
	}
	program := filepath.Join(dir, "nodeimage")
	built, err := exec.Command("go", "build", "-C", "../..", "-o", program, "./cmd/nodeimage").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building nodeimage: %w\n%s", err, built)
	}
	return program, nil
})

func TestMain(m *testing.M) {
	program, err := nodeimage()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	status := m.Run()
	os.RemoveAll(filepath.Dir(program))
	os.Exit(status)
}

// pod is where the steps of a task run: its folders stand for those that Tekton mounts.
type pod struct{ dir, results, vars string }

func newPod(t *testing.T) pod {
	t.Helper()
	dir := t.TempDir()
	p := pod{dir, filepath.Join(dir, "results"), filepath.Join(dir, "vars")}
	for _, folder := range []string{"results", "here", "there", "images", "output"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "images", "images.yaml"), strings.ReplaceAll(imageSet, "DIR", dir))
	write(t, filepath.Join(dir, "there", image+".raw"), "an image")
	return p
}

// fill puts params and then the paths of workspaces into a text, as Tekton's reconciler does, with Tekton's code.
func (p pod) fill(text string, task *pipelinev1.Task, params, workspaces map[string]string) string {
	text = strings.NewReplacer(pipeline.DefaultResultPath, p.results, pipeline.WorkspaceDir+"/vars", p.vars, pipeline.HomeDir, p.dir).Replace(text)
	values, paths := map[string]string{}, map[string]string{}
	for _, spec := range task.Spec.Params {
		if spec.Default != nil {
			values["params."+spec.Name] = spec.Default.StringVal
		}
	}
	for name, value := range params {
		values["params."+name] = value
	}
	for _, w := range task.Spec.Workspaces {
		paths["workspaces."+w.Name+".path"] = workspaces[w.Name] // empty where an optional one is not bound
	}
	return substitution.ApplyReplacements(substitution.ApplyReplacements(text, values), paths)
}

// run runs a step and returns its exit status and what it printed. The environment has nothing but PATH and what the step sets.
func (p pod) run(t *testing.T, name, stepName string, params, workspaces map[string]string, path string) (int, string) {
	t.Helper()
	task := tasks(t)[name]
	step := task.Spec.Steps[slices.IndexFunc(task.Spec.Steps, func(s pipelinev1.Step) bool { return s.Name == stepName })]
	program, _ := nodeimage()
	cmd := exec.Command(program)
	for _, arg := range step.Args {
		cmd.Args = append(cmd.Args, p.fill(arg, task, params, workspaces))
	}
	if step.Script != "" {
		cmd = exec.Command("sh", "-c", step.Script)
	}
	cmd.Dir, cmd.Env = p.dir, []string{"PATH=" + path}
	for _, e := range step.Env {
		cmd.Env = append(cmd.Env, e.Name+"="+p.fill(e.Value, task, params, workspaces))
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), said.String()
}

func (p pod) plan(t *testing.T, params map[string]string) (int, string) {
	t.Helper()
	return p.run(t, "nodeimage-plan", "plan", params, map[string]string{
		"images": filepath.Join(p.dir, "images"), "output": filepath.Join(p.dir, "output"),
	}, os.Getenv("PATH"))
}

// TestPlanStep runs the plan task's arguments.
func TestPlanStep(t *testing.T) {
	t.Parallel()
	built := map[string]string{"builds": `["raw-0"]`, "count": "1", "replicate": "[]", "image-name": image, "unknown": "0"}
	for name, tc := range map[string]struct {
		params  map[string]string
		spoil   bool // one place can't be checked
		status  int
		results map[string]string
		says    string
	}{
		"defaults": {results: built, says: "1 to build, 1 to skip"},
		"nothing to build": {
			params:  map[string]string{"provider": "there"},
			results: map[string]string{"builds": "[]", "count": "0", "replicate": "[]", "image-name": image, "unknown": "0"},
		},
		"everything given": {
			params: map[string]string{
				"tooling": "1.16.0", "flatcar": "3815.2.5", "kubernetes": "1.29.7,1.30.4", "provider": "here,there", "suffix": "mn-gs", "force": "true", "on-unknown": "skip",
			},
			results: map[string]string{"builds": `["raw-0","raw-1"]`, "count": "2", "replicate": "[]", "image-name": "", "unknown": "0"},
			says:    "flatcar-stable-3815.2.5-kube-1.30.4-tooling-1.16.0-mn-gs",
		},
		"unknown": {
			spoil: true, status: 3, says: "unknown",
			results: map[string]string{"builds": "[]", "count": "0", "replicate": "[]", "image-name": image, "unknown": "1"},
		},
		"unknown is skipped": {
			params: map[string]string{"on-unknown": "skip"}, spoil: true,
			results: map[string]string{"builds": "[]", "count": "0", "replicate": "[]", "image-name": image, "unknown": "1"},
		},
		"hostile":         {params: map[string]string{"kubernetes": "1.29.7\"; $(id) `id`\n--force"}, status: 2, says: "--kubernetes", results: map[string]string{}},
		"hostile flag":    {params: map[string]string{"tooling": "--force"}, status: 2, says: "--tooling", results: map[string]string{}},
		"hostile name":    {params: map[string]string{"suffix": "$(params.tooling)"}, status: 2, says: "$(params.tooling)", results: map[string]string{}},
		"hostile place":   {params: map[string]string{"provider": "here;$(id)`id`"}, status: 2, says: "$(id)`id`", results: map[string]string{}},
		"no image set":    {params: map[string]string{"images": "other.yaml"}, status: 2, says: "other.yaml", results: map[string]string{}},
		"not a yes or no": {params: map[string]string{"force": ""}, status: 2, says: "--force", results: map[string]string{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPod(t)
			if tc.spoil {
				spoil(t, filepath.Join(p.dir, "here"))
			}
			status, said := p.plan(t, tc.params)
			if status != tc.status || !strings.Contains(said, tc.says) {
				t.Errorf("status %d, want %d, saying %q:\n%s", status, tc.status, tc.says, said)
			}
			if diff := cmp.Diff(tc.results, contents(t, p.results)); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			for _, file := range []string{"plan.json", "plan.txt"} {
				_, err := os.Stat(filepath.Join(p.dir, "output", file))
				if written := err == nil; written != (len(tc.results) > 0) {
					t.Errorf("%s was written: %t", file, written)
				}
			}
		})
	}
}

// spoil replaces a folder by a link to itself, which can't be followed.
func spoil(t *testing.T, dir string) {
	t.Helper()
	if err := errors.Join(os.Remove(dir), os.Symlink(dir, dir)); err != nil {
		t.Fatal(err)
	}
}

// TestBuildSteps runs both steps of the build task: the variables reach make, and credentials stand beside them.
func TestBuildSteps(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tooling, credentials string
		document             bool // the plan comes in the param, and there is no workspace
		status               int  // of the step vars
		want                 string
	}{
		"no files":      {tooling: "1.15.0", want: "build-raw-flatcar|VARS/vars.json|it's $(id)|3815.2.5\n"},
		"with files":    {tooling: "1.15.0", credentials: "credentials", want: "build-raw-flatcar|VARS/vars.json DIR/credentials/packer.json|it's $(id)|3815.2.5\n"},
		"document":      {tooling: "1.15.0", document: true, want: "build-raw-flatcar|VARS/vars.json|it's $(id)|3815.2.5\n"},
		"other release": {tooling: "1.14.0", status: 2, want: "nodeimage: --tooling \"1.14.0\": the plan was made for \"1.15.0\"\n"},
		"part of it":    {tooling: "1.15", status: 2, want: "nodeimage: --tooling \"1.15\": the plan was made for \"1.15.0\"\n"},
		"no release":    {tooling: "", document: true, status: 2, want: "nodeimage: --tooling \"\": the plan was made for \"1.15.0\"\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPod(t)
			if status, said := p.plan(t, nil); status != 0 {
				t.Fatalf("planning: status %d\n%s", status, said)
			}
			params := map[string]string{"build": "raw-0", "tooling": tc.tooling}
			workspaces := map[string]string{"plan": filepath.Join(p.dir, "output")}
			if tc.document {
				params["plan"], workspaces = argument(t, filepath.Join(p.dir, "output", "plan.json")), map[string]string{}
			}
			if tc.credentials != "" {
				workspaces["credentials"] = filepath.Join(p.dir, tc.credentials)
				write(t, filepath.Join(p.dir, tc.credentials, "packer.json"), "{}")
			}
			status, said := p.run(t, "nodeimage-build", "vars", params, workspaces, os.Getenv("PATH"))
			if tc.status != 0 {
				if status != tc.status || said != tc.want {
					t.Errorf("status %d, want %d\n%s", status, tc.status, cmp.Diff(tc.want, said))
				}
				return
			}
			if status != 0 {
				t.Fatalf("writing the variables: status %d\n%s", status, said)
			}
			write(t, filepath.Join(p.dir, "bin", "make"), "#!/bin/sh\necho \"$1|$PACKER_VAR_FILES|$EXTRA|$FLATCAR_VERSION\"\n")
			status, said = p.run(t, "nodeimage-build", "build", params, workspaces, filepath.Join(p.dir, "bin")+":"+os.Getenv("PATH"))
			want := strings.NewReplacer("VARS", p.vars, "DIR", p.dir).Replace(tc.want)
			if status != 0 || said != want {
				t.Errorf("status %d, want 0\n%s", status, cmp.Diff(want, said))
			}
		})
	}
}

// argument is the plan of a file as a param.
func argument(t *testing.T, file string) string {
	t.Helper()
	p, err := plan.Read(strings.NewReader(readFile(t, file)))
	if err != nil {
		t.Fatal(err)
	}
	only, ok := plan.Only(p, p.Builds[0].Key)
	text, err := only.Argument()
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	return text
}

func readFile(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReportStep runs the report's script, with and without a plan.
func TestReportStep(t *testing.T) {
	t.Parallel()
	p := newPod(t)
	params := map[string]string{"plan": "Failed", "builds": "None", "run": "Failed"}
	workspaces := map[string]string{"plan": filepath.Join(p.dir, "output")}
	const head = "run: Failed\nplan: Failed\nbuilds: none ran\n\n"
	if status, said := p.run(t, "nodeimage-report", "report", params, workspaces, os.Getenv("PATH")); status != 0 ||
		said != head+"No plan was made; the log of the task plan says why.\n" {
		t.Errorf("without a plan: status %d\n%s", status, said)
	}
	write(t, filepath.Join(p.dir, "output", "plan.txt"), "a table\n")
	if status, said := p.run(t, "nodeimage-report", "report", params, workspaces, os.Getenv("PATH")); status != 0 || said != head+"a table\n" {
		t.Errorf("with a plan: status %d\n%s", status, said)
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, entry := range entries {
		text, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[entry.Name()] = string(text)
	}
	return all
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o755), os.WriteFile(file, []byte(text), 0o755)); err != nil {
		t.Fatal(err)
	}
}
