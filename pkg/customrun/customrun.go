// Package customrun plans Tekton CustomRuns: it does for one what the task nodeimage-plan does in a pod, with the same arguments and
// the same code, so that the same input gives the same plan, but without a pod.
//
// A reconcile never waits. It starts an attempt beside it, and is called again when that has ended, when its time is over and when
// somebody changed the CustomRun. What an attempt found is written once, and only onto the version of the CustomRun that it was
// started for: of two controllers that work on one CustomRun, one wins.
package customrun

import (
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"
	tektoncontroller "github.com/tektoncd/pipeline/pkg/controller"
	"golang.org/x/time/rate"
	"k8s.io/utils/clock"
)

// APIVersion and Kind are what a CustomRun has in its customRef or customSpec for this controller to care for it.
const (
	APIVersion = "nodeimage.giantswarm.io/v1alpha1"
	Kind       = "Plan"
)

// The reasons that a CustomRun ends with, beside Tekton's own for cancelled and timed out ones. Each is an exit status of nodeimage.
const (
	ReasonSucceeded    = "Succeeded"    // 0
	ReasonPlanFailed   = "PlanFailed"   // 1: it could not be done
	ReasonInvalidInput = "InvalidInput" // 2: nothing was called; retries would end alike, and are not made
	ReasonNotChecked   = "NotChecked"   // 3: something could not be checked
)

// Config is what a controller needs to know.
type Config struct {
	// Namespace is the one whose CustomRuns are planned. Whoever may create CustomRuns in it uses the controller's credentials.
	Namespace string
	// Getenv is the controller's environment, which has the credentials of all providers.
	Getenv func(string) string
	// ServiceAccount is the folder with the service account's files; "" is where Kubernetes mounts them.
	ServiceAccount string
	Version        string // of nodeimage; "" where it was not built for one
	Temp           string // folder for the files of attempts; "" is the system's
	Attempts       int    // at the same time; those that wait for another PipelineRun have as many places beside
	// Rate and Burst limit the requests that are sent to one account of a cloud, at AWS to one region of it.
	Rate       rate.Limit
	Burst      int
	Logger     *slog.Logger
	Registerer prometheus.Registerer
	Clock      clock.PassiveClock
}

// Ours reports whether an object is a CustomRun for this controller.
func Ours(object any) bool { return tektoncontroller.FilterCustomRunRef(APIVersion, Kind)(object) }
