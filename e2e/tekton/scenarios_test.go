//go:build e2e

package tekton

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestPipeline runs the pipeline for a user who follows docs/tekton.md: first by hooks, then by hand. The versions of Kubernetes keep
// the scenarios apart, which run side by side from the second group on.
func TestPipeline(t *testing.T) {
	if err := clearClouds(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Run("a signed release hook builds what is missing, once", testHook)
	t.Run("hooks that are no release start nothing", testOtherHooks)
	t.Run("side by side", func(t *testing.T) {
		t.Run("by hand, as documented", testByHand)
		t.Run("the cron job", testCron)
		t.Run("force rebuilds for one provider", testForce)
		t.Run("a suffix builds beside", testSuffix)
		t.Run("a provider that can't be asked", testUnavailable)
		t.Run("256 builds", test256)
		t.Run("24 builds run to their end", test24)
		t.Run("parameters are data", testHostileParameters)
		t.Run("pods are restricted", testRestricted)
		t.Run("runs of the same second", testSameSecond)
	})
	t.Run("every documented command was run", testDocumented("docs/tekton.md"))
}

// testByHand runs the documented commands of a run by hand. Its versions are those that the hook's run has built.
func testByHand(t *testing.T) {
	t.Parallel()
	out, err := asDocumented(t.Context(), "kubectl create --namespace node-images --filename tekton/runs/one.yaml")
	if err != nil {
		t.Fatal(err)
	}
	run := finish(t, strings.Fields(strings.TrimPrefix(out, "pipelinerun.tekton.dev/"))[0])
	if c := run.succeeded(); c.Status != "True" {
		t.Fatalf("ended %s: %s", c.Reason, c.Message)
	}
	log, err := asDocumented(t.Context(), "kubectl logs --namespace node-images --selector tekton.dev/pipelineRun=NAME,tekton.dev/pipelineTask=report --tail=-1",
		"NAME", run.Metadata.Name)
	if err != nil {
		t.Fatal(err)
	}
	mention(t, "the report", log, "builds: none ran", image("1.29.7", "gs"), "exists")
	if built := taskRuns(t, run.Metadata.Name, "build"); len(built) > 0 {
		t.Errorf("built again: %v", names(built))
	}
	if got := run.skipped(); !slices.Equal(got, []string{"build When Expressions evaluated to false"}) {
		t.Errorf("skipped %q, want the builds", got)
	}
	if got := run.result("count"); got != "0" {
		t.Errorf("count is %v", got)
	}
	holds(t, image("1.29.7", "gs"), all())
}

// testCron starts the daily run now.
func testCron(t *testing.T) {
	t.Parallel()
	command := "kubectl create job --namespace node-images --from=cronjob/node-images-daily node-images-now"
	if _, err := asDocumented(t.Context(), command); err != nil {
		t.Fatal(err)
	}
	var daily []pipelineRun
	eventually(t, 2*time.Minute, "a run of the cron job", func() bool {
		runs := read[struct{ Items []pipelineRun }](t, "get", "pipelineruns").Items
		daily = slices.DeleteFunc(runs, func(r pipelineRun) bool { return !strings.HasPrefix(r.Metadata.Name, "node-images-daily-") })
		return len(daily) > 0
	})
	if c := finish(t, daily[0].Metadata.Name).succeeded(); c.Status != "True" {
		t.Errorf("the daily run ended %s: %s", c.Reason, c.Message)
	}
}

func testForce(t *testing.T) {
	t.Parallel()
	version := map[string]string{"kubernetes": "1.30.1"}
	wish{params: version}.succeed(t)
	holds(t, image("1.30.1", "gs"), all())
	run := wish{file: "force.yaml", params: version}.succeed(t)
	if built := taskRuns(t, run.Metadata.Name, "build"); len(built) != 1 {
		t.Errorf("built %v, want one build", names(built))
	}
	holds(t, image("1.30.1", "gs"), map[string]int{home: 2, second: 2, "s3": 1, "vsphere": 1})
}

func testSuffix(t *testing.T) {
	t.Parallel()
	wish{file: "test-build.yaml", params: map[string]string{"kubernetes": "1.30.2"}}.succeed(t)
	holds(t, image("1.30.2", "mn-gs"), all())
	holds(t, image("1.30.2", "gs"), map[string]int{})
}

// testUnavailable has an image set of its own, whose AWS has a region that nobody else looks at.
func testUnavailable(t *testing.T) {
	t.Parallel()
	const broken = "sa-east-1"
	set := read[struct{ Data map[string]string }](t, "get", "configmap", "node-images").Data["images.yaml"]
	set = strings.ReplaceAll(set, second, broken)
	kubectl(t, "create", "configmap", "unavailable", "--from-literal=images.yaml="+set)
	breakRegion(t, broken, "unavailable")

	params := map[string]string{"kubernetes": "1.30.3"}
	failed := wish{images: "unavailable", params: params}.fail(t)
	if got := exitCode(t, failed.Metadata.Name, "plan", "plan"); got != 3 {
		t.Errorf("the plan ended with status %d, want 3", got)
	}
	mention(t, "the plan's log", planLog(t, failed.Metadata.Name), image("1.30.3", "gs"), "unknown", broken, "capv")
	mention(t, "the report", report(t, failed.Metadata.Name), "run: Failed", "unknown", broken)
	holds(t, image("1.30.3", "gs"), map[string]int{})

	params["on-unknown"] = "skip"
	run := wish{images: "unavailable", params: params}.succeed(t)
	holds(t, image("1.30.3", "gs"), map[string]int{"s3": 1, "vsphere": 1})
	mention(t, "the report", report(t, run.Metadata.Name), "capa", "unknown", broken)
	if got := run.result("unknown"); got != "1" {
		t.Errorf("unknown is %v, want 1", got)
	}
}

// test256 plans more builds than a pipeline can fan out, and hands all of their keys to one task.
func test256(t *testing.T) {
	t.Parallel()
	if _, err := try(t.Context(), "", "apply", "--namespace="+namespace, "--filename=e2e/tekton/count.yaml"); err != nil {
		t.Fatal(err)
	}
	kubectl(t, "create", "configmap", "many", "--from-file=images.yaml=e2e/many.yaml")
	run := wish{images: "many", change: func(spec map[string]any) {
		spec["pipelineRef"] = map[string]any{"name": "count"}
		spec["params"] = []any{}
		delete(spec, "taskRunSpecs")
	}}.succeed(t)
	counted := taskRuns(t, run.Metadata.Name, "count")[0].Status.Results
	if len(counted) != 1 || counted[0].Value != "256 keys, 256 different" {
		t.Errorf("the task that takes all keys counts %v", counted)
	}
	results, err := json.Marshal(taskRuns(t, run.Metadata.Name, "plan")[0].Status.Results)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("the results of 256 builds are %d bytes of JSON in the TaskRun's status", len(results))
}

func test24(t *testing.T) {
	t.Parallel()
	var versions []string
	for patch := range 24 {
		versions = append(versions, "1.31."+strconv.Itoa(patch))
	}
	run := wish{params: map[string]string{"kubernetes": strings.Join(versions, ","), "provider": "capa"}}.succeed(t)
	if got := run.result("count"); got != "24" {
		t.Errorf("count is %v", got)
	}
	for _, v := range versions {
		holds(t, image(v, "gs"), map[string]int{home: 1, second: 1})
	}
}

// hostile is everything that a shell, Tekton or YAML could take for more than data.
const hostile = "1.29.7\n\"'`touch /tmp/x`$(touch /tmp/x)$(params.tooling)${IFS};--force"

func testHostileParameters(t *testing.T) {
	t.Parallel()
	for param, place := range map[string]string{"kubernetes": "--kubernetes", "suffix": "--suffix", "provider": "provider \""} {
		t.Run(param, func(t *testing.T) {
			t.Parallel()
			run := wish{params: map[string]string{param: hostile}}.fail(t)
			if got := exitCode(t, run.Metadata.Name, "plan", "plan"); got != 2 {
				t.Errorf("the plan ended with status %d, want 2", got)
			}
			mention(t, "the plan's log", planLog(t, run.Metadata.Name), place, "touch /tmp/x")
			if built := taskRuns(t, run.Metadata.Name, "build"); len(built) > 0 {
				t.Errorf("built %v", names(built))
			}
		})
	}
}

// testRestricted sees that the standard holds in the namespace: what breaks it is refused, and what runs there is not.
func testRestricted(t *testing.T) {
	t.Parallel()
	level := read[struct{ Metadata metadata }](t, "get", "namespace", namespace).Metadata.Labels["pod-security.kubernetes.io/enforce"]
	if level != "restricted" {
		t.Errorf("the namespace enforces %q", level)
	}
	_, err := try(t.Context(), "", "run", "root", "--namespace="+namespace, "--image=docker.io/library/busybox:1.37.0", "--dry-run=server")
	if err == nil || !strings.Contains(err.Error(), "restricted") {
		t.Errorf("a pod that breaks the standard: %v", err)
	}
	run := wish{params: map[string]string{"kubernetes": "1.30.4"}}.succeed(t)
	pods := read[struct {
		Items []struct {
			Metadata metadata
			Spec     struct {
				Containers []struct{ SecurityContext map[string]any }
			}
		}
	}](t, "get", "pods", "--selector=tekton.dev/pipelineRun="+run.Metadata.Name).Items
	if len(pods) < 5 {
		t.Errorf("found %d pods of plan, three builds and report", len(pods))
	}
	for _, pod := range pods {
		for _, c := range pod.Spec.Containers {
			if got := fmt.Sprint(c.SecurityContext["capabilities"], c.SecurityContext["allowPrivilegeEscalation"]); got != "map[drop:[ALL]] false" {
				t.Errorf("a container of %s has %v", pod.Metadata.Name, slices.Sorted(maps.Keys(c.SecurityContext)))
			}
		}
	}
}
