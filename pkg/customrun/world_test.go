package customrun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	tektonfake "github.com/tektoncd/pipeline/pkg/client/clientset/versioned/fake"
	customrunreconciler "github.com/tektoncd/pipeline/pkg/client/injection/reconciler/pipeline/v1beta1/customrun"
	listers "github.com/tektoncd/pipeline/pkg/client/listers/pipeline/v1beta1"
	"go.uber.org/zap"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	kubefake "k8s.io/client-go/kubernetes/fake"
	ktesting "k8s.io/client-go/testing"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/record"
	clocktesting "k8s.io/utils/clock/testing"
	"knative.dev/pkg/apis"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/logging"
	"knative.dev/pkg/reconciler"

	"github.com/giantswarm/nodeimage/internal/clouds"
)

const namespace = "node-images"

// box is the clouds of all tests: the SDKs of AWS read the process's environment. Tests tell their places apart by regions.
var box *clouds.Box

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "customrun")
	if err == nil {
		box, err = clouds.NewBox(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, line := range append(box.Environment(), "AWS_MAX_ATTEMPTS=1", "HOME="+dir) {
		name, value, _ := strings.Cut(line, "=")
		os.Setenv(name, value)
	}
	box.Fill()
	box.EC2.Fail("cn-northwest-1", clouds.Forbidden) // which is unknown at once: clients try again where it is Unavailable
	status := m.Run()
	box.Close()
	os.RemoveAll(dir)
	os.Exit(status)
}

// imageSet is an image set of one AMI in some regions.
func imageSet(regions ...string) string {
	return fmt.Sprintf(`apiVersion: nodeimage.giantswarm.io/v1alpha1
kind: ImageSet
versions: {flatcar: 3815.2.5, kubernetes: 1.29.7, tooling: 1.15.0}
builders:
  ami: {target: build-ami-flatcar, imageBuilder: v0.1.55, variables: {aws_region: eu-central-1}, environment: {EXTRA: "$(id)"}}
providers:
  capa: {builder: ami, aws: {owner: "706635527432", regions: [%s]}}
`, strings.Join(regions, ", "))
}

const image = "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs"

// cluster is an API server with CustomRuns and ConfigMaps. What several controllers do to it, it takes as a real one does: a status
// that was made of an older version of the CustomRun is refused.
type cluster struct {
	tekton *tektonfake.Clientset
	kube   *kubefake.Clientset
	clock  *clocktesting.FakePassiveClock

	mu       sync.Mutex
	version  int
	refusals []error  // of the next writes
	writes   []string // the reasons that were written
}

func newCluster() *cluster {
	c := &cluster{
		tekton: tektonfake.NewSimpleClientset(), kube: kubefake.NewClientset(),
		clock: clocktesting.NewFakePassiveClock(time.Date(2024, time.August, 1, 12, 0, 0, 0, time.UTC)),
	}
	c.tekton.PrependReactor("update", "customruns", c.update)
	return c
}

var resource = schema.GroupVersionResource{Group: "tekton.dev", Version: "v1beta1", Resource: "customruns"}

func (c *cluster) update(action ktesting.Action) (bool, runtime.Object, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	run := action.(ktesting.UpdateAction).GetObject().(*v1beta1.CustomRun).DeepCopy()
	if len(c.refusals) > 0 {
		err := c.refusals[0]
		c.refusals = c.refusals[1:]
		return true, nil, err
	}
	found, err := c.tekton.Tracker().Get(resource, run.Namespace, run.Name)
	if err != nil {
		return true, nil, err
	}
	if found.(*v1beta1.CustomRun).ResourceVersion != run.ResourceVersion {
		return true, nil, apierrors.NewConflict(resource.GroupResource(), run.Name, errors.New("it has changed"))
	}
	c.version++
	run.ResourceVersion = fmt.Sprint(c.version)
	if condition := run.Status.GetCondition(apis.ConditionSucceeded); condition != nil {
		c.writes = append(c.writes, run.Name+" "+condition.Reason)
	}
	return true, run, c.tekton.Tracker().Update(resource, run, run.Namespace)
}

// create makes a CustomRun, whose image set is the ConfigMap of the same name.
func (c *cluster) create(t *testing.T, name string, change func(*v1beta1.CustomRun)) *v1beta1.CustomRun {
	t.Helper()
	run := &v1beta1.CustomRun{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace, UID: types.UID(name), ResourceVersion: "0", Generation: 1},
		Spec:       v1beta1.CustomRunSpec{CustomRef: &v1beta1.TaskRef{APIVersion: APIVersion, Kind: Kind, Name: name}},
	}
	if change != nil {
		change(run)
	}
	if err := c.tekton.Tracker().Create(resource, run, namespace); err != nil {
		t.Fatal(err)
	}
	return run
}

// set makes the ConfigMap with an image set.
func (c *cluster) set(t *testing.T, name, text string) {
	t.Helper()
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}, Data: map[string]string{"images.yaml": text}}
	if _, err := c.kube.CoreV1().ConfigMaps(namespace).Create(t.Context(), config, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
}

// get is a CustomRun as the API server has it.
func (c *cluster) get(t *testing.T, name string) *v1beta1.CustomRun {
	t.Helper()
	found, err := c.tekton.Tracker().Get(resource, namespace, name)
	if err != nil {
		t.Fatal(err)
	}
	return found.(*v1beta1.CustomRun)
}

// change changes the spec of a CustomRun, as its owner does.
func (c *cluster) change(t *testing.T, name string, change func(*v1beta1.CustomRunSpec)) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	run := c.get(t, name).DeepCopy()
	change(&run.Spec)
	c.version++
	run.ResourceVersion = fmt.Sprint(c.version)
	if err := c.tekton.Tracker().Update(resource, run, namespace); err != nil {
		t.Fatal(err)
	}
}

// process is one controller. Its informer sees what happens when it catches up, and not before.
type process struct {
	*cluster
	reconciler *Reconciler
	generated  controller.Reconciler
	store      cache.Indexer
	ended      chan string
	wakes      chan time.Duration
	events     *record.FakeRecorder
	registry   *prometheus.Registry
}

// start starts a controller, which leads.
func (c *cluster) start(t *testing.T) *process {
	t.Helper()
	p := &process{
		cluster: c, ended: make(chan string, 1000), wakes: make(chan time.Duration, 1000), events: record.NewFakeRecorder(1000),
		store:    cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc}),
		registry: prometheus.NewRegistry(),
	}
	metrics, err := newMetrics(p.registry)
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Getenv: os.Getenv, Temp: t.TempDir(), Logger: slog.New(slog.DiscardHandler)}
	p.reconciler = &Reconciler{
		client: c.tekton, clock: c.clock, metrics: metrics,
		planner:  &planner{config, c.kube, newSharing(newLimits(1000, 1000), metrics), metrics},
		attempts: newAttempts(300, metrics.inFlight, func(name types.NamespacedName) { p.ended <- name.Name }),
		wake:     func(_ types.NamespacedName, after time.Duration) { p.wakes <- after },
	}
	t.Cleanup(p.reconciler.attempts.stopAll)
	p.generated = customrunreconciler.NewReconciler(context.Background(), zap.NewNop().Sugar(), c.tekton, listers.NewCustomRunLister(p.store),
		p.events, p.reconciler, controller.Options{SkipStatusUpdates: true})
	if err := p.generated.(reconciler.LeaderAware).Promote(reconciler.UniversalBucket(), nil); err != nil {
		t.Fatal(err)
	}
	return p
}

// catchUp has the informer see a CustomRun as it is, or that it is gone.
func (p *process) catchUp(t *testing.T, name string) {
	t.Helper()
	found, err := p.tekton.Tracker().Get(resource, namespace, name)
	if apierrors.IsNotFound(err) {
		err = p.store.Delete(&v1beta1.CustomRun{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: namespace}})
	} else if err == nil {
		err = p.store.Update(found)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// reconcile reconciles a CustomRun of which the informer knows everything.
func (p *process) reconcile(t *testing.T, name string) {
	t.Helper()
	p.catchUp(t, name)
	if err := p.stale(t, name); err != nil {
		t.Fatal(err)
	}
}

// stale reconciles a CustomRun of which the informer knows what it saw last.
func (p *process) stale(t *testing.T, name string) error {
	t.Helper()
	return p.generated.Reconcile(logging.WithLogger(t.Context(), zap.NewNop().Sugar()), namespace+"/"+name)
}

// await waits for the end of an attempt at a CustomRun.
func (p *process) await(t *testing.T, name string) {
	t.Helper()
	if got := <-p.ended; got != name {
		t.Fatalf("an attempt at %s has ended, not at %s", got, name)
	}
}

// finish makes one attempt at a CustomRun and writes how it ended.
func (p *process) finish(t *testing.T, name string) *v1beta1.CustomRun {
	t.Helper()
	p.reconcile(t, name)
	p.await(t, name)
	p.reconcile(t, name)
	return p.get(t, name)
}

// says is a CustomRun's condition in a line.
func says(run *v1beta1.CustomRun) string {
	condition := run.Status.GetCondition(apis.ConditionSucceeded)
	if condition == nil {
		return ""
	}
	return fmt.Sprintf("%s %s: %s", condition.Status, condition.Reason, condition.Message)
}

func results(run *v1beta1.CustomRun) map[string]string {
	all := map[string]string{}
	for _, r := range run.Status.Results {
		all[r.Name] = r.Value
	}
	return all
}

// slow makes a region of AWS not answer until the test ends, and waits until it was asked.
func slow(t *testing.T, region string) (asked func()) {
	t.Helper()
	box.EC2.Fail(region, clouds.Slow)
	t.Cleanup(func() { box.EC2.Fail(region, clouds.None) })
	return func() {
		t.Helper()
		for len(box.EC2.Requests(region)) == 0 {
			if t.Context().Err() != nil {
				t.Fatal("nobody asked")
			}
			time.Sleep(time.Millisecond) // the cloud is a server, which nothing but its record tells about
		}
	}
}

// left are the files that attempts left behind.
func (p *process) left(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(p.reconciler.planner.config.Temp, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}
