package customrun

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	ktesting "k8s.io/client-go/testing"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// TestSucceeds follows one CustomRun from its creation to its end.
func TestSucceeds(t *testing.T) {
	t.Parallel()
	p := newCluster().start(t)
	p.set(t, "one", imageSet("ap-south-1"))
	p.create(t, "one", nil)

	p.reconcile(t, "one")
	begun := p.get(t, "one")
	if got, want := says(begun), "Unknown Running: looking at the providers"; got != want || !begun.HasStarted() {
		t.Errorf("at once: %s, want %s", got, want)
	}
	if after := <-p.wakes; after != time.Hour+time.Millisecond {
		t.Errorf("its time is over after %s", after)
	}
	p.await(t, "one")
	p.clock.SetTime(p.clock.Now().Add(time.Minute))
	p.reconcile(t, "one")

	run := p.get(t, "one")
	if got, want := says(run), "True Succeeded: 1 to build"; got != want {
		t.Errorf("in the end: %s, want %s", got, want)
	}
	if took := run.Status.CompletionTime.Sub(run.Status.StartTime.Time); took != time.Minute {
		t.Errorf("it took %s", took)
	}
	got := results(run)
	var plans []string
	if err := json.Unmarshal([]byte(got["plans"]), &plans); err != nil || len(plans) != 1 {
		t.Fatalf("plans %s: %v", got["plans"], err)
	}
	only, err := plan.Read(strings.NewReader(plans[0]))
	if err != nil || len(only.Builds) != 1 || only.Builds[0].Environment["EXTRA"] != "$(id)" || strings.Contains(plans[0], "$") {
		t.Errorf("plan of the build: %v\n%s", err, plans[0])
	}
	delete(got, "plans")
	want := map[string]string{"builds": `["ami-0"]`, "count": "1", "replicate": "[]", "image-name": image, "unknown": "0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	for _, want := range []string{"Normal Running looking at the providers", "Normal Succeeded 1 to build"} {
		if got := <-p.events.Events; got != want {
			t.Errorf("event %q, want %q", got, want)
		}
	}
	if left := p.left(t); left != nil {
		t.Errorf("left behind: %v", left)
	}
	// Whatever happens later, it has ended.
	p.reconcile(t, "one")
	p.change(t, "one", func(s *v1beta1.CustomRunSpec) { s.Status = v1beta1.CustomRunSpecStatusCancelled })
	p.reconcile(t, "one")
	if diff := cmp.Diff([]string{"one Running", "one Succeeded"}, p.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// TestEnds has how attempts end, and what the CustomRun says then.
func TestEnds(t *testing.T) {
	t.Parallel()
	inline := func(text string) func(*v1beta1.CustomRun) {
		return func(run *v1beta1.CustomRun) {
			run.Spec.CustomRef = nil
			run.Spec.CustomSpec = &v1beta1.EmbeddedCustomRunSpec{
				TypeMeta: runtime.TypeMeta{APIVersion: APIVersion, Kind: Kind}, Spec: runtime.RawExtension{Raw: []byte(text)},
			}
		}
	}
	params := func(pairs ...string) func(*v1beta1.CustomRun) {
		return func(run *v1beta1.CustomRun) {
			for i := 0; i < len(pairs); i += 2 {
				run.Spec.Params = append(run.Spec.Params, v1beta1.Param{Name: pairs[i], Value: *v1beta1.NewStructuredValues(pairs[i+1])})
			}
		}
	}
	box.EC2.AddImage("ca-central-1", clouds.AMI{Name: image})
	box.EC2.Fail("ap-southeast-1", clouds.Unavailable)
	box.EC2.Fail("ap-southeast-2", clouds.Forbidden)
	for name, tc := range map[string]struct {
		set    string
		change func(*v1beta1.CustomRun)
		says   []string
		count  string // result; "": no results
	}{
		"nothing-to-build": {set: imageSet("ca-central-1"), says: []string{"True Succeeded: 1 to skip"}, count: "0"},
		"no-image-set":     {says: []string{"False InvalidInput: there is no image set: the namespace node-images has no ConfigMap no-image-set"}},
		"no-key": {
			set: imageSet("ca-central-1"), change: params("images", "other.yaml"),
			says: []string{"False InvalidInput: there is no image set: the ConfigMap no-key has no key other.yaml"},
		},
		"bad-image-set": {
			set: strings.ReplaceAll(imageSet("ca-central-1"), "kind:", "sort:"), change: params("on-unknown", "guess", "force", "true"),
			says: []string{"False InvalidInput: ", "images.yaml:2: sort", `--on-unknown "guess" is not one of fail, skip, build`},
		},
		"bad-versions": {
			set: imageSet("ca-central-1"), change: params("tooling", "1.15", "kubernetes", "--force"),
			says: []string{"False InvalidInput: ", "--tooling", "--kubernetes"},
		},
		"inline":        {change: inline(`{"apiVersion": "nodeimage.giantswarm.io/v1alpha1", "kind": "ImageSet", "versions": {"flatcar": "3815.2.5", "kubernetes": "1.29.7", "tooling": "1.15.0"}, "builders": {"ami": {"target": "build-ami-flatcar", "imageBuilder": "v0.1.55", "variables": {"aws_region": "eu-central-1"}}}, "providers": {"capa": {"builder": "ami", "aws": {"owner": "706635527432", "regions": ["ca-central-1"]}}}}`), says: []string{"True Succeeded: 1 to skip"}, count: "0"},
		"inline-broken": {change: inline(`{"kind": "ImageSet", "builder": {}}`), says: []string{"False InvalidInput: customSpec.spec", "builder"}},
		"unavailable": {
			set: imageSet("ca-central-1", "ap-southeast-1"), count: "0",
			says: []string{"False NotChecked: 1 of 1 images could not be checked", "1 unknown", "\ncapa " + image + ": ", "ap-southeast-1"},
		},
		"forbidden-skipped": {
			set: imageSet("ap-southeast-2"), change: params("on-unknown", "skip"), count: "0", says: []string{"True Succeeded: 1 unknown"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newCluster().start(t)
			if tc.set != "" {
				p.set(t, name, tc.set)
			}
			p.create(t, name, func(run *v1beta1.CustomRun) {
				run.Spec.Retries = 0
				if tc.change != nil {
					tc.change(run)
				}
			})
			run := p.finish(t, name)
			for _, want := range tc.says {
				if got := says(run); !strings.Contains(got, want) {
					t.Errorf("it says %q, without %q", got, want)
				}
			}
			if got := results(run)["count"]; got != tc.count {
				t.Errorf("count is %q, want %q", got, tc.count)
			}
			if left := p.left(t); left != nil {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

// TestInvalidInput has a CustomRun that is wrong in every way. It ends at once, whatever its retries are.
func TestInvalidInput(t *testing.T) {
	t.Parallel()
	p := newCluster().start(t)
	p.create(t, "wrong", func(run *v1beta1.CustomRun) {
		run.Spec.Retries = 3
		run.Spec.CustomRef.Name = "No_ConfigMap"
		run.Spec.CustomRef.Resolver = "git"
		run.Spec.Params = v1beta1.Params{
			{Name: "tooling", Value: *v1beta1.NewStructuredValues("1.15.0", "1.16.0")},
			{Name: "flatcar", Value: *v1beta1.NewObject(map[string]string{"channel": "stable"})},
			{Name: "secret", Value: *v1beta1.NewStructuredValues("x")},
			{Name: "images", Value: *v1beta1.NewStructuredValues("../../etc/passwd")},
			{Name: "kubernetes", Value: *v1beta1.NewStructuredValues("N/A")},
			{Name: "force", Value: *v1beta1.NewStructuredValues("true")},
			{Name: "force", Value: *v1beta1.NewStructuredValues("false")},
		}
		run.Spec.Workspaces = []v1beta1.WorkspaceBinding{{Name: "images"}}
	})
	got := says(p.finish(t, "wrong"))
	for _, want := range []string{
		"False InvalidInput: param tooling: must be a string, and is an array", "param flatcar: must be a string, and is an object",
		"param secret: the params are images, tooling,", `param images: "../../etc/passwd" is no key`, "param force: is given twice",
		`customRef.name "No_ConfigMap"`, "customRef: resolvers", "workspace images: there are none", `--kubernetes: "N/A"`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("nothing is said about %q:\n%s", want, got)
		}
	}
	if diff := cmp.Diff([]string{"wrong Running", "wrong InvalidInput"}, p.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	for _, want := range []string{"customSpec.spec is missing", "param images: it names a key of a ConfigMap"} {
		err := read(&v1beta1.CustomRun{Spec: v1beta1.CustomRunSpec{
			CustomSpec: &v1beta1.EmbeddedCustomRunSpec{}, Params: v1beta1.Params{{Name: "images", Value: *v1beta1.NewStructuredValues("x")}},
		}}).problems
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("nothing is said about %q: %v", want, err)
		}
	}
}

// TestCancel cancels a CustomRun in the middle of a look that would never end.
func TestCancel(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ region, message, want string }{
		"by hand":         {"me-south-1", "", "False CustomRunCancelled: the CustomRun was cancelled"},
		"by its pipeline": {"me-central-1", string(v1beta1.CustomRunCancelledByPipelineTimeoutMsg), "False CustomRunCancelled: " + string(v1beta1.CustomRunCancelledByPipelineTimeoutMsg)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := slow(t, tc.region)
			p := newCluster().start(t)
			p.set(t, "cancelled", imageSet(tc.region))
			p.create(t, "cancelled", func(run *v1beta1.CustomRun) { run.Spec.Retries = 3 })
			p.reconcile(t, "cancelled")
			asked()
			start := time.Now()
			p.change(t, "cancelled", func(s *v1beta1.CustomRunSpec) {
				s.Status, s.StatusMessage = v1beta1.CustomRunSpecStatusCancelled, v1beta1.CustomRunSpecStatusMessage(tc.message)
			})
			p.reconcile(t, "cancelled")
			run := p.get(t, "cancelled")
			if got := says(run); got != tc.want || run.Status.CompletionTime == nil || run.Status.Results != nil {
				t.Errorf("it says %q, want %q", got, tc.want)
			}
			for len(p.left(t)) > 0 { // the attempt itself ends too
				time.Sleep(time.Millisecond)
			}
			if took := time.Since(start); took > time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	t.Run("before it began", func(t *testing.T) {
		t.Parallel()
		p := newCluster().start(t)
		p.create(t, "early", func(run *v1beta1.CustomRun) { run.Spec.Status = v1beta1.CustomRunSpecStatusCancelled })
		p.reconcile(t, "early")
		if got, want := says(p.get(t, "early")), "False CustomRunCancelled: the CustomRun was cancelled"; got != want {
			t.Errorf("it says %q, want %q", got, want)
		}
	})
}

// TestTimeoutAndRetries has attempts that take too long, and one that finds the cloud well again.
func TestTimeoutAndRetries(t *testing.T) {
	t.Parallel()
	const region = "eu-south-1"
	asked := slow(t, region)
	p := newCluster().start(t)
	p.set(t, "late", imageSet(region))
	p.create(t, "late", func(run *v1beta1.CustomRun) {
		run.Spec.Timeout, run.Spec.Retries = &metav1.Duration{Duration: time.Minute}, 2
	})
	p.reconcile(t, "late")
	asked()
	pass := func(d time.Duration) {
		p.clock.SetTime(p.clock.Now().Add(d))
		p.reconcile(t, "late")
	}
	pass(59 * time.Second)
	if got, want := says(p.get(t, "late")), "Unknown Running: looking at the providers"; got != want {
		t.Errorf("before its time: %s", got)
	}
	pass(2 * time.Second)
	run := p.get(t, "late")
	if got, want := says(run), "Unknown Running: attempt 2 of 3; the one before ended CustomRunTimedOut: the attempt took longer than 1m0s"; got != want {
		t.Errorf("after it: %s, want %s", got, want)
	}
	pass(59 * time.Second) // each attempt has its own
	if n := p.get(t, "late").GetRetryCount(); n != 1 {
		t.Errorf("%d retries", n)
	}
	box.EC2.Fail(region, clouds.Forbidden)
	pass(2 * time.Second)
	p.await(t, "late")
	box.EC2.Fail(region, clouds.None)
	p.reconcile(t, "late")
	run = p.get(t, "late")
	if got, want := says(run), "False NotChecked: "; !strings.HasPrefix(got, want) || run.GetRetryCount() != 2 {
		t.Errorf("in the end, after %d retries: %s", run.GetRetryCount(), got)
	}
	for i, status := range run.Status.RetriesStatus {
		attempt := &v1beta1.CustomRun{Status: status}
		if got, want := says(attempt), "False CustomRunTimedOut: the attempt took longer than 1m0s"; got != want ||
			status.CompletionTime.Sub(status.StartTime.Time) != 61*time.Second || status.RetriesStatus != nil {
			t.Errorf("attempt %d: %s", i+1, got)
		}
	}
	if diff := cmp.Diff([]string{"late Running", "late Running", "late Running", "late NotChecked"}, p.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// TestRestart has a controller die in the middle of a look, and another take over.
func TestRestart(t *testing.T) {
	t.Parallel()
	const region = "eu-south-2"
	asked := slow(t, region)
	c := newCluster()
	first := c.start(t)
	c.set(t, "kept", imageSet(region))
	c.create(t, "kept", nil)
	first.reconcile(t, "kept")
	asked()
	first.reconciler.attempts.stopAll()
	begun := c.get(t, "kept").Status.StartTime.Time
	box.EC2.Fail(region, clouds.None)
	c.clock.SetTime(c.clock.Now().Add(time.Minute))

	second := c.start(t)
	run := second.finish(t, "kept")
	if got, want := says(run), "True Succeeded: 1 to build"; got != want || !run.Status.StartTime.Time.Equal(begun) {
		t.Errorf("it began %s: %s, want %s", run.Status.StartTime, got, want)
	}
	// The first has not seen any of it. It changes nothing.
	if err := first.stale(t, "kept"); err != nil && !apierrors.IsConflict(err) {
		t.Error(err)
	}
	if diff := cmp.Diff([]string{"kept Running", "kept Succeeded"}, c.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// TestTwoLeaders has two controllers work on one CustomRun, each of which takes itself for the leader: one plan is written.
func TestTwoLeaders(t *testing.T) {
	t.Parallel()
	c := newCluster()
	one, two := c.start(t), c.start(t)
	c.set(t, "both", imageSet("ap-east-1"))
	c.create(t, "both", nil)
	one.catchUp(t, "both")
	two.catchUp(t, "both")
	if err := one.stale(t, "both"); err != nil {
		t.Fatal(err)
	}
	if err := two.stale(t, "both"); !apierrors.IsConflict(err) {
		t.Fatalf("the second began it too: %v", err)
	}
	two.reconcile(t, "both") // which begins an attempt of its own
	one.await(t, "both")
	two.await(t, "both")
	one.catchUp(t, "both")
	two.catchUp(t, "both")
	if err := one.stale(t, "both"); err != nil {
		t.Fatal(err)
	}
	if err := two.stale(t, "both"); !apierrors.IsConflict(err) {
		t.Fatalf("the second ended it too: %v", err)
	}
	two.reconcile(t, "both")
	if diff := cmp.Diff([]string{"both Running", "both Succeeded"}, c.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// TestStaleInformer reconciles again before the informer has seen what was written.
func TestStaleInformer(t *testing.T) {
	t.Parallel()
	p := newCluster().start(t)
	p.set(t, "old", imageSet("ap-east-1"))
	p.create(t, "old", nil)
	p.catchUp(t, "old")
	for range 3 {
		if err := p.stale(t, "old"); err != nil {
			t.Fatal(err)
		}
	}
	p.await(t, "old")
	p.catchUp(t, "old")
	for range 3 {
		if err := p.stale(t, "old"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"old Running", "old Succeeded"}, p.writes); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
}

// TestAPIServerFails has writes fail that are not the CustomRun's fault, and an answer that is.
func TestAPIServerFails(t *testing.T) {
	t.Parallel()
	p := newCluster().start(t)
	p.kube.PrependReactor("get", "configmaps", failing(2))
	p.set(t, "again", imageSet("ap-east-1"))
	p.create(t, "again", nil)
	p.refusals = []error{apierrors.NewInternalError(errors.New("etcd is away"))}
	p.catchUp(t, "again")
	if err := p.stale(t, "again"); !apierrors.IsInternalError(err) {
		t.Fatalf("got %v", err)
	}
	p.reconcile(t, "again")
	p.await(t, "again")
	p.refusals = []error{apierrors.NewInternalError(errors.New("etcd is away")), apierrors.NewRequestEntityTooLargeError("limit is 1")}
	p.catchUp(t, "again")
	if err := p.stale(t, "again"); !apierrors.IsInternalError(err) {
		t.Fatalf("got %v", err)
	}
	p.reconcile(t, "again")
	if got, want := says(p.get(t, "again")), "False PlanFailed: the results are too large for the API server"; !strings.HasPrefix(got, want) {
		t.Errorf("it says %q, want %q", got, want)
	}
}

// failing answers the first n requests with an error of the server.
func failing(n int) ktesting.ReactionFunc {
	return func(ktesting.Action) (bool, runtime.Object, error) {
		n--
		return n >= 0, nil, apierrors.NewGenericServerResponse(http.StatusBadGateway, "get", resource.GroupResource(), "", "", 0, true)
	}
}

// TestDeleted ends the attempt at a CustomRun that is gone, also where another has its name.
func TestDeleted(t *testing.T) {
	t.Parallel()
	const region = "il-central-1"
	asked := slow(t, region)
	p := newCluster().start(t)
	p.set(t, "gone", imageSet(region))
	p.create(t, "gone", nil)
	p.reconcile(t, "gone")
	asked()
	if err := p.tekton.Tracker().Delete(resource, namespace, "gone"); err != nil {
		t.Fatal(err)
	}
	p.reconcile(t, "gone")
	for len(p.left(t)) > 0 {
		time.Sleep(time.Millisecond)
	}
	box.EC2.Fail(region, clouds.None)
	p.create(t, "gone", func(run *v1beta1.CustomRun) { run.UID = "another" })
	if got, want := says(p.finish(t, "gone")), "True Succeeded: 1 to build"; got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

// TestOthers leaves CustomRuns of other controllers alone.
func TestOthers(t *testing.T) {
	t.Parallel()
	p := newCluster().start(t)
	p.create(t, "other", func(run *v1beta1.CustomRun) { run.Spec.CustomRef.Kind = "Wait" })
	p.reconcile(t, "other")
	if len(p.writes) > 0 {
		t.Errorf("writes: %v", p.writes)
	}
}

// TestRun names the PipelineRun that builds are claimed for: the owner, and nobody's label.
func TestRun(t *testing.T) {
	t.Parallel()
	isController := true
	run := &v1beta1.CustomRun{ObjectMeta: metav1.ObjectMeta{
		Namespace: "there", Labels: map[string]string{"tekton.dev/pipelineRun": "forged"},
		OwnerReferences: []metav1.OwnerReference{{Kind: "PipelineRun", Name: "run", UID: types.UID("uid"), Controller: &isController}},
	}}
	outer := func(name string) string { return "outer " + name }
	got := map[string]string{}
	for _, name := range []string{"NODEIMAGE_NAMESPACE", "NODEIMAGE_PIPELINE_RUN", "NODEIMAGE_PIPELINE_RUN_UID", "HOME"} {
		got[name] = getenv(outer, run)(name)
	}
	want := map[string]string{"NODEIMAGE_NAMESPACE": "there", "NODEIMAGE_PIPELINE_RUN": "run", "NODEIMAGE_PIPELINE_RUN_UID": "uid", "HOME": "outer HOME"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	run.OwnerReferences = nil
	if got := getenv(outer, run)("NODEIMAGE_PIPELINE_RUN"); got != "" {
		t.Errorf("without an owner the run is %q", got)
	}
}
