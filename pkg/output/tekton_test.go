package output_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

func tekton(t *testing.T, p plan.Plan) map[string]string {
	t.Helper()
	results, err := output.Tekton(p)
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]string)
	for _, r := range results {
		got[r.Name] = string(r.Content)
	}
	return got
}

func TestTekton(t *testing.T) {
	t.Parallel()
	one := plan.Plan{
		Images: []plan.Image{
			{Name: "flatcar-a", Decision: plan.Build, Build: "ova-0"}, {Name: "flatcar-a", Decision: plan.Replicate, Build: "ami-0"},
		},
		Builds: []plan.BuildRun{{Key: "ova-0"}},
	}
	for name, tc := range map[string]struct {
		plan plan.Plan
		want map[string]string
	}{
		"nothing": {plan.Plan{}, map[string]string{"builds": "[]", "count": "0", "replicate": "[]", "image-name": "", "unknown": "0"}},
		"one name": {one, map[string]string{
			"builds": `["ova-0"]`, "count": "1", "replicate": `["ami-0"]`, "image-name": "flatcar-a", "unknown": "0",
		}},
		"many names": {read(t, "testdata/decisions.plan.json"), map[string]string{
			"builds": `["ami-1","ova-0"]`, "count": "2", "replicate": `["ami-0"]`, "image-name": "", "unknown": "1",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, tekton(t, tc.plan)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTektonLimit has room for 256 builds, as many as a matrix makes, and refuses what Tekton would cut off.
func TestTektonLimit(t *testing.T) {
	t.Parallel()
	many := func(n int, builder string) plan.Plan {
		p := plan.Plan{Summary: plan.Summary{Unknown: 99}}
		for i := range n {
			p.Builds = append(p.Builds, plan.BuildRun{Key: fmt.Sprintf("%s-%d", builder, i)})
			p.Images = append(p.Images, plan.Image{Name: "flatcar-stable-4593.2.5-kube-1.36.11-tooling-1.134.10-gs"})
		}
		return p
	}
	total := 0
	for _, content := range tekton(t, many(256, "ami")) {
		total += len(content)
	}
	if total > 3072 {
		t.Errorf("%d bytes", total)
	}
	if _, err := output.Tekton(many(256, "a-builder-with-a-long-name")); err == nil || !strings.Contains(err.Error(), "Tekton passes on 3072") {
		t.Errorf("got %v", err)
	}
}
