package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/giantswarm/nodeimage/pkg/packer"
	"github.com/giantswarm/nodeimage/pkg/plan"
	"github.com/giantswarm/nodeimage/pkg/versions"
)

// varsFlags are the flags of nodeimage vars.
type varsFlags struct {
	request
	plan     string
	document string
	build    string
	out      string
	force    bool
}

func newVars(env Environment) *cobra.Command {
	var f varsFlags
	cmd := &cobra.Command{
		Use:   "vars (--plan FILE | --plan-document JSON | --images FILE) --build KEY --out DIR",
		Short: "Write what a build step reads: Packer variables, environment and make target",
		Long: "Vars writes three files into a directory, each whole or not at all: vars.json, the Packer variables; env, lines that a POSIX\n" +
			"shell sources; and target, the make target of kubernetes-sigs/image-builder. The build is one of a plan, or, without a plan,\n" +
			"one that the image set and the versions make; nothing is looked up then. A build is named by its key, or by its builder\n" +
			"where that has just one; a plan with one build needs no key. With a plan, --tooling is the release that it must have been\n" +
			"made for.",
		Example: "  nodeimage vars --plan plan.json --build ami-0 --out vars\n" +
			"  nodeimage vars --images images/giantswarm.yaml --tooling 1.15.0 --flatcar 3815.2.5 --kubernetes 1.29.7 --build ova --out vars",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runVars(cmd.Context(), env, f) },
	}
	flags := cmd.Flags()
	f.request.register(flags)
	flags.StringVar(&f.plan, "plan", "", "file of the plan document")
	flags.StringVar(&f.document, "plan-document", "", "the plan document itself; where it isn't empty, --plan is not read")
	flags.StringVar(&f.build, "build", "", "key of the build, such as ami-0; may be left out where the plan has one build")
	flags.StringVar(&f.out, "out", "", "directory for vars.json, env and target; it is made if it isn't there")
	flags.BoolVar(&f.force, "force", false, "without a plan: what exists may be replaced")
	return cmd
}

func runVars(ctx context.Context, env Environment, f varsFlags) error {
	var problems []error
	if f.build == "" && f.plan == "" && f.document == "" {
		problems = append(problems, errors.New("--build is missing"))
	}
	if f.out == "" {
		problems = append(problems, errors.New("--out is missing"))
	}
	builds, err := f.builds(ctx, env)
	if err := either(err, problems); err != nil {
		return err
	}
	b, err := selectBuild(builds, f.build)
	if err != nil {
		return inputError(err)
	}
	out := packer.Output{Variables: b.Variables, Environment: b.Environment, Target: b.Target}
	if err := out.Check(); err != nil {
		return inputError(fmt.Errorf("--build %s: %w", b.Key, err))
	}
	return writeVars(f.out, out)
}

// either is the error of resolving, with the problems of the flags where it is one of the input too.
func either(err error, problems []error) error {
	var status *statusError
	if errors.As(err, &status) && status.status != exitInput {
		return err
	}
	return inputError(append(problems, err)...)
}

// builds are the plan's, or those that the image set and the versions make.
func (f varsFlags) builds(ctx context.Context, env Environment) ([]plan.BuildRun, error) {
	if f.plan != "" || f.document != "" {
		return f.planned()
	}
	w, err := f.resolve(ctx, env)
	if err != nil {
		return nil, err
	}
	builds := conceivable(w, f.force)
	warnings, err := fill(w.set, builds)
	if err != nil {
		return nil, inputError(err)
	}
	warn(env, warnings)
	return builds, nil
}

// planned are the builds of the plan, which has to be of the release that --tooling names, where it names one: images are named after
// the release that bakes them.
func (f varsFlags) planned() ([]plan.BuildRun, error) {
	given := slices.DeleteFunc(f.givenFlags(), func(flag string) bool { return flag == "--tooling" })
	if f.force {
		given = append(given, "--force")
	}
	if len(given) > 0 {
		return nil, inputError(fmt.Errorf("%s can't stand together with --plan, which has all that they say", strings.Join(given, ", ")))
	}
	p, err := f.read()
	if err != nil {
		return nil, inputError(err)
	}
	tooling := *f.versions[versions.Tooling]
	if f.flags.Changed("tooling") && strings.TrimPrefix(tooling, "v") != p.Versions.Tooling {
		return nil, inputError(fmt.Errorf("--tooling %q: the plan was made for %q", tooling, p.Versions.Tooling))
	}
	return p.Builds, nil
}

// read reads the plan document, from the command line or else the file.
func (f varsFlags) read() (plan.Plan, error) {
	if f.document != "" {
		p, err := plan.Read(strings.NewReader(f.document))
		if err != nil {
			return plan.Plan{}, fmt.Errorf("--plan-document: %w", err)
		}
		return p, nil
	}
	file, err := os.Open(f.plan)
	if err != nil {
		return plan.Plan{}, fmt.Errorf("--plan: %w", err)
	}
	defer file.Close()
	p, err := plan.Read(file)
	if err != nil {
		return plan.Plan{}, fmt.Errorf("--plan %s: %w", f.plan, err)
	}
	return p, nil
}

// selectBuild finds a build by its key, or by its builder where that has just one. No key is that of the only build.
func selectBuild(builds []plan.BuildRun, key string) (plan.BuildRun, error) {
	if key == "" && len(builds) == 1 {
		return builds[0], nil
	}
	var keys []string
	var ofBuilder []plan.BuildRun
	for _, b := range builds {
		if b.Key == key {
			return b, nil
		}
		if b.Builder == key {
			ofBuilder = append(ofBuilder, b)
		}
		keys = append(keys, b.Key)
	}
	if len(ofBuilder) == 1 {
		return ofBuilder[0], nil
	}
	switch {
	case len(keys) == 0:
		return plan.BuildRun{}, fmt.Errorf("--build %q: there are no builds", key)
	case key == "":
		return plan.BuildRun{}, fmt.Errorf("--build is missing: the builds are %s", strings.Join(keys, ", "))
	}
	return plan.BuildRun{}, fmt.Errorf("--build %q: the builds are %s", key, strings.Join(keys, ", "))
}

func writeVars(dir string, out packer.Output) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("writing the variables: %w", err)
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{{"vars.json", out.VarsJSON()}, {"env", out.Env()}, {"target", []byte(out.Target)}} {
		if err := writeFile(filepath.Join(dir, f.name), f.content); err != nil {
			return fmt.Errorf("writing the variables: %w", err)
		}
	}
	return nil
}
