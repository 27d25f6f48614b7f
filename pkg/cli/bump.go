package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/giantswarm/nodeimage/pkg/bump"
)

// bumpFlags are the flags of nodeimage bump.
type bumpFlags struct {
	from, to string
	repo     string
	released string
	check    string
	judge    []string
	form     string
	layout   bump.Layout
}

func newBump(env Environment) *cobra.Command {
	var f bumpFlags
	cmd := &cobra.Command{
		Use:   "bump --from TAG|DIR --to TAG|DIR",
		Short: "Say which semver level a change of the tooling needs",
		Long: "Bump compares what two states of a repository bake into images: the image sets, the release of image-builder that the\n" +
			"Dockerfile bundles, and the Ansible roles. It prints a line for each change with the level that the rules in\n" +
			"docs/versioning.md give it, and the level that all of them need. A state is a directory, or else a tag or revision of the\n" +
			"git repository; what is not committed is not in a revision.\n\n" +
			"With --check, it ends with status 1 if the tag is too small a step from the last release.",
		Example: "  nodeimage bump --from v1.15.0 --to HEAD\n" +
			"  nodeimage bump --from v1.15.0 --to HEAD --check v1.15.1 --judge roles.teleport=patch\n" +
			"  nodeimage bump --from ../released --to . --released v1.15.0 -o json",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runBump(cmd.Context(), env, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.from, "from", "", "state of the last release: a directory, a tag or a revision")
	flags.StringVar(&f.to, "to", "", "state of the next release")
	flags.StringVar(&f.repo, "repo", ".", "git repository of tags and revisions")
	flags.StringVar(&f.released, "released", "", "the last release, where --from is not its tag")
	flags.StringVar(&f.check, "check", "", "the tag that the next release is to have")
	flags.StringArrayVar(&f.judge, "judge", nil, "WHAT=LEVEL: your judgement of a change that can't be judged by files (several times)")
	flags.StringVar(&f.layout.Images, "images", "images", "directory of the image sets in the repository, or one of them")
	flags.StringVar(&f.layout.Roles, "roles", "images/capi-image-builder/roles", "directory of the Ansible roles in the repository")
	flags.StringVar(&f.layout.Dockerfile, "dockerfile", "images/capi-image-builder/Dockerfile",
		"file in the repository with ARG IMAGE_BUILDER_VERSION; \"\" if there is none")
	flags.StringVarP(&f.form, "output", "o", "table", "form of the result: table or json")
	return cmd
}

// bumpRequest is what the flags say, read.
type bumpRequest struct {
	released, tag *bump.Release // nil: not given
	tagLevel      bump.Level    // of the step from released to tag
	judged        map[string]bump.Level
}

func runBump(ctx context.Context, env Environment, f bumpFlags) error {
	request, err := f.read()
	if err != nil {
		return err
	}
	from, fromErr := f.state(ctx, f.from)
	to, toErr := f.state(ctx, f.to)
	if err := bothStates(fromErr, toErr); err != nil {
		return err
	}
	warn(env, to.Warnings())
	result, err := bump.Compare(from, to).Judge(request.judged)
	if err != nil {
		return inputError(fmt.Errorf("--judge %w", err))
	}
	report := newBumpReport(f, request, result)
	if err := report.write(env.Stdout, f.form); err != nil {
		return fmt.Errorf("writing the changes: %w", err)
	}
	return report.verdict()
}

// bothStates reports the problems of both states at once; a failure of git is none of the input.
func bothStates(problems ...error) error {
	for _, err := range problems {
		var status *statusError
		if errors.As(err, &status) && status.status != exitInput {
			return err
		}
	}
	return inputError(problems...)
}

// read checks the flags before anything is looked at.
func (f bumpFlags) read() (bumpRequest, error) {
	var problems []error
	for _, flag := range []struct{ name, value string }{
		{"--from", f.from}, {"--to", f.to}, {"--repo", f.repo}, {"--images", f.layout.Images}, {"--roles", f.layout.Roles},
	} {
		if flag.value == "" {
			problems = append(problems, fmt.Errorf("%s is missing", flag.name))
		}
	}
	if f.form != "table" && f.form != "json" {
		problems = append(problems, fmt.Errorf("-o %q: the forms are json, table", f.form))
	}
	r, releasesErr := f.releases()
	var judgeErr error
	r.judged, judgeErr = readJudgements(f.judge)
	return r, inputError(append(problems, releasesErr, judgeErr, f.checkLayout())...)
}

// checkLayout refuses paths that would lead out of the repository.
func (f bumpFlags) checkLayout() error {
	var problems []error
	for _, p := range f.paths() {
		if !validPath(p.path) {
			problems = append(problems, fmt.Errorf("%s %q: must be a path within the repository", p.flag, p.path))
		}
	}
	return errors.Join(problems...)
}

// releases reads the last release and the tag to check. A tag as --from says itself which release it is.
func (f bumpFlags) releases() (bumpRequest, error) {
	var r bumpRequest
	var problems []error
	read := func(flag, text string) *bump.Release {
		if text == "" {
			return nil
		}
		release, err := bump.ParseRelease(text)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s %w", flag, err))
			return nil
		}
		return &release
	}
	r.released, r.tag = read("--released", f.released), read("--check", f.check)
	if own, err := bump.ParseRelease(strings.TrimPrefix(f.from, "refs/tags/")); err == nil && !isDirectory(f.from) {
		if r.released != nil && r.released.String() != own.String() {
			problems = append(problems, fmt.Errorf("--released is %s, but --from is the tag of %s", r.released, own))
		}
		r.released = &own
	}
	switch {
	case f.check != "" && f.released == "" && r.released == nil:
		problems = append(problems, errors.New("--check needs the last release: --from must be its tag, or --released must say it"))
	case r.tag != nil && r.released != nil:
		var err error
		if r.tagLevel, err = r.released.LevelTo(*r.tag); err != nil {
			problems = append(problems, fmt.Errorf("--check: %w", err))
		}
	}
	return r, errors.Join(problems...)
}

func readJudgements(values []string) (map[string]bump.Level, error) {
	judged := map[string]bump.Level{}
	var problems []error
	for _, value := range values {
		// Names can have an equal sign, levels can't.
		i := strings.LastIndexByte(value, '=')
		level, known := bump.ParseLevel(value[i+1:])
		if i <= 0 || !known {
			problems = append(problems, fmt.Errorf("--judge %q: must be WHAT=none, WHAT=patch, WHAT=minor or WHAT=major", value))
			continue
		}
		if before, twice := judged[value[:i]]; twice && before != level {
			problems = append(problems, fmt.Errorf("--judge %q: %s is judged %s already", value, value[:i], before))
		}
		judged[value[:i]] = level
	}
	return judged, errors.Join(problems...)
}
