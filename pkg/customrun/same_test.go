package customrun

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	"sigs.k8s.io/yaml"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/cli"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// TestSameArguments wants the custom task to have the params of the task nodeimage-plan, but for its Secrets, and to plan with the
// arguments of its step.
func TestSameArguments(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../tekton/task/nodeimage-plan/nodeimage-plan.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var task struct {
		Spec struct {
			Params []struct{ Name, Default string }
			Steps  []struct{ Args []string }
		}
	}
	if err := yaml.Unmarshal(text, &task); err != nil {
		t.Fatal(err)
	}
	var want []Param
	params := map[string]string{}
	for _, p := range task.Spec.Params {
		params[p.Name] = "$(params." + p.Name + ")"
		if p.Name != "secret" {
			want = append(want, p)
		}
	}
	if diff := cmp.Diff(want, Params()); diff != "" {
		t.Errorf("params (-task +custom task):\n%s", diff)
	}
	args := Arguments(params, "$(workspaces.images.path)/$(params.images)", "$(workspaces.output.path)")
	if diff := cmp.Diff(task.Spec.Steps[0].Args, append(args, "--output=tekton=/tekton/results")); diff != "" {
		t.Errorf("arguments (-task +custom task):\n%s", diff)
	}
}

// TestSamePlan plans the image set of Giant Swarm by the command line and by CustomRuns: the documents are the same to the byte, and
// so are the table and the results.
func TestSamePlan(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../images/giantswarm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	params := map[string]string{"tooling": clouds.BoxTooling, "flatcar": clouds.BoxFlatcar, "kubernetes": strings.Join(clouds.BoxKubernetes(), ",")}
	for name, more := range map[string]map[string]string{
		"whole": {}, "part": {"provider": "capa,capv,capvcd", "on-unknown": "skip"}, "forced": {"provider": "capz", "force": "true", "suffix": "mn-gs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			file := filepath.Join(dir, "images.yaml")
			write(t, file, text)
			asked := map[string]string{}
			for _, p := range Params() {
				asked[p.Name] = p.Default
			}
			p := newCluster().start(t)
			p.set(t, name, string(text))
			p.create(t, name, func(run *v1beta1.CustomRun) {
				for _, given := range []map[string]string{params, more} {
					for param, value := range given {
						asked[param] = value
						run.Spec.Params = append(run.Spec.Params, v1beta1.Param{Name: param, Value: *v1beta1.NewStructuredValues(value)})
					}
				}
			})
			var said bytes.Buffer
			status := cli.Run(t.Context(), cli.Environment{Args: append(Arguments(asked, file, dir), "--output=tekton="+dir), Stdout: &said, Stderr: &said, Getenv: os.Getenv})
			run := p.finish(t, name)
			if got, want := says(run), " "+reasonOf(status)+": "; !strings.Contains(got, want) {
				t.Fatalf("the command line ends with status %d:\n%s\nthe CustomRun says %s", status, said.String(), got)
			}
			var extra extraFields
			if err := run.Status.DecodeExtraFields(&extra); err != nil {
				t.Fatal(err)
			}
			want := extraFields{content(t, dir, documentFile), content(t, dir, tableFile)}
			if diff := cmp.Diff(want, extra); diff != "" || want.Plan == "" {
				t.Errorf("plan and table (-step +custom task):\n%s", diff)
			}
			for _, r := range run.Status.Results {
				if r.Name != plansResult && r.Value != content(t, dir, r.Name) {
					t.Errorf("result %s: %s, want %s", r.Name, r.Value, content(t, dir, r.Name))
				}
			}
			counted(t, p, want.Plan)
		})
	}
}

// counted holds the metrics to a plan document.
func counted(t *testing.T, p *process, document string) {
	t.Helper()
	made, err := plan.Read(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	var decisions []string
	for _, image := range made.Images {
		decisions = append(decisions, fmt.Sprintf("provider=%q,%s,%s", image.Provider, image.Decision, image.Reason))
	}
	slices.Sort(decisions)
	metrics := p.reconciler.metrics
	if got, want := testutil.CollectAndCount(metrics.decisions), len(slices.Compact(decisions)); got != want {
		t.Errorf("%d kinds of decisions are counted, want %d", got, want)
	}
	calls := int64(0)
	for _, r := range made.Requests {
		calls += r.Calls
	}
	requests := 0.0
	for _, kind := range []string{"aws", "azure", "s3", "vsphere", "cloud-director", "directory"} {
		requests += testutil.ToFloat64(metrics.requests.WithLabelValues(kind))
	}
	if int64(requests) != calls {
		t.Errorf("%v requests are counted, and the plan says %d", requests, calls)
	}
	if problems, err := testutil.GatherAndLint(p.registry); err != nil || len(problems) > 0 {
		t.Errorf("metrics: %v %v", problems, err)
	}
}

// TestManyAtOnce has 200 CustomRuns in flight. Their looks are shared, and each ends as it would have by itself.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	const many, region = 200, "mx-central-1"
	box.EC2.Fail(region, clouds.None)
	p := newCluster().start(t)
	p.set(t, "images", imageSet(region))
	names := make([]string, many)
	for i := range names {
		names[i] = fmt.Sprintf("run-%03d", i)
		p.create(t, names[i], func(run *v1beta1.CustomRun) { run.Spec.CustomRef.Name = "images" })
		p.reconcile(t, names[i])
	}
	for range names {
		<-p.ended
	}
	plans := map[string]int{}
	for _, name := range names {
		p.reconcile(t, name)
		run := p.get(t, name)
		if got, want := says(run), "True Succeeded: 1 to build"; got != want {
			t.Errorf("%s says %q, want %q", name, got, want)
		}
		plans[string(run.Status.ExtraFields.Raw)]++
	}
	if len(plans) != 1 {
		t.Errorf("there are %d different plans", len(plans))
	}
	sent := len(box.EC2.Requests(region))
	t.Logf("%d CustomRuns took %d requests", many, sent)
	if sent > many/4 {
		t.Errorf("%d CustomRuns took %d requests", many, sent)
	}
}

// TestTooLong refuses plans that a CustomRun can't have.
func TestTooLong(t *testing.T) {
	t.Parallel()
	build := plan.BuildRun{Key: "ami-0", Variables: map[string]string{"x": strings.Repeat("x", argumentLimit)}}
	if _, err := plansOf(plan.Plan{Builds: []plan.BuildRun{build}}); err == nil || !strings.Contains(err.Error(), "the plan of the build ami-0 takes ") {
		t.Errorf("got %v", err)
	}
	var builds []plan.BuildRun
	for i := range 300 {
		builds = append(builds, plan.BuildRun{Key: fmt.Sprint("ami-", i), Variables: map[string]string{"x": strings.Repeat("x", 4000)}})
	}
	if _, err := plansOf(plan.Plan{Builds: builds}); err == nil || !strings.Contains(err.Error(), "the plans of 300 builds take ") {
		t.Errorf("got %v", err)
	}
	if got, err := plansOf(plan.Plan{}); err != nil || got != "[]" {
		t.Errorf("of no builds: %s, %v", got, err)
	}
	if got := extraOf(strings.Repeat("x", extraLimit), "table"); got != (extraFields{Table: "table"}) {
		t.Error("a plan that is too long is kept")
	}
	if got := cut("aäbc", 4); got != "a…" {
		t.Errorf("got %q", got)
	}
}

// TestManyBuilds has the 256 builds that a matrix may have in one CustomRun, and more, whose keys alone are longer than all results that
// a task may pass on.
func TestManyBuilds(t *testing.T) {
	t.Parallel()
	for builds, longest := range map[int]int{256: 0, 340: 3072} {
		t.Run(strconv.Itoa(builds), func(t *testing.T) {
			t.Parallel()
			p := newCluster().start(t)
			p.set(t, "many", imageSet("eu-central-1", "eu-west-1", "us-east-1", "ap-east-1"))
			var versions []string
			for i := range builds {
				versions = append(versions, fmt.Sprintf("1.28.%d", i))
			}
			p.create(t, "many", func(run *v1beta1.CustomRun) {
				run.Spec.Params = v1beta1.Params{{Name: "kubernetes", Value: *v1beta1.NewStructuredValues(strings.Join(versions, ","))}}
			})
			run := p.finish(t, "many")
			if got, want := says(run), fmt.Sprintf("True Succeeded: %d to build", builds); got != want {
				t.Fatalf("it says %q, want %q", got, want)
			}
			whole, err := json.Marshal(run)
			if err != nil || len(whole) > 1400<<10 {
				t.Errorf("it takes %d bytes, %v", len(whole), err)
			}
			if keys := len(results(run)["builds"]); keys <= longest {
				t.Errorf("the keys take %d bytes, want more than %d to show anything", keys, longest)
			}
			t.Logf("%d builds take %d bytes, each plan up to %d", builds, len(whole), len(results(run)[plansResult])/builds)
		})
	}
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
