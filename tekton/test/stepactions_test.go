package test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	pipelinev1beta1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the StepActions anew")

// TestStepActions holds every StepAction to the step of a task that it is made from.
func TestStepActions(t *testing.T) {
	t.Parallel()
	for name, source := range map[string]struct{ task, step string }{
		"nodeimage-plan": {"nodeimage-plan", "plan"},
		"nodeimage-vars": {"nodeimage-build", "vars"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			action := stepAction(t, name, tasks(t)[source.task], source.step)
			if err := validate(action.DeepCopy()); err != nil {
				t.Fatal(err)
			}
			text, err := yaml.Marshal(action)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("stepaction", name, name+".yaml")
			want := fmt.Sprintf("# Generated from the step %s of task/%s by make generate. DO NOT EDIT.\n%s", source.step, source.task, text)
			if *update {
				if err := os.WriteFile(filepath.Join(root, file), []byte(want), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(want, read(t, file)); diff != "" {
				t.Errorf("%s is not up to date (-want +got):\n%s", file, diff)
			}
		})
	}
}

var reference = regexp.MustCompile(`\$\((params|workspaces)\.([a-z-]+)(\.path)?\)`)

// stepAction makes a StepAction of a task's step. A StepAction has no workspaces, no volumes, no credentials and no resource requests: the
// paths of workspaces become params, the task that uses it has the rest. Its results lie in a folder that is named after the step.
func stepAction(t *testing.T, name string, task *pipelinev1.Task, stepName string) *pipelinev1beta1.StepAction {
	t.Helper()
	i := slices.IndexFunc(task.Spec.Steps, func(s pipelinev1.Step) bool { return s.Name == stepName })
	if i < 0 {
		t.Fatalf("the task %s has no step %s", task.Name, stepName)
	}
	step := task.Spec.Steps[i]
	action := &pipelinev1beta1.StepAction{
		TypeMeta:   metav1.TypeMeta{APIVersion: "tekton.dev/v1beta1", Kind: "StepAction"},
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: task.Labels},
		Spec: pipelinev1beta1.StepActionSpec{
			Description: "The step " + stepName + " of the task " + task.Name + ", for tasks of your own.",
			Image:       step.Image, Command: step.Command, Env: step.Env, SecurityContext: step.SecurityContext,
		},
	}
	if len(step.VolumeMounts) > 0 {
		action.Spec.Description += " It claims builds where the pod of the task that uses it has a service account token" +
			" (automountServiceAccountToken) that may: a StepAction has no volumes."
	}
	results := "$(params.step)"
	for _, arg := range step.Args {
		folder := pipeline.StepsDir + "/step-" + results + "/results"
		if moved := strings.Replace(arg, pipeline.DefaultResultPath, folder, 1); moved != arg {
			action.Spec.Results, arg = stepResults(task.Spec.Results), moved
			action.Spec.Params = append(action.Spec.Params, param("step", "The name of the step that this is, below which its results lie.", stepName))
		}
		action.Spec.Args = append(action.Spec.Args, reference.ReplaceAllStringFunc(arg, func(found string) string {
			m := reference.FindStringSubmatch(found)
			return "$(params." + m[2] + strings.ReplaceAll(m[3], ".", "-") + ")"
		}))
		for _, m := range reference.FindAllStringSubmatch(arg, -1) {
			action.Spec.Params = with(action.Spec.Params, task, m[1] == "workspaces", m[2])
		}
	}
	return action
}

// with adds the param that stands for a param or for the path of a workspace of a task.
func with(params pipelinev1.ParamSpecs, task *pipelinev1.Task, workspace bool, name string) pipelinev1.ParamSpecs {
	var added pipelinev1.ParamSpec
	for _, w := range task.Spec.Workspaces {
		if workspace && w.Name == name {
			added = pipelinev1.ParamSpec{Name: name + "-path", Type: pipelinev1.ParamTypeString, Description: "A folder. " + w.Description}
		}
	}
	for _, p := range task.Spec.Params {
		if !workspace && p.Name == name {
			added = p
			added.Type = pipelinev1.ParamTypeString
		}
	}
	if slices.ContainsFunc(params, func(p pipelinev1.ParamSpec) bool { return p.Name == added.Name }) || added.Name == "" {
		return params
	}
	return append(params, added)
}

func param(name, description, value string) pipelinev1.ParamSpec {
	return pipelinev1.ParamSpec{
		Name: name, Type: pipelinev1.ParamTypeString, Description: description,
		Default: pipelinev1.NewStructuredValues(value),
	}
}

func stepResults(all []pipelinev1.TaskResult) []pipelinev1.StepResult {
	var out []pipelinev1.StepResult
	for _, r := range all {
		out = append(out, pipelinev1.StepResult{Name: r.Name, Type: r.Type, Description: r.Description})
	}
	return out
}
