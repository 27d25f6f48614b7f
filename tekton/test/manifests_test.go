// Package test holds what users install to Tekton's own rules, without a cluster: it decodes, defaults and validates every manifest
// with Tekton's code, and runs the steps' arguments and scripts. The package hooks sends webhooks to the real event listener.
package test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tektoncd/pipeline/pkg/apis/config"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	pipelinev1beta1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"github.com/tektoncd/triggers/pkg/apis/triggers/contexts"
	triggersv1beta1 "github.com/tektoncd/triggers/pkg/apis/triggers/v1beta1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"knative.dev/pkg/apis"
	"sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

const root = ".." // the folder tekton

// manifest is one object of a file.
type manifest struct {
	file   string // below the folder tekton, with slashes
	object any
}

// kinds are all kinds that may stand in a manifest.
var kinds = map[metav1.TypeMeta]func() any{
	{APIVersion: "tekton.dev/v1", Kind: "Task"}:                              func() any { return &pipelinev1.Task{} },
	{APIVersion: "tekton.dev/v1", Kind: "TaskRun"}:                           func() any { return &pipelinev1.TaskRun{} },
	{APIVersion: "tekton.dev/v1", Kind: "Pipeline"}:                          func() any { return &pipelinev1.Pipeline{} },
	{APIVersion: "tekton.dev/v1", Kind: "PipelineRun"}:                       func() any { return &pipelinev1.PipelineRun{} },
	{APIVersion: "tekton.dev/v1beta1", Kind: "StepAction"}:                   func() any { return &pipelinev1beta1.StepAction{} },
	{APIVersion: "triggers.tekton.dev/v1beta1", Kind: "EventListener"}:       func() any { return &triggersv1beta1.EventListener{} },
	{APIVersion: "triggers.tekton.dev/v1beta1", Kind: "TriggerBinding"}:      func() any { return &triggersv1beta1.TriggerBinding{} },
	{APIVersion: "triggers.tekton.dev/v1beta1", Kind: "TriggerTemplate"}:     func() any { return &triggersv1beta1.TriggerTemplate{} },
	{APIVersion: "v1", Kind: "Namespace"}:                                    func() any { return &corev1.Namespace{} },
	{APIVersion: "v1", Kind: "ServiceAccount"}:                               func() any { return &corev1.ServiceAccount{} },
	{APIVersion: "v1", Kind: "ConfigMap"}:                                    func() any { return &corev1.ConfigMap{} },
	{APIVersion: "apps/v1", Kind: "Deployment"}:                              func() any { return &appsv1.Deployment{} },
	{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}:                   func() any { return &policyv1.PodDisruptionBudget{} },
	{APIVersion: "batch/v1", Kind: "CronJob"}:                                func() any { return &batchv1.CronJob{} },
	{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "Role"}:               func() any { return &rbacv1.Role{} },
	{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "RoleBinding"}:        func() any { return &rbacv1.RoleBinding{} },
	{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRole"}:        func() any { return &rbacv1.ClusterRole{} },
	{APIVersion: "rbac.authorization.k8s.io/v1", Kind: "ClusterRoleBinding"}: func() any { return &rbacv1.ClusterRoleBinding{} },
	{APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization"}:   func() any { return &kustomization{} },
}

// decode reads one object, and refuses fields that its kind does not have.
func decode(text string) (any, error) {
	var meta metav1.TypeMeta
	if err := yaml.Unmarshal([]byte(text), &meta); err != nil {
		return nil, err
	}
	made, ok := kinds[meta]
	if !ok {
		return nil, fmt.Errorf("unknown kind %q of %q", meta.Kind, meta.APIVersion)
	}
	// The API server minds the case of a field's name, which YAML's and Go's decoders don't.
	asJSON, err := yaml.YAMLToJSONStrict([]byte(text))
	if err != nil {
		return nil, err
	}
	object := made()
	strict, err := json.UnmarshalStrict(asJSON, object)
	return object, errors.Join(append(strict, err)...)
}

// validate is what Tekton's admission webhooks do with an object of theirs, with the beta fields, as is Tekton's default.
func validate(object any) error {
	validatable, ok := object.(interface {
		apis.Validatable
		apis.Defaultable
	})
	if !ok {
		return nil
	}
	// The API server has made a name when admission begins.
	if named, ok := object.(metav1.Object); ok && named.GetName() == "" && named.GetGenerateName() != "" {
		named.SetName(named.GetGenerateName() + "x7f2k")
	}
	flags, err := config.NewFeatureFlagsFromMap(map[string]string{"enable-api-fields": config.BetaAPIFields})
	if err != nil {
		return err
	}
	all := config.FromContextOrDefaults(context.Background())
	all.FeatureFlags = flags
	ctx := contexts.WithUpgradeViaDefaulting(apis.WithinCreate(config.ToContext(context.Background(), all)))
	validatable.SetDefaults(ctx)
	if err := validatable.Validate(ctx); err != nil {
		return err
	}
	return nil
}

// manifests are the objects of all files, as they are written.
func manifests(t *testing.T) []manifest {
	t.Helper()
	var all []manifest
	for _, file := range files(t) {
		if file == "images.yaml" {
			continue // configuration of kustomize, which has no kind
		}
		all = append(all, objects(t, file)...)
	}
	return all
}

// objects are those of a file, as they are written.
func objects(t *testing.T, file string) []manifest {
	t.Helper()
	var all []manifest
	for _, text := range strings.Split(read(t, file), "\n---\n") {
		object, err := decode(text)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, manifest{file, object})
	}
	return all
}

// files are all YAML files of the folder tekton but those of the tests and of the custom task, which is installed by itself.
func files(t *testing.T) []string {
	t.Helper()
	return filesBelow(t, root, filepath.Join(root, "test"), filepath.Join(root, customTask))
}

// filesBelow are the YAML files below a folder but for those in some others.
func filesBelow(t *testing.T, folder string, but ...string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && entry.IsDir() && slices.Contains(but, path) {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".yaml" {
			name, _ := filepath.Rel(root, path)
			all = append(all, filepath.ToSlash(name))
		}
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d files, %v", len(all), err)
	}
	return all
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// every are all objects of a kind by name. Objects of one kind with one name are not installed beside each other.
func every[T any](t *testing.T, name func(T) string) map[string]T {
	t.Helper()
	found := map[string]T{}
	for _, m := range manifests(t) {
		if object, ok := m.object.(T); ok {
			found[name(object)] = object
		}
	}
	if len(found) == 0 {
		t.Fatalf("no %T", *new(T))
	}
	return found
}

func tasks(t *testing.T) map[string]*pipelinev1.Task {
	return every(t, func(task *pipelinev1.Task) string { return task.Name })
}

func pipelines(t *testing.T) map[string]*pipelinev1.Pipeline {
	return every(t, func(p *pipelinev1.Pipeline) string { return p.Name })
}

// TestManifests validates everything that can be installed or created.
func TestManifests(t *testing.T) {
	t.Parallel()
	for _, m := range manifests(t) {
		if err := validate(m.object); err != nil {
			t.Errorf("%s: %v", m.file, err)
		}
	}
}

// TestRefusals shows that mistakes in the manifests are found.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ file, old, new string }{
		"misspelt field":      {"task/nodeimage-plan/nodeimage-plan.yaml", "readOnlyRootFilesystem", "readOnlyRootFileSystem"},
		"undeclared param":    {"task/nodeimage-plan/nodeimage-plan.yaml", "$(params.suffix)", "$(params.sufix)"},
		"misspelt list":       {"task/nodeimage-build/nodeimage-build.yaml", "envFrom:", "envfrom:"},
		"missing task":        {"pipeline/node-images/node-images.yaml", "$(tasks.plan.results.builds[*])", "$(tasks.pan.results.builds[*])"},
		"operator":            {"pipeline/node-images/node-images.yaml", "operator: notin", "operator: not"},
		"undeclared template": {"triggers/triggertemplate.yaml", "$(tt.params.run)", "$(tt.params.name)"},
		"timeouts":            {"runs/one.yaml", "tasks: 12h", "tasks: 14h"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := read(t, tc.file)
			if !strings.Contains(text, tc.old) {
				t.Fatalf("%s has no %q", tc.file, tc.old)
			}
			object, err := decode(strings.ReplaceAll(text, tc.old, tc.new))
			if err == nil && validate(object) == nil {
				t.Errorf("%s instead of %s is accepted", tc.new, tc.old)
			}
		})
	}
}
