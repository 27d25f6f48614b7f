//go:build e2e

package tekton

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"
)

// The sizes of the benchmark: how many decisions are asked for at once, as CustomRuns and as TaskRuns.
const (
	benchCustomRuns = 200
	benchTaskRuns   = 20
)

// benchParams ask for the commonest plan: the image is there, and nothing has to be built.
func benchParams() map[string]string {
	return map[string]string{"kubernetes": "1.28.1", "provider": "capa"}
}

// BenchmarkDecisions asks for the same plan many times at once: of the controller, and of the plan task, whose every run starts a pod.
func BenchmarkDecisions(b *testing.B) {
	installController(b)
	ami := fmt.Sprintf(`{"name": %q, "regions": [%q, %q], "public": true, "force": true}`, image("1.28.1", "gs"), home, second)
	send(b, request(b, http.MethodPost, "/amis", ami), http.StatusOK, nil)
	for b.Loop() {
		custom, customTotal := decideAll(b, "customruns", benchCustomRuns, func(name string) map[string]any {
			return decision{params: benchParams()}.object(name)
		})
		task, taskTotal := decideAll(b, "taskruns", benchTaskRuns, planTaskRun)
		fmt.Printf("\n%-12s %5s %12s %10s %10s\n", "", "runs", "decisions/s", "p50", "p99")
		for _, row := range []struct {
			what  string
			took  []time.Duration
			total time.Duration
		}{{"custom task", custom, customTotal}, {"task", task, taskTotal}} {
			fmt.Printf("%-12s %5d %12.1f %10s %10s\n", row.what, len(row.took), float64(len(row.took))/row.total.Seconds(),
				quantile(row.took, 50).Round(time.Millisecond), quantile(row.took, 99).Round(time.Millisecond))
		}
		ratio := float64(quantile(task, 50)) / float64(quantile(custom, 50))
		fmt.Printf("\nThe custom task's p50 is %.0f times better.\n\n", ratio)
		b.ReportMetric(ratio, "times")
		if ratio < 20 {
			b.Errorf("the custom task's p50 is %.1f times better, want 20", ratio)
		}
	}
}

// planTaskRun is a run of the plan task with a volume that goes with its pod.
func planTaskRun(name string) map[string]any {
	var params []any
	for param, value := range benchParams() {
		params = append(params, map[string]any{"name": param, "value": value})
	}
	return map[string]any{
		"apiVersion": "tekton.dev/v1", "kind": "TaskRun",
		"metadata": map[string]any{"name": name, "labels": map[string]any{"e2e": "decision"}},
		"spec": map[string]any{
			"taskRef": map[string]any{"name": "nodeimage-plan"}, "serviceAccountName": "node-images",
			"params": params,
			"workspaces": []any{
				map[string]any{"name": "images", "configMap": map[string]any{"name": "node-images"}},
				map[string]any{"name": "output", "emptyDir": map[string]any{}},
			},
			"podTemplate": map[string]any{"securityContext": map[string]any{"fsGroup": 65532}},
		},
	}
}

func quantile(took []time.Duration, percent int) time.Duration {
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}

// decideAll creates runs at once, and returns how long each took from the moment that a watch told of it until one told of its end,
// and how long all took.
func decideAll(b *testing.B, kind string, n int, object func(name string) map[string]any) (took []time.Duration, total time.Duration) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 3*time.Minute)
	defer cancel()
	if _, err := try(ctx, "", "delete", kind, "--namespace="+namespace, "--selector=e2e=decision", "--wait"); err != nil {
		b.Fatal(err)
	}
	events, err := watch(ctx, kind)
	if err != nil {
		b.Fatal(err)
	}
	var objects []any
	for i := range n {
		objects = append(objects, object(fmt.Sprintf("bench-%d", i)))
	}
	list, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "List", "items": objects})
	if err != nil {
		b.Fatal(err)
	}
	created := make(chan error, 1)
	go func() {
		_, err := try(ctx, string(list), "create", "--namespace="+namespace, "--filename=-")
		created <- err
	}()
	began := make(map[string]time.Time)
	var start time.Time
	for len(took) < n {
		e, ok := <-events
		if !ok {
			b.Fatalf("the watch of %s ended after %d of %d runs: %v", kind, len(took), n, context.Cause(ctx))
		}
		if start.IsZero() {
			start = e.at
		}
		if _, seen := began[e.name]; !seen {
			began[e.name] = e.at
		}
		switch e.ended.Status {
		case "True":
			took = append(took, e.at.Sub(began[e.name]))
			total = e.at.Sub(start)
		case "False":
			b.Fatalf("%s ended %s: %s", e.name, e.ended.Reason, e.ended.Message)
		}
	}
	if err := <-created; err != nil {
		b.Fatal(err)
	}
	return took, total
}

// event is what a watch told, and when. A run's end is told once.
type event struct {
	name  string
	at    time.Time
	ended condition
}

// watch tells of all runs of the benchmark until ctx ends.
func watch(ctx context.Context, kind string) (<-chan event, error) {
	cmd := exec.CommandContext(ctx, "kubectl", "get", kind, "--namespace="+namespace, "--selector=e2e=decision", "--watch", "--output=json")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	events := make(chan event)
	go func() {
		defer func() { _ = cmd.Wait() }() // it ends with ctx
		defer close(events)
		done := make(map[string]bool)
		for decoder := json.NewDecoder(out); ; {
			var run struct {
				Metadata metadata
				Status   struct{ Conditions []condition }
			}
			if err := decoder.Decode(&run); err != nil {
				return
			}
			e := event{name: run.Metadata.Name, at: time.Now(), ended: succeeded(run.Status.Conditions)}
			if done[e.name] {
				continue
			}
			done[e.name] = e.ended.Status != "Unknown"
			select {
			case events <- e:
			case <-ctx.Done():
				return
			}
		}
	}()
	return events, nil
}
