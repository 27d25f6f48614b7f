package cli

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/giantswarm/nodeimage/pkg/claim"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// planner makes one plan. What it has seen so far is the latest finding about each image, and the requests of all looks.
type planner struct {
	planFlags
	env      Environment
	wanted   wanted
	claims   *claims
	findings map[string]inventory.Findings // by provider
	requests []inventory.Request
	until    time.Time // when waiting ends; the zero value: it has not begun
}

// decide looks, claims what has to be built, looks again at that alone, and decides. The second look is needed: another run may
// have built an image, and ended, between the first look and the claim. What turns out to need no build is given back.
//
// A run that waits holds no claims while it does, so that two runs can't wait for each other.
func (r *planner) decide(ctx context.Context) (plan.Plan, error) {
	for {
		if err := r.see(ctx, r.wanted.images); err != nil {
			return plan.Plan{}, err
		}
		p := r.plan(nil)
		waits := r.wait && !p.Unchecked() // a run that fails anyhow does so at once
		found, err := r.claims.contest(ctx, plan.Contest(r.input(nil), p), waits)
		if err != nil {
			return plan.Plan{}, err
		}
		if !waits || !found.held.Held() {
			return r.confirm(ctx, found)
		}
		r.claims.giveBack(ctx, found.mine)
		if r.until.IsZero() {
			r.until = time.Now().Add(r.waitTimeout)
		}
		if r.wait, err = r.claims.await(ctx, found.held, r.until); err != nil {
			return plan.Plan{}, err
		}
	}
}

// confirm looks again at what the run has claimed, and decides.
func (r *planner) confirm(ctx context.Context, found contest) (plan.Plan, error) {
	if len(found.mine) == 0 {
		return r.plan(found.others), nil
	}
	r.claims.note("claimed for the PipelineRun %s: %d to build; looking at that again", r.claims.run.Name, len(found.mine))
	if err := r.see(ctx, r.imagesOf(found.mine)); err != nil {
		return plan.Plan{}, err
	}
	p := r.plan(found.others)
	r.claims.giveBack(ctx, slices.DeleteFunc(slices.Clone(found.mine), func(c claim.Claim) bool {
		return slices.ContainsFunc(p.Builds, func(b plan.BuildRun) bool { return c.Artifact == plan.Artifact{Builder: b.Builder, Image: b.Image} })
	}))
	return p, nil
}

// imagesOf are the wanted images that come from claimed artifacts.
func (r *planner) imagesOf(mine []claim.Claim) []plan.Wanted {
	var images []plan.Wanted
	for _, w := range r.wanted.images {
		artifact := plan.ArtifactOf(r.wanted.set, w)
		if slices.ContainsFunc(mine, func(c claim.Claim) bool { return c.Artifact == artifact }) {
			images = append(images, w)
		}
	}
	return images
}

func (r *planner) plan(claims map[plan.Artifact]plan.Claim) plan.Plan {
	return plan.Decide(r.input(claims))
}

func (r *planner) input(claims map[plan.Artifact]plan.Claim) plan.Input {
	return plan.Input{
		Set: r.wanted.set, Versions: r.wanted.versions, Wanted: r.wanted.images,
		Findings: r.findings, Claims: claims, Requests: r.requests,
		Force: r.force, OnUnknown: plan.OnUnknown(r.onUnknown),
	}
}

// see looks at images. What was found about them before holds no longer; what it cost comes on top.
func (r *planner) see(ctx context.Context, images []plan.Wanted) error {
	results, err := r.look(ctx, r.env, wanted{r.wanted.set, r.wanted.versions, images})
	if err != nil {
		return err
	}
	if r.findings == nil {
		r.findings = make(map[string]inventory.Findings)
	}
	for provider, found := range findingsOf(results) {
		if r.findings[provider] == nil {
			r.findings[provider] = make(inventory.Findings)
		}
		maps.Copy(r.findings[provider], found)
	}
	r.requests = addRequests(r.requests, requestsOf(results, r.timings))
	return nil
}

// addRequests adds what a look cost to what those before it did, by provider and location.
func addRequests(all, more []inventory.Request) []inventory.Request {
	all = slices.Clone(all)
	for _, m := range more {
		i := slices.IndexFunc(all, func(r inventory.Request) bool { return r.Provider == m.Provider && r.Location == m.Location })
		if i < 0 {
			all = append(all, m)
			continue
		}
		all[i].Calls += m.Calls
		all[i].Milliseconds += m.Milliseconds
	}
	return all
}
