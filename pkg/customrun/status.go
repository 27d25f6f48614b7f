package customrun

import (
	"fmt"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
	"knative.dev/pkg/apis"
	"knative.dev/pkg/reconciler"
)

// The functions here change a CustomRun's status as Tekton's conventions want it
// (https://tekton.dev/docs/pipelines/customruns/#status-reporting), and return the event that tells of it.

// markRunning says that an attempt has begun.
func markRunning(run *v1beta1.CustomRun, now clock.PassiveClock, message string) reconciler.Event {
	run.Status.StartTime = &metav1.Time{Time: now.Now()}
	run.Status.ObservedGeneration = run.Generation
	setCondition(run, now, corev1.ConditionUnknown, v1beta1.CustomRunReasonRunning.String(), message)
	return reconciler.NewEvent(corev1.EventTypeNormal, v1beta1.CustomRunReasonRunning.String(), "%s", cut(message, eventLimit))
}

// markRetrying notes an attempt that failed, and begins the next. The condition stays unknown: a pipeline takes false for the end.
func markRetrying(run *v1beta1.CustomRun, now clock.PassiveClock, o outcome) reconciler.Event {
	failed := run.DeepCopy()
	failed.Status.RetriesStatus = nil
	markDone(failed, now, outcome{reason: o.reason, message: o.message})
	run.Status.RetriesStatus = append(run.Status.RetriesStatus, failed.Status)
	run.Status.CompletionTime, run.Status.Results = nil, nil
	number := len(run.Status.RetriesStatus)
	markRunning(run, now, fmt.Sprintf("attempt %d of %d; the one before ended %s: %s", number+1, run.Spec.Retries+1, o.reason, o.message))
	return reconciler.NewEvent(corev1.EventTypeWarning, o.reason, "attempt %d of %d: %s", number, run.Spec.Retries+1, cut(o.message, eventLimit))
}

// markDone ends a CustomRun.
func markDone(run *v1beta1.CustomRun, now clock.PassiveClock, o outcome) reconciler.Event {
	if run.Status.StartTime.IsZero() {
		run.Status.StartTime = &metav1.Time{Time: now.Now()}
	}
	run.Status.ObservedGeneration = run.Generation
	run.Status.CompletionTime = &metav1.Time{Time: now.Now()}
	run.Status.Results = o.results
	if o.extra != (extraFields{}) {
		run.Status.ExtraFields.Raw = []byte(asJSON(o.extra))
	}
	status, event := corev1.ConditionFalse, corev1.EventTypeWarning
	if o.reason == ReasonSucceeded {
		status, event = corev1.ConditionTrue, corev1.EventTypeNormal
	}
	setCondition(run, now, status, o.reason, o.message)
	return reconciler.NewEvent(event, o.reason, "%s", cut(o.message, eventLimit))
}

// setCondition sets the condition Succeeded. Its time of transition is that of the clock, and stays where the status does.
func setCondition(run *v1beta1.CustomRun, now clock.PassiveClock, status corev1.ConditionStatus, reason, message string) {
	at := metav1.Time{Time: now.Now()}
	if before := run.Status.GetCondition(apis.ConditionSucceeded); before != nil && before.Status == status {
		at = before.LastTransitionTime.Inner
	}
	run.Status.Conditions = append(run.Status.Conditions[:0:0], apis.Condition{
		Type: apis.ConditionSucceeded, Status: status, Reason: reason, Message: message, LastTransitionTime: apis.VolatileTime{Inner: at},
	})
}
