package customrun

import (
	"context"
	"errors"
	"fmt"
	"time"

	pipelineclient "github.com/tektoncd/pipeline/pkg/client/injection/client"
	customruninformer "github.com/tektoncd/pipeline/pkg/client/injection/informers/pipeline/v1beta1/customrun"
	customrunreconciler "github.com/tektoncd/pipeline/pkg/client/injection/reconciler/pipeline/v1beta1/customrun"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	kubeclient "knative.dev/pkg/client/injection/kube/client"
	"knative.dev/pkg/controller"
	"knative.dev/pkg/injection"
	"knative.dev/pkg/leaderelection"
	"knative.dev/pkg/reconciler"
)

// agent is who the controller's events and Lease are from.
const agent = "nodeimage-controller"

// workers is how many CustomRuns are reconciled at the same time. What a reconcile takes is the API server's time for a status.
const workers = 32

// election has Kubernetes' own times for its controllers, whose leader is replaced within seconds
// (LeaderElectionConfiguration in https://kubernetes.io/docs/reference/config-api/kube-controller-manager-config.v1alpha1/).
func election() leaderelection.ComponentConfig {
	return leaderelection.ComponentConfig{
		Component: agent, Buckets: 1, LeaseName: func(uint32) string { return agent },
		LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: 2 * time.Second,
	}
}

// Run plans CustomRuns until ctx ends. Of several processes one does, whoever has the Lease nodeimage-controller in the namespace that
// the environment variable SYSTEM_NAMESPACE names; ready is called when this process could take over. Plans that are under way when
// ctx ends are dropped, and made anew by the process that takes over.
func Run(ctx context.Context, config *rest.Config, c Config, ready func()) error {
	ctx = injection.WithNamespaceScope(ctx, c.Namespace)
	ctx, informers := injection.Default.SetupInformers(injection.WithConfig(ctx, config), config)
	ctx = leaderelection.WithStandardLeaderElectorBuilder(ctx, kubeclient.Get(ctx), election())
	impl, err := newController(ctx, c)
	if err != nil {
		return err
	}
	if err := controller.StartInformers(ctx.Done(), informers...); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return fmt.Errorf("listing CustomRuns: %w", err)
	}
	ready()
	return controller.StartAll(ctx, impl)
}

// newController wires a controller. Its attempts end with ctx.
func newController(ctx context.Context, c Config) (*controller.Impl, error) {
	metrics, err := newMetrics(c.Registerer)
	if err != nil {
		return nil, fmt.Errorf("registering metrics: %w", err)
	}
	r := &Reconciler{
		client: pipelineclient.Get(ctx), clock: c.Clock, metrics: metrics,
		planner: &planner{c, kubeclient.Get(ctx), newSharing(newLimits(c.Rate, c.Burst), metrics), metrics},
	}
	impl := customrunreconciler.NewImpl(ctx, r, func(impl *controller.Impl) controller.Options {
		r.attempts = newAttempts(c.Attempts, metrics.inFlight, impl.EnqueueKey)
		r.wake = impl.EnqueueKeyAfter
		return controller.Options{
			AgentName: agent, SkipStatusUpdates: true, PromoteFilterFunc: Ours,
			PromoteFunc: func(reconciler.Bucket) {
				r.attempts.stopAll() // whatever is left of the time before another process led
				metrics.leading.Set(1)
			},
			DemoteFunc: func(reconciler.Bucket) {
				metrics.leading.Set(0)
				r.attempts.stopAll()
			},
		}
	})
	impl.Concurrency = workers
	context.AfterFunc(ctx, r.attempts.stopAll)
	_, err = customruninformer.Get(ctx).Informer().AddEventHandler(cache.FilteringResourceEventHandler{
		FilterFunc: Ours, Handler: controller.HandleAll(impl.Enqueue),
	})
	if err != nil {
		return nil, fmt.Errorf("watching CustomRuns: %w", err)
	}
	return impl, nil
}

// Check finds what is wrong with a configuration. The error has every problem.
func (c Config) Check() error {
	var problems []error
	if c.Namespace == "" {
		problems = append(problems, errors.New("--namespace is empty: the namespace whose CustomRuns are planned"))
	}
	if c.Attempts < 1 {
		problems = append(problems, fmt.Errorf("--plans %d is not positive", c.Attempts))
	}
	if c.Rate <= 0 {
		problems = append(problems, fmt.Errorf("--requests-per-second %v is not positive", c.Rate))
	}
	if c.Burst < 1 {
		problems = append(problems, fmt.Errorf("--burst %d is not positive", c.Burst))
	}
	return errors.Join(problems...)
}

var _ interface {
	customrunreconciler.Interface
	reconciler.OnDeletionInterface
} = (*Reconciler)(nil)
