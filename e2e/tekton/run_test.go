//go:build e2e

package tekton

import (
	"cmp"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"
)

// condition is how a run ended, or that it has not.
type condition struct{ Type, Status, Reason, Message string }

type metadata struct {
	Name              string
	Labels            map[string]string
	CreationTimestamp time.Time
}

// pipelineRun is what scenarios look at.
type pipelineRun struct {
	Metadata metadata
	Status   struct {
		Conditions   []condition
		SkippedTasks []struct{ Name, Reason string }
		Results      []struct {
			Name  string
			Value any
		}
	}
}

func (r pipelineRun) succeeded() condition { return succeeded(r.Status.Conditions) }

func succeeded(all []condition) condition {
	for _, c := range all {
		if c.Type == "Succeeded" {
			return c
		}
	}
	return condition{Status: "Unknown"}
}

func (r pipelineRun) result(name string) any {
	for _, result := range r.Status.Results {
		if result.Name == name {
			return result.Value
		}
	}
	return nil
}

func (r pipelineRun) skipped() []string {
	var names []string
	for _, s := range r.Status.SkippedTasks {
		names = append(names, s.Name+" "+s.Reason)
	}
	return names
}

type taskRun struct {
	Metadata metadata
	Status   struct {
		Conditions []condition
		PodName    string
		Steps      []struct {
			Name       string
			Terminated *struct{ ExitCode int }
		}
		Results []struct {
			Name  string
			Value any
		}
	}
}

// wish is a PipelineRun to create: a file of tekton/runs with other params.
type wish struct {
	file   string // default: one.yaml
	params map[string]string
	images string // the ConfigMap with the image set; default: node-images
	change func(spec map[string]any)
}

// create creates a PipelineRun and returns its name.
func (w wish) create(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("tekton/runs/" + cmp.Or(w.file, "one.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := yaml.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	spec := object["spec"].(map[string]any)
	w.setParams(spec)
	workspaces, _ := spec["workspaces"].([]any)
	for _, workspace := range workspaces {
		if set, ok := workspace.(map[string]any)["configMap"].(map[string]any); ok {
			set["name"] = cmp.Or(w.images, "node-images")
		}
	}
	// A build that takes seconds needs no whole processor, of which a test's cluster has few.
	spec["taskRunSpecs"] = []any{map[string]any{"pipelineTaskName": "build", "stepSpecs": []any{
		map[string]any{"name": "build", "computeResources": map[string]any{"requests": map[string]any{"cpu": "50m", "memory": "64Mi"}}},
	}}}
	if w.change != nil {
		w.change(spec)
	}
	body, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(strings.TrimSpace(kubectlWith(t, string(body), "create", "--filename=-", "--output=name")), "pipelinerun.tekton.dev/")
}

func (w wish) setParams(spec map[string]any) {
	values := make(map[string]string)
	for _, p := range spec["params"].([]any) {
		p := p.(map[string]any)
		values[p["name"].(string)] = p["value"].(string)
	}
	maps.Copy(values, w.params)
	var params []any
	for _, name := range slices.Sorted(maps.Keys(values)) {
		params = append(params, map[string]any{"name": name, "value": values[name]})
	}
	spec["params"] = params
}

// finish waits for the end of a PipelineRun.
func finish(t *testing.T, name string) pipelineRun {
	t.Helper()
	var run pipelineRun
	eventually(t, 5*time.Minute, "the end of PipelineRun "+name, func() bool {
		run = read[pipelineRun](t, "get", "pipelinerun", name)
		return run.succeeded().Status != "Unknown"
	})
	return run
}

// succeed creates a PipelineRun, and wants it to end well.
func (w wish) succeed(t *testing.T) pipelineRun {
	t.Helper()
	run := finish(t, w.create(t))
	if c := run.succeeded(); c.Status != "True" {
		t.Fatalf("PipelineRun %s ended %s: %s\n%s", run.Metadata.Name, c.Reason, c.Message, planLog(t, run.Metadata.Name))
	}
	return run
}

// fail creates a PipelineRun, and wants it to fail.
func (w wish) fail(t *testing.T) pipelineRun {
	t.Helper()
	run := finish(t, w.create(t))
	if c := run.succeeded(); c.Status != "False" {
		t.Fatalf("PipelineRun %s ended %s: %s", run.Metadata.Name, c.Reason, c.Message)
	}
	return run
}

// taskRuns are the runs of one task of a pipeline.
func taskRuns(t *testing.T, run, task string) []taskRun {
	t.Helper()
	return read[struct{ Items []taskRun }](t, "get", "taskruns",
		"--selector=tekton.dev/pipelineRun="+run+",tekton.dev/pipelineTask="+task).Items
}

// stepLog is what a step of a task wrote.
func stepLog(t *testing.T, run, task, step string) string {
	t.Helper()
	return kubectl(t, "logs", "--selector=tekton.dev/pipelineRun="+run+",tekton.dev/pipelineTask="+task, "--container=step-"+step, "--tail=-1")
}

func planLog(t *testing.T, run string) string { return stepLog(t, run, "plan", "plan") }

func report(t *testing.T, run string) string { return stepLog(t, run, "report", "report") }

// exitCode is the status that a step of the only TaskRun of a task ended with.
func exitCode(t *testing.T, run, task, step string) int {
	t.Helper()
	all := taskRuns(t, run, task)
	if len(all) != 1 {
		t.Fatalf("task %s of %s ran %d times", task, run, len(all))
	}
	for _, s := range all[0].Status.Steps {
		if s.Name == step && s.Terminated != nil {
			return s.Terminated.ExitCode
		}
	}
	t.Fatalf("step %s of %s has not ended", step, run)
	return -1
}

// mention wants a text to have all the words.
func mention(t *testing.T, what, text string, words ...string) {
	t.Helper()
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%s does not mention %q:\n%s", what, word, text)
		}
	}
}
