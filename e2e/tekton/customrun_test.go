//go:build e2e

package tekton

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
)

// customRun is what scenarios look at.
type customRun struct {
	Metadata metadata
	Status   struct {
		Conditions                []condition
		StartTime, CompletionTime time.Time
		Results                   []struct{ Name, Value string }
		RetriesStatus             []struct{ Conditions []condition }
	}
}

func (r customRun) result(name string) string {
	for _, result := range r.Status.Results {
		if result.Name == name {
			return result.Value
		}
	}
	return ""
}

// decision is a CustomRun to create.
type decision struct {
	params map[string]string
	images string // ConfigMap with the image set; default: node-images
	spec   map[string]any
}

func (d decision) object(name string) map[string]any {
	var params []any
	for _, name := range slices.Sorted(maps.Keys(d.params)) {
		params = append(params, map[string]any{"name": name, "value": d.params[name]})
	}
	spec := map[string]any{
		"customRef": map[string]any{"apiVersion": "nodeimage.giantswarm.io/v1alpha1", "kind": "Plan", "name": cmp.Or(d.images, "node-images")},
		"params":    params,
	}
	maps.Copy(spec, d.spec)
	return map[string]any{
		"apiVersion": "tekton.dev/v1beta1", "kind": "CustomRun",
		"metadata": map[string]any{"name": name, "labels": map[string]any{"e2e": "decision"}}, "spec": spec,
	}
}

func (d decision) create(t *testing.T, name string) string {
	t.Helper()
	createAll(t, d.object(name))
	return name
}

// createAll creates objects with one command.
func createAll(t *testing.T, objects ...map[string]any) {
	t.Helper()
	list, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		t.Fatal(err)
	}
	kubectlWith(t, string(list), "create", "--filename=-")
}

// end waits for the end of a CustomRun.
func end(t *testing.T, name string) customRun {
	t.Helper()
	var run customRun
	eventually(t, time.Minute, "the end of CustomRun "+name, func() bool {
		run = read[customRun](t, "get", "customrun", name)
		return succeeded(run.Status.Conditions).Status != "Unknown"
	})
	return run
}

// ended wants a CustomRun to end with a status and a reason, and returns it.
func ended(t *testing.T, name, status, reason string) customRun {
	t.Helper()
	run := end(t, name)
	if c := succeeded(run.Status.Conditions); c.Status != status || c.Reason != reason {
		t.Errorf("%s ended %s, %s: %s; want %s, %s", name, c.Status, c.Reason, c.Message, status, reason)
	}
	return run
}

// slowly lets all clouds take their time for as long as do runs.
func slowly(t *testing.T, d time.Duration, do func()) {
	t.Helper()
	send(t, request(t, "POST", "/latency", fmt.Sprintf(`{"latency": %q}`, d)), 200, nil)
	defer send(t, request(t, "POST", "/latency", `{"latency": "0s"}`), 200, nil)
	do()
}

// running waits until a CustomRun has begun.
func running(t *testing.T, name string) {
	t.Helper()
	eventually(t, 20*time.Second, "the beginning of "+name, func() bool {
		c := succeeded(read[customRun](t, "get", "customrun", name).Status.Conditions)
		return c.Status == "Unknown" && c.Reason == "Running"
	})
}

func testCancel(t *testing.T) {
	slowly(t, 30*time.Second, func() {
		name := decision{params: map[string]string{"kubernetes": "1.33.1"}}.create(t, "cancelled")
		running(t, name)
		kubectl(t, "patch", "customrun", name, "--type=merge", `--patch={"spec": {"status": "RunCancelled"}}`)
		kubectl(t, "wait", "customrun", name, "--for=condition=Succeeded=False", "--timeout=1s")
		ended(t, name, "False", "CustomRunCancelled")
	})
}

func testTimeout(t *testing.T) {
	slowly(t, 30*time.Second, func() {
		name := decision{
			params: map[string]string{"kubernetes": "1.33.1"},
			spec:   map[string]any{"timeout": "2s", "retries": 1},
		}.create(t, "late")
		run := ended(t, name, "False", "CustomRunTimedOut")
		if n := len(run.Status.RetriesStatus); n != 1 {
			t.Errorf("%d attempts before the last, want 1: the timeout is that of an attempt", n)
		}
	})
}

func testRetries(t *testing.T) {
	breakRegion(t, home, "unavailable")
	name := decision{params: map[string]string{"kubernetes": "1.33.1"}, spec: map[string]any{"retries": 2}}.create(t, "unchecked")
	run := ended(t, name, "False", "NotChecked")
	if n := len(run.Status.RetriesStatus); n != 2 {
		t.Errorf("%d attempts before the last, want 2", n)
	}
	mention(t, "the message", succeeded(run.Status.Conditions).Message, home)
	breakRegion(t, home, "")
	ended(t, decision{params: map[string]string{"kubernetes": "1.33.1"}}.create(t, "healed"), "True", "Succeeded")
}

func testInvalid(t *testing.T) {
	name := decision{
		params: map[string]string{"tooling": "1.15", "kubernetes": "N/A", "nonsense": "1"},
		spec:   map[string]any{"retries": 3},
	}.create(t, "invalid")
	run := ended(t, name, "False", "InvalidInput")
	mention(t, "the message", succeeded(run.Status.Conditions).Message, "tooling", "1.15", "kubernetes", "N/A", "nonsense")
	if n := len(run.Status.RetriesStatus); n != 0 {
		t.Errorf("tried %d times more, which can't help", n)
	}
	name = decision{images: "nowhere", spec: map[string]any{"retries": 3}}.create(t, "no-images")
	mention(t, "the message", succeeded(ended(t, name, "False", "InvalidInput").Status.Conditions).Message, "nowhere")
}

// testKilled kills both replicas of the controller at once, without a chance to say goodbye, while 50 CustomRuns are in flight.
func testKilled(t *testing.T) {
	slowly(t, 3*time.Second, func() {
		var objects []map[string]any
		for i := range 50 {
			params := map[string]string{"kubernetes": fmt.Sprintf("1.34.%d", i%5)}
			objects = append(objects, decision{params: params}.object(fmt.Sprintf("killed-%d", i)))
		}
		createAll(t, objects...)
		running(t, "killed-0")
		kubectl(t, "delete", "pods", "--selector=app.kubernetes.io/name=nodeimage-controller", "--grace-period=0", "--force", "--wait=false")
		answers := make(map[string]string)
		for i := range 50 {
			run := ended(t, fmt.Sprintf("killed-%d", i), "True", "Succeeded")
			version := fmt.Sprintf("1.34.%d", i%5)
			if answers[version] == "" {
				answers[version] = run.result("plans")
			}
			if got := run.result("plans"); got != answers[version] || !strings.Contains(got, image(version, "gs")) {
				t.Errorf("%s of %s was decided differently:\n%s\n%s", run.Metadata.Name, version, got, answers[version])
			}
		}
	})
}
