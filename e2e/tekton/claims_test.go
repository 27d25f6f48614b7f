//go:build e2e

package tekton

import (
	"testing"
)

// testSameSecond creates runs for the same images at the same moment, whose builds last long enough to meet. Without wait, one of
// them builds and the others leave it to it; with wait, they end when it has built, and find everything there.
func testSameSecond(t *testing.T) {
	t.Parallel()
	t.Run("at once", func(t *testing.T) {
		for wait, kubernetes := range map[string]string{"false": "1.32.1", "true": "1.32.2"} {
			t.Run("wait "+wait, func(t *testing.T) {
				t.Parallel()
				params := map[string]string{"kubernetes": kubernetes, "wait": wait, "build-secret": "slow"}
				var runs []string
				for range 3 {
					runs = append(runs, wish{params: params}.create(t))
				}
				builds := 0
				for _, name := range runs {
					run := finish(t, name)
					if c := run.succeeded(); c.Status != "True" {
						t.Errorf("%s ended %s: %s\n%s", name, c.Reason, c.Message, planLog(t, name))
					}
					built := len(taskRuns(t, name, "build"))
					builds += built
					text := report(t, name)
					switch {
					case built == 3:
					case wait == "true":
						mention(t, "the report", text, "exists")
					default:
						mention(t, "the report", text, "wait", "in-progress", "node-images-one-")
					}
				}
				if builds != 3 {
					t.Errorf("there were %d builds of an AMI, an OVA and a template", builds)
				}
				holds(t, image(kubernetes, "gs"), all())
			})
		}
	})
	command := "kubectl get leases --namespace node-images --selector app.kubernetes.io/name=nodeimage " +
		"--label-columns tekton.dev/pipelineRun,nodeimage.giantswarm.io/builder,nodeimage.giantswarm.io/image"
	leases, err := asDocumented(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	mention(t, "the list of claims", leases, "nodeimage-", "PIPELINERUN")
}
