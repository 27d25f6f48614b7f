package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/giantswarm/nodeimage/pkg/claim"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// serviceAccount is where Kubernetes mounts a service account's files
// (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/#directly-accessing-the-rest-api).
const serviceAccount = "/var/run/secrets/kubernetes.io/serviceaccount"

// clusterOf is where claims are made, and for which run. Kubernetes sets the API server's address in every container; the run is said
// by the task. It is the zero value outside a cluster. The error says what is wrong with the variables.
func clusterOf(env Environment) (claim.Config, error) {
	host, port := env.Getenv("KUBERNETES_SERVICE_HOST"), env.Getenv("KUBERNETES_SERVICE_PORT")
	run := claim.Run{Name: env.Getenv("NODEIMAGE_PIPELINE_RUN"), UID: env.Getenv("NODEIMAGE_PIPELINE_RUN_UID")}
	if (run.Name == "") != (run.UID == "") {
		return claim.Config{}, errors.New("of NODEIMAGE_PIPELINE_RUN and NODEIMAGE_PIPELINE_RUN_UID just one is set: a run is known by both")
	}
	if host == "" || port == "" {
		return claim.Config{}, nil
	}
	return claim.Config{
		Server: "https://" + net.JoinHostPort(host, port), Files: cmp.Or(env.ServiceAccount, serviceAccount),
		Namespace: env.Getenv("NODEIMAGE_NAMESPACE"), Run: run,
	}, nil
}

// claims are those of one plan.
type claims struct {
	env      Environment
	run      claim.Run
	client   *claim.Client // nil outside a cluster
	off      bool          // claims are not in use
	problem  error         // why nothing can be found out about claims
	readOnly bool          // the others' can be read, and none be made
}

// openClaims makes the claims of a plan. Where there is no service account, as outside a cluster, they are not in use.
func openClaims(env Environment, cluster claim.Config) *claims {
	c := &claims{env: env, run: cluster.Run}
	if cluster.Server == "" {
		return c
	}
	c.client, c.problem = newClient(cluster)
	if errors.Is(c.problem, fs.ErrNotExist) {
		if c.run != (claim.Run{}) {
			c.warn("claims are not in use, and another run may build the same: the step has no service account token")
		}
		c.problem = nil
	}
	return c
}

func newClient(cluster claim.Config) (*claim.Client, error) {
	if cluster.Namespace == "" {
		namespace, err := os.ReadFile(filepath.Join(cluster.Files, "namespace"))
		if err != nil {
			return nil, fmt.Errorf("reading the namespace: %w", err)
		}
		cluster.Namespace = strings.TrimSpace(string(namespace))
	}
	return claim.New(cluster)
}

func (c *claims) close() {
	if c.client != nil {
		c.client.Close()
	}
}

func (c *claims) warn(sentence string) { fmt.Fprintln(c.env.Stderr, "warning:", sentence) }

func (c *claims) note(format string, args ...any) {
	fmt.Fprintf(c.env.Stderr, "note: "+format+"\n", args...)
}

// contest is what came of claiming.
type contest struct {
	mine   []claim.Claim
	others map[plan.Artifact]plan.Claim // those of other runs, and what could not be found out
	held   claim.Claim                  // the first that another run has
}

// contest claims what has to be built, and finds out what other runs have claimed. A run that waits stops at the first that another
// run has. It is an error only if it was interrupted.
func (c *claims) contest(ctx context.Context, all []plan.Contested, waits bool) (contest, error) {
	found := contest{others: make(map[plan.Artifact]plan.Claim)}
	for _, contested := range all {
		got, err := c.ask(ctx, contested)
		switch {
		case ctx.Err() != nil:
			return contest{}, errors.New("claiming what has to be built: interrupted")
		case err != nil:
			found.others[contested.Artifact] = plan.Claim{Problem: err.Error()}
		case got.Held():
			found.others[contested.Artifact] = plan.Claim{Holder: got.Holder.Name}
			if !found.held.Held() {
				found.held = got
			}
		case contested.Build && got.Mine:
			found.mine = append(found.mine, got)
		}
		if waits && got.Held() {
			break
		}
	}
	return found, nil
}

// ask claims one artifact, or finds out whether another run has. Where claims are not in use, nobody has.
func (c *claims) ask(ctx context.Context, contested plan.Contested) (claim.Claim, error) {
	if c.client == nil || c.off {
		return claim.Claim{}, c.problem
	}
	ask := c.client.Look
	if contested.Build && !c.readOnly {
		ask = c.client.Take
	}
	got, err := ask(ctx, contested.Artifact)
	switch {
	case errors.Is(err, claim.ErrForbidden):
		c.warn("claims are not in use, and another run may build the same: " + err.Error())
		c.off = true
		return claim.Claim{}, nil
	case errors.Is(err, claim.ErrReadOnly):
		c.warn("nothing is claimed, and another run may build the same: " + err.Error())
		c.readOnly = true
		return claim.Claim{}, nil
	}
	return got, err
}

// giveBack releases claims. One that can't be released ends with its run.
func (c *claims) giveBack(ctx context.Context, all []claim.Claim) {
	for _, mine := range all {
		if err := c.client.Release(ctx, mine); err != nil {
			c.warn(err.Error() + "; it ends with its PipelineRun")
		}
	}
}

// await waits until another run's claim has ended, or until a time, and reports whether it has ended. Where that can't be found out
// it goes on waiting. It is an error only if it was interrupted.
func (c *claims) await(ctx context.Context, held claim.Claim, until time.Time) (ended bool, err error) {
	c.note("waiting for the PipelineRun %s, which is building %s, until %s", held.Holder.Name, held.Artifact.Image, until.UTC().Format(time.RFC3339))
	bounded, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	interval := time.NewTicker(cmp.Or(c.env.WaitInterval, 10*time.Second))
	defer interval.Stop()
	for {
		select {
		case <-interval.C:
		case <-bounded.Done():
		}
		if ctx.Err() != nil {
			return false, fmt.Errorf("waiting for the PipelineRun %s: interrupted", held.Holder.Name)
		}
		if bounded.Err() != nil {
			c.note("the PipelineRun %s has not ended in time; what it builds is left to it", held.Holder.Name)
			return false, nil
		}
		if now, err := c.client.Look(bounded, held.Artifact); err == nil && now.Holder != held.Holder {
			c.note("the claim of the PipelineRun %s has ended; looking again", held.Holder.Name)
			return true, nil
		}
	}
}
