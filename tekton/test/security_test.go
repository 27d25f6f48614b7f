package test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

// TestSteps wants steps to meet the restricted Pod Security Standard
// (https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted), to say what they need, and to take params as
// arguments or in the environment, never in a script, where they would be code.
func TestSteps(t *testing.T) {
	t.Parallel()
	substituted := regexp.MustCompile(`\$\((params|tasks|results|step|steps|workspaces|context)[.\[]`)
	for name, task := range tasks(t) {
		for _, step := range task.Spec.Steps {
			who := "task " + name + ", step " + step.Name
			if substituted.MatchString(step.Script) {
				t.Errorf("%s: Tekton would write into the script: %s", who, substituted.FindString(step.Script))
			}
			if len(step.ComputeResources.Requests) != 2 {
				t.Errorf("%s: requests %v, want cpu and memory", who, step.ComputeResources.Requests)
			}
			if step.Timeout == nil {
				t.Errorf("%s: no timeout", who)
			}
			restricted(t, who, step.SecurityContext)
			// Packer and Ansible write below the image's home directory; nothing else may.
			if got, want := *step.SecurityContext.ReadOnlyRootFilesystem, name+"/"+step.Name != "nodeimage-build/build"; got != want {
				t.Errorf("%s: readOnlyRootFilesystem is %t", who, got)
			}
			if strings.Contains(step.Image, "/nodeimage:") && (step.Script != "" || !slices.Equal(step.Command, []string{"/nodeimage"})) {
				t.Errorf("%s: there is no shell in the image", who)
			}
		}
	}
}

func restricted(t *testing.T, who string, s *corev1.SecurityContext) {
	t.Helper()
	ok := s != nil && s.RunAsNonRoot != nil && *s.RunAsNonRoot && s.RunAsUser != nil && *s.RunAsUser != 0 &&
		s.AllowPrivilegeEscalation != nil && !*s.AllowPrivilegeEscalation && s.ReadOnlyRootFilesystem != nil &&
		s.Capabilities != nil && slices.Equal(s.Capabilities.Drop, []corev1.Capability{"ALL"}) && len(s.Capabilities.Add) == 0 &&
		s.SeccompProfile != nil && s.SeccompProfile.Type == corev1.SeccompProfileTypeRuntimeDefault
	if !ok {
		t.Fatalf("%s is not restricted: %+v", who, s)
	}
}

// TestCronPod holds the cron job's pod to the same standard; it says once what its containers share.
func TestCronPod(t *testing.T) {
	t.Parallel()
	for name, job := range every(t, func(j *batchv1.CronJob) string { return j.Name }) {
		spec := job.Spec.JobTemplate.Spec.Template.Spec
		for _, container := range spec.Containers {
			s := container.SecurityContext.DeepCopy()
			s.RunAsNonRoot, s.RunAsUser, s.SeccompProfile = spec.SecurityContext.RunAsNonRoot, spec.SecurityContext.RunAsUser, spec.SecurityContext.SeccompProfile
			restricted(t, name, s)
		}
	}
}

// TestRights lists everything that anything installed may do in the cluster.
func TestRights(t *testing.T) {
	t.Parallel()
	got := map[string][]string{}
	for _, m := range manifests(t) {
		switch role := m.object.(type) {
		case *rbacv1.Role:
			got[m.file+" Role"] = rights(role.Rules)
		case *rbacv1.ClusterRole:
			got[m.file+" ClusterRole"] = rights(role.Rules)
		}
	}
	want := map[string][]string{
		"rbac.yaml Role":      {"get,create,update,delete leases.coordination.k8s.io", "get pipelineruns.tekton.dev"},
		"cron/rbac.yaml Role": {"create pipelineruns.tekton.dev"},
		"triggers/rbac.yaml Role": {
			"get,list,watch eventlisteners,triggerbindings,triggertemplates,triggers,interceptors.triggers.tekton.dev",
			"create pipelineruns.tekton.dev",
		},
		"triggers/rbac.yaml ClusterRole": {"get,list,watch clusterinterceptors,clustertriggerbindings.triggers.tekton.dev"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("rights (-want +got):\n%s", diff)
	}
}

func rights(rules []rbacv1.PolicyRule) []string {
	var all []string
	for _, r := range rules {
		all = append(all, strings.Join(r.Verbs, ",")+" "+strings.Join(r.Resources, ",")+"."+strings.Join(r.APIGroups, ","))
	}
	return all
}

// TestRuns wants every run to be the daily one but for its params, so that what is set for one holds for all.
func TestRuns(t *testing.T) {
	t.Parallel()
	specs := map[string]pipelinev1.PipelineRunSpec{}
	for _, m := range manifests(t) {
		if run, ok := m.object.(*pipelinev1.PipelineRun); ok {
			run.Spec.Params = nil
			specs[m.file] = run.Spec
		}
	}
	for file, spec := range specs {
		if diff := cmp.Diff(specs["cron/pipelinerun.yaml"], spec); diff != "" {
			t.Errorf("%s (-daily +run):\n%s", file, diff)
		}
	}
	if len(specs) != 5 {
		t.Errorf("%d runs, want 5", len(specs))
	}
}
