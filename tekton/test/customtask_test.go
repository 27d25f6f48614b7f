package test

import (
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	appsv1 "k8s.io/api/apps/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

// customTask is the folder of what installs the custom task.
const customTask = "customtask"

func customManifests(t *testing.T) []manifest {
	t.Helper()
	var all []manifest
	for _, file := range filesBelow(t, filepath.Join(root, customTask)) {
		all = append(all, objects(t, file)...)
	}
	return all
}

// custom is the one object of a type among the custom task's.
func custom[T any](t *testing.T) T {
	t.Helper()
	var found []T
	for _, m := range customManifests(t) {
		if object, ok := m.object.(T); ok {
			found = append(found, object)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d of %T", len(found), *new(T))
	}
	return found[0]
}

// TestCustomTaskManifests validates everything that the custom task comes with, and wants the kustomization to install all of it.
func TestCustomTaskManifests(t *testing.T) {
	t.Parallel()
	var want []string
	for _, m := range customManifests(t) {
		if err := validate(m.object); err != nil {
			t.Errorf("%s: %v", m.file, err)
		}
		if name := path.Base(m.file); name != "kustomization.yaml" && path.Base(path.Dir(m.file)) != "runs" {
			want = append(want, m.file)
		}
	}
	got := listed(t, customTask)
	slices.Sort(got)
	if diff := cmp.Diff(slices.Compact(want), got); diff != "" {
		t.Errorf("files, and what the kustomization lists (-want +got):\n%s", diff)
	}
}

// TestCustomTaskPipeline holds the pipeline to what it shares with that of the task: its params, how it builds, and that nothing is
// built where there is nothing to build.
func TestCustomTaskPipeline(t *testing.T) {
	t.Parallel()
	p, run := custom[*pipelinev1.Pipeline](t), custom[*pipelinev1.PipelineRun](t)
	plan, build := p.Spec.Tasks[0], p.Spec.Tasks[1]
	if diff := cmp.Diff(pipelinev1.TaskRef{APIVersion: "nodeimage.giantswarm.io/v1alpha1", Kind: "Plan", Name: "$(params.image-set)"}, *plan.TaskRef); diff != "" {
		t.Errorf("the task plan (-want +got):\n%s", diff)
	}
	inPod := pipelines(t)["node-images"]
	want := slices.DeleteFunc(slices.Clone(inPod.Spec.Tasks[0].Params), func(p pipelinev1.Param) bool { return p.Name == "secret" })
	if diff := cmp.Diff(want, plan.Params); diff != "" {
		t.Errorf("params of the task plan (-in a pod +custom):\n%s", diff)
	}
	guard := pipelinev1.WhenExpressions{{Input: "$(tasks.plan.results.count)", Operator: "notin", Values: []string{"0"}}}
	if diff := cmp.Diff(guard, build.When); diff != "" {
		t.Errorf("condition of the task build (-want +got):\n%s", diff)
	}
	spec := tasks(t)[build.TaskRef.Name].Spec
	var workspaces []string
	for _, w := range build.Workspaces {
		workspaces = append(workspaces, w.Name)
	}
	params := slices.Concat(build.Params, build.Matrix.Params)
	ownSpecs(t, spec.Params, params)
	workspacesOf(t, spec, workspaces)
	ownSpecs(t, p.Spec.Params, run.Spec.Params)
	for _, want := range inPod.Spec.Params {
		i := slices.IndexFunc(p.Spec.Params, func(s pipelinev1.ParamSpec) bool { return s.Name == want.Name })
		switch {
		case want.Name == "lookup-secret": // the controller's own
		case i < 0:
			t.Errorf("the pipeline lacks the param %s", want.Name)
		case want.Name != "images":
			if diff := cmp.Diff(want, p.Spec.Params[i]); diff != "" {
				t.Errorf("param %s (-pipeline of the task +of the custom task):\n%s", want.Name, diff)
			}
		}
	}
}

// ownSpecs wants params to be declared, and given where they have no default.
func ownSpecs(t *testing.T, specs pipelinev1.ParamSpecs, params pipelinev1.Params) {
	t.Helper()
	given(t, customTask, specs, params, nil, nil)
}

func workspacesOf(t *testing.T, spec pipelinev1.TaskSpec, workspaces []string) {
	t.Helper()
	var params pipelinev1.Params
	for _, s := range spec.Params {
		params = append(params, pipelinev1.Param{Name: s.Name})
	}
	given(t, customTask, spec.Params, params, ofTask(spec), workspaces)
}

// TestCustomTaskDeployment holds the controller's pod to the restricted Pod Security Standard, to the labels that its budget and
// selector look for, and to the tag that the kustomization sets.
func TestCustomTaskDeployment(t *testing.T) {
	t.Parallel()
	d := custom[*appsv1.Deployment](t)
	spec := d.Spec.Template.Spec
	container := spec.Containers[0]
	s := container.SecurityContext.DeepCopy()
	s.RunAsNonRoot, s.RunAsUser, s.SeccompProfile = spec.SecurityContext.RunAsNonRoot, spec.SecurityContext.RunAsUser, spec.SecurityContext.SeccompProfile
	restricted(t, d.Name, s)
	if !*s.ReadOnlyRootFilesystem || *d.Spec.Replicas != 2 {
		t.Errorf("read only: %t, replicas: %d", *s.ReadOnlyRootFilesystem, *d.Spec.Replicas)
	}
	for name, selector := range map[string]map[string]string{
		"Deployment": d.Spec.Selector.MatchLabels, "PodDisruptionBudget": custom[*policyv1.PodDisruptionBudget](t).Spec.Selector.MatchLabels,
	} {
		if diff := cmp.Diff(d.Spec.Template.Labels, selector); diff != "" {
			t.Errorf("%s (-labels +selector):\n%s", name, diff)
		}
	}
	image := custom[*kustomization](t).Images[0]
	if want := image.Name + ":" + image.NewTag; container.Image != want {
		t.Errorf("the image is %s, and the kustomization sets %s", container.Image, want)
	}
	// The same Secrets as for the task: what can be looked up does not depend on how.
	var want []string
	for _, from := range tasks(t)["nodeimage-plan"].Spec.Steps[0].EnvFrom {
		want = append(want, strings.ReplaceAll(from.SecretRef.Name, "$(params.secret)", "nodeimage-lookup"))
	}
	var got []string
	for _, from := range container.EnvFrom {
		if !*from.SecretRef.Optional {
			t.Errorf("the Secret %s is not optional", from.SecretRef.Name)
		}
		got = append(got, from.SecretRef.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Secrets (-task +controller):\n%s", diff)
	}
}

// TestCustomTaskRights lists everything that the controller may do.
func TestCustomTaskRights(t *testing.T) {
	t.Parallel()
	want := []string{
		"get,list,watch customruns.tekton.dev", "update customruns/status.tekton.dev", "get pipelineruns.tekton.dev", "get configmaps.",
		"get,create,update,delete leases.coordination.k8s.io", "create,patch events.",
	}
	if diff := cmp.Diff(want, rights(custom[*rbacv1.Role](t).Rules)); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
}
