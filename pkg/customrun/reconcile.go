package customrun

import (
	"context"
	"fmt"
	"time"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	clientset "github.com/tektoncd/pipeline/pkg/client/clientset/versioned"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"knative.dev/pkg/reconciler"
)

// Reconciler brings CustomRuns to an end. It writes their status by itself, instead of leaving that to the code that Knative
// generates: that one, where the CustomRun has changed in between, writes over the change.
type Reconciler struct {
	client   clientset.Interface
	planner  *planner
	attempts *attempts
	clock    clock.PassiveClock
	metrics  *metrics
	// wake has a CustomRun reconciled after some time.
	wake func(types.NamespacedName, time.Duration)
}

// writeTimeout is how long the API server may take for a status. The CustomRun is reconciled again after.
const writeTimeout = 30 * time.Second

// ReconcileKind does what there is to do for a CustomRun now. It never waits for an attempt.
func (r *Reconciler) ReconcileKind(ctx context.Context, run *v1beta1.CustomRun) reconciler.Event {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	name := nameOf(run)
	switch {
	case !Ours(run) || run.IsDone():
		r.attempts.stop(name)
		return nil
	case run.IsCancelled():
		r.attempts.stop(name)
		return r.end(ctx, run, cancelled(run))
	}
	attempt := r.attempts.of(name, run.UID)
	number := len(run.Status.RetriesStatus)
	switch {
	case attempt != nil && (attempt.written || attempt.number > number || !run.HasStarted()):
		return nil // what is known of the CustomRun is older than what this process wrote; it is reconciled when that is known
	case !run.HasStarted():
		return r.begin(ctx, run)
	case attempt != nil && attempt.number == number && attempt.ended:
		return r.settle(ctx, run, attempt.outcome)
	case run.HasTimedOut(r.clock):
		r.attempts.stop(name)
		return r.settle(ctx, run, timedOut(run))
	case attempt == nil || attempt.number < number: // another process began it
		r.start(ctx, run)
	default:
		r.wakeInTime(run)
	}
	return nil
}

// ObserveDeletion ends the attempt at a CustomRun that is gone.
func (r *Reconciler) ObserveDeletion(_ context.Context, name types.NamespacedName) error {
	r.attempts.stop(name)
	return nil
}

// begin makes the first attempt at a CustomRun.
func (r *Reconciler) begin(ctx context.Context, run *v1beta1.CustomRun) reconciler.Event {
	event := markRunning(run, r.clock, "looking at the providers")
	return r.restart(ctx, run, event)
}

// restart writes that an attempt begins, and starts it.
func (r *Reconciler) restart(ctx context.Context, run *v1beta1.CustomRun, event reconciler.Event) reconciler.Event {
	written, err := r.write(ctx, run)
	if err != nil {
		return err
	}
	r.start(ctx, written)
	return event
}

// start starts an attempt at a CustomRun that has begun.
func (r *Reconciler) start(ctx context.Context, run *v1beta1.CustomRun) {
	asked := read(run)
	r.attempts.start(ctx, nameOf(run), run.UID, len(run.Status.RetriesStatus), asked.waits(), func(ctx context.Context) outcome {
		return r.planner.plan(ctx, run, asked)
	})
	r.wakeInTime(run)
}

// settle does what the end of an attempt means: the end of the CustomRun, or another attempt.
func (r *Reconciler) settle(ctx context.Context, run *v1beta1.CustomRun, o outcome) reconciler.Event {
	permanent := o.reason == ReasonSucceeded || o.reason == ReasonInvalidInput
	if permanent || len(run.Status.RetriesStatus) >= run.Spec.Retries {
		return r.end(ctx, run, o)
	}
	event := markRetrying(run, r.clock, o)
	return r.restart(ctx, run, event)
}

// end writes how a CustomRun ended.
func (r *Reconciler) end(ctx context.Context, run *v1beta1.CustomRun, o outcome) reconciler.Event {
	event := markDone(run, r.clock, o)
	_, err := r.write(ctx, run)
	if apierrors.IsRequestEntityTooLargeError(err) {
		o = broken(fmt.Errorf("the results are too large for the API server: %w", err))
		event = markDone(run, r.clock, o)
		_, err = r.write(ctx, run)
	}
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return err
	}
	r.attempts.wrote(nameOf(run), run.UID)
	r.metrics.ended.WithLabelValues(o.reason).Inc()
	return event
}

// write writes the status of a CustomRun, unless the CustomRun has changed since it was read.
func (r *Reconciler) write(ctx context.Context, run *v1beta1.CustomRun) (*v1beta1.CustomRun, error) {
	return r.client.TektonV1beta1().CustomRuns(run.Namespace).UpdateStatus(ctx, run, metav1.UpdateOptions{})
}

// wakeInTime has a CustomRun reconciled when the time of its attempt is over.
func (r *Reconciler) wakeInTime(run *v1beta1.CustomRun) {
	if timeout := run.GetTimeout(); timeout > 0 {
		left := timeout - r.clock.Since(run.Status.StartTime.Time)
		r.wake(nameOf(run), max(left, 0)+time.Millisecond) // an attempt times out after its time, not at it
	}
}

func nameOf(run *v1beta1.CustomRun) types.NamespacedName {
	return types.NamespacedName{Namespace: run.Namespace, Name: run.Name}
}

func cancelled(run *v1beta1.CustomRun) outcome {
	message := string(run.Spec.StatusMessage)
	if message == "" {
		message = "the CustomRun was cancelled"
	}
	return outcome{reason: v1beta1.CustomRunReasonCancelled.String(), message: message}
}

func timedOut(run *v1beta1.CustomRun) outcome {
	return outcome{
		reason:  v1beta1.CustomRunReasonTimedOut.String(),
		message: fmt.Sprintf("the attempt took longer than %s", run.GetTimeout()),
	}
}
