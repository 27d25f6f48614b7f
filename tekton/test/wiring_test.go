package test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"

	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// TestDeclaredResults wants the plan task to declare what nodeimage writes, with the right types, in the folder that it is told.
func TestDeclaredResults(t *testing.T) {
	t.Parallel()
	written, err := output.Tekton(plan.Plan{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]pipelinev1.ResultsType{}
	for _, r := range written {
		want[r.Name] = pipelinev1.ResultsTypeString
		if strings.HasPrefix(string(r.Content), "[") {
			want[r.Name] = pipelinev1.ResultsTypeArray
		}
	}
	task := tasks(t)["nodeimage-plan"]
	if err := validate(task); err != nil { // which fills in the types
		t.Fatal(err)
	}
	got := map[string]pipelinev1.ResultsType{}
	for _, r := range task.Spec.Results {
		got[r.Name] = r.Type
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-written +declared):\n%s", diff)
	}
	if arg := "--output=tekton=" + pipeline.DefaultResultPath; !slices.Contains(task.Spec.Steps[0].Args, arg) {
		t.Errorf("the args lack %s", arg)
	}
}

var usedResult = regexp.MustCompile(`\$\(tasks\.([a-z-]+)\.results\.([a-z-]+)(\[\*\])?\)`)

// TestUsedResults wants tasks to declare the results that pipelines use, as arrays where they are used so: Tekton looks only when
// the pipeline runs.
func TestUsedResults(t *testing.T) {
	t.Parallel()
	used, declared := 0, tasks(t)
	for name, p := range pipelines(t) {
		refs := map[string]string{}
		for _, task := range slices.Concat(p.Spec.Tasks, p.Spec.Finally) {
			refs[task.Name] = task.TaskRef.Name
		}
		for _, m := range usedResult.FindAllStringSubmatch(text(t, p), -1) {
			used++
			task := declared[refs[m[1]]]
			i := slices.IndexFunc(task.Spec.Results, func(r pipelinev1.TaskResult) bool { return r.Name == m[2] })
			if i < 0 {
				t.Errorf("pipeline %s uses %s, which task %s does not declare", name, m[0], task.Name)
			} else if isArray := task.Spec.Results[i].Type == pipelinev1.ResultsTypeArray; isArray != (m[3] != "") {
				t.Errorf("pipeline %s uses %s, but that it is an array is %t", name, m[0], isArray)
			}
		}
	}
	if used == 0 {
		t.Error("no pipeline uses a result")
	}
}

// TestGuards wants a condition on count on every task that uses results of a plan.
func TestGuards(t *testing.T) {
	t.Parallel()
	guarded := 0
	for name, p := range pipelines(t) {
		for _, task := range slices.Concat(p.Spec.Tasks, p.Spec.Finally) {
			if !strings.Contains(text(t, task), "$(tasks.plan.results.") {
				continue
			}
			guarded++
			if !slices.ContainsFunc(task.When, func(w pipelinev1.WhenExpression) bool {
				return w.Input == "$(tasks.plan.results.count)" && w.Operator == "notin" && slices.Equal(w.Values, []string{"0"})
			}) {
				t.Errorf("pipeline %s: task %s is not guarded by count", name, task.Name)
			}
		}
		for _, task := range p.Spec.Finally {
			if strings.Contains(text(t, task), ".results.") {
				t.Errorf("pipeline %s: %s would be left out where results are missing", name, task.Name)
			}
		}
	}
	if guarded == 0 {
		t.Error("no task uses results of a plan")
	}
}

// TestGiven wants pipelines to give their tasks, and runs their pipelines and tasks, the params and workspaces that these
// declare, and all that they need.
func TestGiven(t *testing.T) {
	t.Parallel()
	declaredTasks, declaredPipelines := tasks(t), pipelines(t)
	for name, p := range declaredPipelines {
		for _, task := range slices.Concat(p.Spec.Tasks, p.Spec.Finally) {
			params := task.Params
			if task.Matrix != nil {
				params = slices.Concat(params, task.Matrix.Params)
			}
			var workspaces []string
			for _, w := range task.Workspaces {
				workspaces = append(workspaces, w.Name)
			}
			spec := declaredTasks[task.TaskRef.Name].Spec
			given(t, "pipeline "+name+", task "+task.Name, spec.Params, params, ofTask(spec), workspaces)
		}
	}
	for _, m := range manifests(t) {
		switch run := m.object.(type) {
		case *pipelinev1.PipelineRun:
			spec := declaredPipelines[run.Spec.PipelineRef.Name].Spec
			given(t, m.file, spec.Params, run.Spec.Params, ofPipeline(spec), bound(run.Spec.Workspaces))
		case *pipelinev1.TaskRun:
			spec := declaredTasks[run.Spec.TaskRef.Name].Spec
			given(t, m.file, spec.Params, run.Spec.Params, ofTask(spec), bound(run.Spec.Workspaces))
		}
	}
}

// place is a declared workspace.
type place struct {
	name     string
	optional bool
}

func ofTask(spec pipelinev1.TaskSpec) []place {
	var all []place
	for _, w := range spec.Workspaces {
		all = append(all, place{w.Name, w.Optional})
	}
	return all
}

func ofPipeline(spec pipelinev1.PipelineSpec) []place {
	var all []place
	for _, w := range spec.Workspaces {
		all = append(all, place{w.Name, w.Optional})
	}
	return all
}

func bound(all []pipelinev1.WorkspaceBinding) []string {
	var names []string
	for _, w := range all {
		names = append(names, w.Name)
	}
	return names
}

func given(t *testing.T, who string, specs pipelinev1.ParamSpecs, params pipelinev1.Params, places []place, workspaces []string) {
	t.Helper()
	for _, p := range params {
		if !slices.ContainsFunc(specs, func(s pipelinev1.ParamSpec) bool { return s.Name == p.Name }) {
			t.Errorf("%s: the param %s is not declared", who, p.Name)
		}
	}
	for _, s := range specs {
		if s.Default == nil && !slices.ContainsFunc(params, func(p pipelinev1.Param) bool { return p.Name == s.Name }) {
			t.Errorf("%s: the param %s is missing", who, s.Name)
		}
	}
	for _, name := range workspaces {
		if !slices.ContainsFunc(places, func(p place) bool { return p.name == name }) {
			t.Errorf("%s: the workspace %s is not declared", who, name)
		}
	}
	for _, p := range places {
		if !p.optional && !slices.Contains(workspaces, p.name) {
			t.Errorf("%s: the workspace %s is missing", who, p.name)
		}
	}
}

func text(t *testing.T, object any) string {
	t.Helper()
	b, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
