package test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	kjson "sigs.k8s.io/json"

	"github.com/giantswarm/nodeimage/internal/apiserver"
	"github.com/giantswarm/nodeimage/pkg/claim"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// tokenFolder is where Kubernetes' clients look for a service account's files.
const tokenFolder = "/var/run/secrets/kubernetes.io/serviceaccount"

// TestToken wants the step that claims to have a token, no other step, and the service account to give none by itself.
func TestToken(t *testing.T) {
	t.Parallel()
	for name, task := range tasks(t) {
		for _, step := range task.Spec.Steps {
			claims := name+"/"+step.Name == "nodeimage-plan/plan"
			mounted := slices.ContainsFunc(step.VolumeMounts, func(m corev1.VolumeMount) bool { return m.MountPath == tokenFolder && m.ReadOnly })
			if mounted != claims || (len(step.VolumeMounts) > 0) != claims {
				t.Errorf("task %s, step %s: mounts %v", name, step.Name, step.VolumeMounts)
			}
		}
	}
	accounts := every(t, func(a *corev1.ServiceAccount) string { return a.Name })
	if mounts := accounts["node-images"].AutomountServiceAccountToken; mounts == nil || *mounts {
		t.Error("every step has the service account's token")
	}
	bindings := every(t, func(b *rbacv1.RoleBinding) string { return b.Name })
	if b := bindings["node-images"]; b.RoleRef.Name != "node-images" || b.Subjects[0].Name != "node-images" {
		t.Errorf("the role is bound to %v", b.Subjects)
	}
}

// TestClaimant wants the step to take its run from the labels that Tekton puts on pods.
func TestClaimant(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, e := range tasks(t)["nodeimage-plan"].Spec.Steps[0].Env {
		if e.ValueFrom != nil && e.ValueFrom.FieldRef != nil {
			got[e.Name] = e.ValueFrom.FieldRef.FieldPath
		}
	}
	for name, want := range map[string]string{
		"NODEIMAGE_PIPELINE_RUN":     "metadata.labels['" + pipeline.PipelineRunLabelKey + "']",
		"NODEIMAGE_PIPELINE_RUN_UID": "metadata.labels['" + pipeline.PipelineRunUIDLabelKey + "']",
		"NODEIMAGE_NAMESPACE":        "metadata.namespace",
	} {
		if got[name] != want {
			t.Errorf("%s comes from %q, want %q", name, got[name], want)
		}
	}
}

// TestTimeouts wants every timeout around a plan to leave it the time that waiting may take, and runs to leave the builds theirs.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	const waiting = 6 * time.Hour // --wait-timeout
	step := tasks(t)["nodeimage-plan"].Spec.Steps[0].Timeout.Duration
	var planning, building time.Duration
	for _, task := range pipelines(t)["node-images"].Spec.Tasks {
		switch task.Name {
		case "plan":
			planning = task.Timeout.Duration
		case "build":
			building = task.Timeout.Duration
		}
	}
	if step <= waiting || planning <= step {
		t.Errorf("the step has %s and the task %s", step, planning)
	}
	for _, m := range manifests(t) {
		if run, ok := m.object.(*pipelinev1.PipelineRun); ok && run.Spec.Timeouts.Tasks.Duration < planning+building {
			t.Errorf("%s: the tasks have %s, want %s", m.file, run.Spec.Timeouts.Tasks.Duration, planning+building)
		}
	}
}

// TestLeases reads the Lease of a claim with Kubernetes' own types.
func TestLeases(t *testing.T) {
	t.Parallel()
	server, files := apiserver.Start(), t.TempDir()
	t.Cleanup(server.Close)
	if err := server.Mount(files, "node-images"); err != nil {
		t.Fatal(err)
	}
	run := claim.Run{Name: "node-images-one", UID: "8d0c1a70-0000-4000-8000-000000000001"}
	client, err := claim.New(claim.Config{Server: server.URL(), Files: files, Namespace: "node-images", Run: run})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	if got, err := client.Take(t.Context(), plan.Artifact{Builder: "raw", Image: image}); err != nil || !got.Mine {
		t.Fatalf("got %v, %v", got, err)
	}
	text, err := json.Marshal(server.Leases("node-images")[0])
	if err != nil {
		t.Fatal(err)
	}
	var lease coordinationv1.Lease
	if strict, err := kjson.UnmarshalStrict(text, &lease); err != nil || len(strict) > 0 {
		t.Fatalf("%v %v", err, strict)
	}
	owner := metav1.OwnerReference{APIVersion: pipelinev1.SchemeGroupVersion.String(), Kind: "PipelineRun", Name: run.Name, UID: types.UID(run.UID)}
	if diff := cmp.Diff([]metav1.OwnerReference{owner}, lease.OwnerReferences); diff != "" {
		t.Errorf("owners (-want +got):\n%s", diff)
	}
	if since := time.Since(lease.Spec.RenewTime.Time); since < 0 || since > time.Hour || *lease.Spec.LeaseDurationSeconds != 12*60*60 {
		t.Errorf("the Lease is %s", text)
	}
}
