package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/plan"
	"github.com/giantswarm/nodeimage/pkg/release"
)

func newRelease(env Environment) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "release",
		Short: "Check Release resources for their node images, and compare them",
		Args:  usage(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newReleaseCheck(env), newReleaseDiff(env))
	return cmd
}

// releaseFlags are the flags of nodeimage release check. Of the plan's it has those that say how to look.
type releaseFlags struct {
	plan      planFlags
	images    string
	providers []string
	options   release.Options
	outputs   []string
}

func newReleaseCheck(env Environment) *cobra.Command {
	var f releaseFlags
	cmd := &cobra.Command{
		Use:   "check FILE|DIR… --images FILE",
		Short: "Find out whether the node image of every release exists",
		Long: "Check reads Release resources (release.giantswarm.io/v1alpha1), composes the name of the node image that each needs, and looks\n" +
			"for it where the clusters of its provider do, once for all releases together. In directories it reads every YAML file but\n" +
			"those below archived; what is no Release is skipped. Releases from before os-tooling, deprecated ones and those without an\n" +
			"image of ours are told of and not checked. Nothing is built and nothing is changed.\n\n" +
			"Exit status: 0 every image exists, 1 an image is missing, incomplete or being made, 2 the input is wrong, 3 an image could\n" +
			"not be checked, whether or not another is missing.",
		Example: "  nodeimage release check --images images/giantswarm.yaml capa/v29.1.0/release.yaml\n" +
			"  nodeimage release check --images images/giantswarm.yaml . -o table -o plan=plan.json\n" +
			"  nodeimage release check --images images/giantswarm.yaml --provider-map aws=capa capa",
		Args: usage(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return runReleaseCheck(cmd.Context(), env, f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.images, "images", "", "image set file: where images are looked up")
	flags.StringArrayVar(&f.providers, "provider-map", nil,
		"providers of the image set that must have the images of a release provider, such as aws=capa,capa-china; aws= checks none; may be repeated")
	flags.BoolVar(&f.options.Deprecated, "deprecated", false, "check deprecated releases too")
	flags.BoolVar(&f.options.Name.AllowPrerelease, "allow-prerelease", false, "accept pre-releases of Kubernetes and the tooling")
	flags.StringArrayVarP(&f.outputs, "output", "o", []string{"table"}, "form of the result, FORM or FORM=PATH; may be repeated: "+strings.Join(releaseForms(), ", "))
	flags.StringVar(&f.plan.onUnknown, "on-unknown", string(plan.UnknownFails), "what an image that could not be checked does: fail, skip or build")
	flags.DurationVar(&f.plan.timeout, "timeout", 5*time.Minute, "for looking everywhere")
	flags.DurationVar(&f.plan.locationTimeout, "location-timeout", time.Minute, "for looking at one location")
	flags.IntVar(&f.plan.concurrency, "concurrency", 64, "locations looked at side by side")
	return cmd
}

func runReleaseCheck(ctx context.Context, env Environment, f releaseFlags, args []string) error {
	outputs, outputProblems := parseDestinations(f.outputs, releaseForms(), env)
	set, needs, problems := f.read(args)
	if err := inputError(problems, outputProblems, f.plan.check()); err != nil {
		annotateProblems(env, outputs, problems)
		return err
	}
	images, versions := release.Union(needs)
	wanted := wanted{set: set, versions: versions, images: images}
	if _, err := fill(set, conceivable(wanted, false)); err != nil {
		return inputError(err)
	}
	results, err := f.plan.look(ctx, env, wanted)
	if err != nil {
		return err
	}
	p := plan.Decide(plan.Input{
		Set: set, Versions: versions, Wanted: images, OnUnknown: plan.OnUnknown(f.plan.onUnknown),
		Findings: findingsOf(results), Requests: requestsOf(results, false),
	})
	warnings, err := fill(set, p.Builds)
	if err != nil {
		return err
	}
	warn(env, warnings)
	check := release.Of(needs, p)
	if err := writeCheck(env, outputs, check, p); err != nil {
		return err
	}
	return concludeCheck(env, check)
}

// read reads everything that a check is about. The error joins everything that is wrong.
func (f releaseFlags) read(args []string) (*imageset.ImageSet, []release.Need, error) {
	set, setErr := f.load()
	opts := f.options
	opts.Providers = make(release.Map)
	var mapErr error
	for _, value := range f.providers {
		if err := opts.Providers.Add(value, set); err != nil {
			mapErr = errors.Join(mapErr, fmt.Errorf("--provider-map %q: %w", value, err))
		}
	}
	releases, readErr := readReleases(args)
	needs, err := release.Needs(releases, set, opts)
	return set, needs, errors.Join(setErr, mapErr, readErr, err)
}

func (f releaseFlags) load() (*imageset.ImageSet, error) {
	if f.images == "" {
		return nil, errors.New("--images is missing: the image set says where images are looked up")
	}
	return imageset.Load(f.images)
}

// concludeCheck tells people what the check comes to, and fails the run where an image is missing or could not be checked. While
// something is unchecked that is what the status says: only then does status 1 mean that everything that is missing is known.
func concludeCheck(env Environment, c release.Check) error {
	fmt.Fprintln(env.Stderr, c.Summary)
	total := len(c.Releases)
	lacking := fmt.Sprintf("%d of %d releases lack an image", c.Lacking(), total)
	switch unchecked := c.Unchecked(); {
	case unchecked > 0:
		err := fmt.Errorf("%d of %d releases could not be checked (--on-unknown skip goes on without)", unchecked, total)
		if c.Lacking() > 0 {
			err = fmt.Errorf("%w; %s", err, lacking)
		}
		return &statusError{exitUnchecked, err}
	case c.Lacking() > 0:
		return &statusError{exitFailed, errors.New(lacking)}
	}
	return nil
}
