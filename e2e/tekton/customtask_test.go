//go:build e2e

package tekton

import (
	"slices"
	"strings"
	"testing"
)

// TestCustomTask runs the custom task for a user who follows docs/customtask.md.
func TestCustomTask(t *testing.T) {
	if err := clearClouds(t.Context()); err != nil {
		t.Fatal(err)
	}
	installController(t)
	t.Run("decides, and builds what is missing, once", testCustomPipeline)
	t.Run("runs of the same second, as steps and as custom tasks", testMixed)
	t.Run("cancelled in the middle of a look", testCancel)
	t.Run("timed out", testTimeout)
	t.Run("retried", testRetries)
	t.Run("invalid input", testInvalid)
	t.Run("killed", testKilled)
	t.Run("every documented command was run", testDocumented("docs/customtask.md"))
}

// installController installs the custom task, unless it is there.
func installController(t testing.TB) {
	t.Helper()
	if _, err := asDocumented(t.Context(), "kubectl apply -k tekton/customtask"); err != nil {
		t.Fatal(err)
	}
	if err := ready(t.Context(), namespace, "nodeimage-controller"); err != nil {
		t.Fatal(err)
	}
}

// testCustomPipeline runs the documented commands; a second run finds what the first has built.
func testCustomPipeline(t *testing.T) {
	out, err := asDocumented(t.Context(), "kubectl create --namespace node-images --filename tekton/customtask/runs/one.yaml")
	if err != nil {
		t.Fatal(err)
	}
	documented := strings.Fields(strings.TrimPrefix(out, "pipelinerun.tekton.dev/"))[0]
	if c := finish(t, documented).succeeded(); c.Status != "True" {
		t.Errorf("%s ended %s: %s", documented, c.Reason, c.Message)
	}
	for _, want := range []struct {
		count   string
		skipped []string
	}{{"3", nil}, {"0", []string{"build When Expressions evaluated to false"}}} {
		name := createCustom(t, "1.33.7", "false")
		run := finish(t, name)
		if c := run.succeeded(); c.Status != "True" {
			t.Fatalf("%s ended %s: %s", name, c.Reason, c.Message)
		}
		if got := run.result("count"); got != want.count {
			t.Errorf("count is %v, want %s", got, want.count)
		}
		if got := run.skipped(); !slices.Equal(got, want.skipped) {
			t.Errorf("skipped %q, want %q", got, want.skipped)
		}
		holds(t, image("1.33.7", "gs"), all())
	}
}

// createCustom creates a PipelineRun with the custom task.
func createCustom(t *testing.T, kubernetes, wait string) string {
	t.Helper()
	return wish{
		file: "../customtask/runs/one.yaml", params: map[string]string{"kubernetes": kubernetes, "wait": wait, "build-secret": "slow"},
	}.create(t)
}

// testMixed creates PipelineRuns with the step and with the custom task for the same images at the same moment.
func testMixed(t *testing.T) {
	for _, wait := range []string{"false", "true"} {
		kubernetes := map[string]string{"false": "1.33.8", "true": "1.33.9"}[wait]
		params := map[string]string{"kubernetes": kubernetes, "wait": wait, "build-secret": "slow"}
		var runs []string
		for range 2 {
			runs = append(runs, createCustom(t, kubernetes, wait), wish{params: params}.create(t))
		}
		builds := 0
		for _, name := range runs {
			if c := finish(t, name).succeeded(); c.Status != "True" {
				t.Errorf("%s ended %s: %s", name, c.Reason, c.Message)
			}
			builds += len(taskRuns(t, name, "build"))
		}
		if builds != 3 {
			t.Errorf("%s made %d builds of an AMI, an OVA and a template", strings.Join(runs, ", "), builds)
		}
		holds(t, image(kubernetes, "gs"), all())
	}
}
