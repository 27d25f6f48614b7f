// Package claim keeps two PipelineRuns from building the same image. Before a build is handed out, its run claims what the build
// makes, with a Lease (coordination.k8s.io/v1) in the namespace of the runs: the API server lets one of many have it. A claim ends
// with its PipelineRun, however that ended, and with its time limit; then the next run takes the Lease over.
//
// It speaks to the API server in plain HTTP and JSON: Kubernetes' client would be several times as large as the rest of the program.
package claim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/giantswarm/nodeimage/pkg/plan"
)

// DefaultLimit is how long a claim holds at most where its PipelineRun has no timeout, or could not be asked for it.
const DefaultLimit = 12 * time.Hour

// The errors that say how far claims can be used here. Every other error means that it is unknown who has a claim.
var (
	// ErrForbidden says that the service account may not read Leases: claims are not in use here.
	ErrForbidden = errors.New("the service account may not read Leases")
	// ErrReadOnly says that nobody else has the claim, and that the service account may read Leases, but not write them.
	ErrReadOnly = errors.New("the service account may not write Leases")
)

// Run is a PipelineRun.
type Run struct{ Name, UID string }

// Claim is who has claimed an artifact.
type Claim struct {
	Artifact plan.Artifact
	Holder   Run  // the zero value: nobody
	Mine     bool // the holder is the client's own run
	lease    metadata
}

// Held reports whether another run has the claim.
func (c Claim) Held() bool { return c.Holder != Run{} && !c.Mine }

// takeAttempts is how often a claim that others change at the same moment is tried for. Every failure is another's success, so that
// not even ten runs need as many.
const takeAttempts = 10

// errMoved says that a Lease changed between two requests.
var errMoved = errors.New("the Lease keeps changing")

// Take claims an artifact for the client's run, or brings back which run has it. A claim that the run has already is renewed. A
// client without a run looks only. The error is [ErrForbidden], [ErrReadOnly], or says why it is unknown who has the claim; then the run must not build the artifact.
func (c *Client) Take(ctx context.Context, a plan.Artifact) (Claim, error) {
	if c.run == (Run{}) {
		return c.Look(ctx, a)
	}
	var got Claim
	err := errMoved
	for attempt := 0; attempt < takeAttempts && errors.Is(err, errMoved); attempt++ {
		got, err = c.take(ctx, a)
	}
	return got, err
}

func (c *Client) take(ctx context.Context, a plan.Artifact) (Claim, error) {
	if c.limit == 0 {
		c.limit = c.timeout(ctx)
	}
	made, err := c.create(ctx, c.newLease(a))
	switch {
	case err == nil:
		return c.mine(a, made), nil
	case isReason(err, reasonForbidden):
		return c.withoutWriting(ctx, a)
	case !isReason(err, reasonExists):
		return Claim{}, fmt.Errorf("creating its Lease: %w", err)
	}
	found, err := c.get(ctx, a)
	switch {
	case isReason(err, reasonNotFound):
		return Claim{}, errMoved
	case err != nil:
		return Claim{}, err
	}
	holder := found.holder()
	if holder != c.run && c.holds(ctx, found) {
		return Claim{Artifact: a, Holder: holder}, nil
	}
	return c.takeOver(ctx, a, found)
}

// takeOver makes a Lease that has ended, or that is the run's own, the run's from now on.
func (c *Client) takeOver(ctx context.Context, a plan.Artifact, found lease) (Claim, error) {
	taken, err := c.update(ctx, c.newLease(a).over(found))
	switch {
	case err == nil:
		return c.mine(a, taken), nil
	case isReason(err, reasonConflict), isReason(err, reasonNotFound):
		return Claim{}, errMoved
	case isReason(err, reasonForbidden):
		return Claim{}, ErrReadOnly
	}
	return Claim{}, fmt.Errorf("taking its Lease over: %w", err)
}

func (c *Client) mine(a plan.Artifact, l lease) Claim {
	return Claim{Artifact: a, Holder: c.run, Mine: true, lease: l.Metadata}
}

// withoutWriting is Take where Leases may not be created. What others have claimed is theirs all the same.
func (c *Client) withoutWriting(ctx context.Context, a plan.Artifact) (Claim, error) {
	found, err := c.Look(ctx, a)
	if err == nil && !found.Held() {
		err = ErrReadOnly
	}
	return found, err
}

// timeout is how long the client's run may take, which is how long its claims hold: a shorter limit would end them while it builds.
func (c *Client) timeout(ctx context.Context) time.Duration {
	run, err := c.pipelineRun(ctx, c.run.Name)
	if limit, invalid := time.ParseDuration(run.Spec.Timeouts.Pipeline); err == nil && invalid == nil && limit >= time.Second {
		return limit
	}
	return DefaultLimit
}

// Look finds out which run has claimed an artifact, and claims nothing. The error is [ErrForbidden], or says why it is unknown.
func (c *Client) Look(ctx context.Context, a plan.Artifact) (Claim, error) {
	found, err := c.get(ctx, a)
	switch {
	case isReason(err, reasonNotFound):
		return Claim{Artifact: a}, nil
	case isReason(err, reasonForbidden):
		return Claim{}, ErrForbidden
	case err != nil:
		return Claim{}, err
	case found.holder() == c.run && c.run != (Run{}):
		return c.mine(a, found), nil
	case c.holds(ctx, found):
		return Claim{Artifact: a, Holder: found.holder()}, nil
	}
	return Claim{Artifact: a}, nil
}

// Release gives a claim of the client's run back. One that has changed hands in the meantime is left alone.
func (c *Client) Release(ctx context.Context, claim Claim) error {
	err := c.delete(ctx, claim.lease)
	if err == nil || isReason(err, reasonNotFound) || isReason(err, reasonConflict) {
		return nil
	}
	return fmt.Errorf("giving the claim of %s back: %w", claim.Artifact.Image, err)
}

// holds reports whether a claim still holds. It has ended when its time is over, or when its PipelineRun is done, gone, or another
// than the one that claimed. Where that can't be found out, the claim holds until its time is over.
func (c *Client) holds(ctx context.Context, l lease) bool {
	holder := l.holder()
	if holder == (Run{}) || l.expired(c.now()) {
		return false
	}
	if holder.UID == "" {
		return true
	}
	run, err := c.pipelineRun(ctx, holder.Name)
	switch {
	case isReason(err, reasonNotFound):
		return false
	case err != nil:
		return true
	}
	return run.Metadata.UID == holder.UID && !run.done()
}
