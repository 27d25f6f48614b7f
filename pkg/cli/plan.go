package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// planFlags are the flags of nodeimage plan.
type planFlags struct {
	request
	force           bool
	onUnknown       string
	outputs         []string
	timeout         time.Duration
	locationTimeout time.Duration
	concurrency     int
	timings         bool
	wait            bool
	waitTimeout     time.Duration
}

func newPlan(env Environment) *cobra.Command {
	var f planFlags
	cmd := &cobra.Command{
		Use:   "plan [--images FILE] [--tooling V --flatcar V --kubernetes V[,V…]]",
		Short: "Decide which images have to be built",
		Long: "Plan reads an image set, looks at every provider for what exists, and decides for each image whether to skip, build,\n" +
			"replicate or wait. What can't be checked is unknown and never guessed: the plan is written in full, and the exit status is 3.\n" +
			"Nothing is built and nothing is changed. Without --images it uses the built-in quick start.\n\n" +
			"In a Kubernetes cluster, what has to be built is first claimed for the PipelineRun that NODEIMAGE_PIPELINE_RUN and\n" +
			"NODEIMAGE_PIPELINE_RUN_UID name, so that no other run builds it too. What another run has claimed is waited for: the decision\n" +
			"is wait, and with --wait the plan is made when that run has ended.",
		Example: "  nodeimage plan\n" +
			"  nodeimage plan --images images/giantswarm.yaml --tooling v1.15.0 --flatcar 3815.2.5 --kubernetes 1.29.7,1.30.4\n" +
			"  nodeimage plan --images images/giantswarm.yaml --provider capa -o table -o json=plan.json",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runPlan(cmd.Context(), env, f) },
	}
	flags := cmd.Flags()
	f.request.register(flags)
	flags.BoolVar(&f.force, "force", false, "build what exists too, and overwrite it (limit it with --provider)")
	flags.StringVar(&f.onUnknown, "on-unknown", string(plan.UnknownFails), "what an image that could not be checked does: fail, skip or build")
	flags.StringArrayVarP(&f.outputs, "output", "o", []string{"table"}, "form of the result, FORM or FORM=PATH; may be repeated: "+strings.Join(planForms(), ", "))
	flags.DurationVar(&f.timeout, "timeout", 5*time.Minute, "for looking everywhere")
	flags.DurationVar(&f.locationTimeout, "location-timeout", time.Minute, "for looking at one location")
	flags.IntVar(&f.concurrency, "concurrency", 64, "locations looked at side by side")
	flags.BoolVar(&f.wait, "wait", false, "where another run is building an image, look again when it has ended")
	flags.DurationVar(&f.waitTimeout, "wait-timeout", 6*time.Hour, "for waiting; what is still being built then is left to the other run")
	flags.BoolVar(&f.timings, "timings", false, "put into the plan how long each look took; two plans then differ")
	return cmd
}

func runPlan(ctx context.Context, env Environment, f planFlags) error {
	outputs, outputProblems := parseDestinations(f.outputs, planForms(), env)
	prepared, requestProblems := f.prepare(env)
	cluster, clusterProblems := clusterOf(env)
	if err := inputError(env.Problems, requestProblems, outputProblems, f.check(), clusterProblems); err != nil {
		return err
	}
	wanted, err := prepared.resolve(ctx, env)
	if err != nil {
		return err
	}
	if _, err := fill(wanted.set, conceivable(wanted, f.force)); err != nil {
		return inputError(err)
	}
	claims := openClaims(env, cluster)
	defer claims.close()
	p, err := (&planner{planFlags: f, env: env, wanted: wanted, claims: claims}).decide(ctx)
	if err != nil {
		return err
	}
	warnings, err := fill(wanted.set, p.Builds)
	if err != nil {
		return err
	}
	warn(env, warnings)
	if err := writePlan(env, outputs, p); err != nil {
		return err
	}
	return conclude(env, p)
}

// check reports what is wrong with the flags that say how to look and decide.
func (f planFlags) check() error {
	var problems []error
	policies := []plan.OnUnknown{plan.UnknownFails, plan.UnknownSkips, plan.UnknownBuild}
	if !slices.Contains(policies, plan.OnUnknown(f.onUnknown)) {
		problems = append(problems, fmt.Errorf("--on-unknown %q is not one of fail, skip, build", f.onUnknown))
	}
	if f.timeout <= 0 {
		problems = append(problems, fmt.Errorf("--timeout %s is not positive", f.timeout))
	}
	if f.locationTimeout <= 0 {
		problems = append(problems, fmt.Errorf("--location-timeout %s is not positive", f.locationTimeout))
	}
	if f.wait && f.waitTimeout <= 0 {
		problems = append(problems, fmt.Errorf("--wait-timeout %s is not positive", f.waitTimeout))
	}
	if f.concurrency < 1 {
		problems = append(problems, fmt.Errorf("--concurrency %d is not positive", f.concurrency))
	}
	return errors.Join(problems...)
}

// look asks all providers about the images. An interrupted look is an error: what it did not come to is not unknown, it was not
// to be known any more.
func (f planFlags) look(ctx context.Context, env Environment, wanted wanted) ([]inventory.Result, error) {
	bounded, cancel := context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("looking everywhere took longer than %s", f.timeout))
	defer cancel()
	targets := newTargets(bounded, env, wanted.set, wanted.images)
	progress := newProgress(env, targets)
	defer progress.end()
	results := inventory.Gather(bounded, targets, inventory.Options{
		Concurrency: f.concurrency, Timeout: f.locationTimeout, Progress: progress.report,
	})
	if ctx.Err() != nil {
		return nil, errors.New("looking at the providers: interrupted")
	}
	return results, nil
}

// conclude tells people what the plan comes to, and fails the run where something could not be checked.
func conclude(env Environment, p plan.Plan) error {
	fmt.Fprintln(env.Stderr, output.Summary(p))
	if p.Unchecked() {
		return &statusError{exitUnchecked, fmt.Errorf("%d of %d images could not be checked (--on-unknown skip or build goes on without)",
			p.Summary.Unknown, len(p.Images))}
	}
	return nil
}
