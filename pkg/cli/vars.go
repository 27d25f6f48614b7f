package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/giantswarm/nodeimage/pkg/packer"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// varsFlags are the flags of nodeimage vars.
type varsFlags struct {
	request
	plan  string
	build string
	out   string
	force bool
}

func newVars(env Environment) *cobra.Command {
	var f varsFlags
	cmd := &cobra.Command{
		Use:   "vars (--plan FILE | --images FILE) --build KEY --out DIR",
		Short: "Write what a build step reads: Packer variables, environment and make target",
		Long: "Vars writes three files into a directory, each whole or not at all: vars.json, the Packer variables; env, lines that a POSIX\n" +
			"shell sources; and target, the make target of kubernetes-sigs/image-builder. The build is one of a plan, or, without a plan,\n" +
			"one that the image set and the versions make; nothing is looked up then. A build is named by its key, or by its builder\n" +
			"where that has just one.",
		Example: "  nodeimage vars --plan plan.json --build ami-0 --out vars\n" +
			"  nodeimage vars --images images/giantswarm.yaml --tooling 1.15.0 --flatcar 3815.2.5 --kubernetes 1.29.7 --build ova --out vars",
		Args: usage(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error { return runVars(cmd.Context(), env, f) },
	}
	flags := cmd.Flags()
	f.request.register(flags)
	flags.StringVar(&f.plan, "plan", "", "plan document")
	flags.StringVar(&f.build, "build", "", "key of the build, such as ami-0")
	flags.StringVar(&f.out, "out", "", "directory for vars.json, env and target; it is made if it isn't there")
	flags.BoolVar(&f.force, "force", false, "without a plan: what exists may be replaced")
	return cmd
}

func runVars(ctx context.Context, env Environment, f varsFlags) error {
	var problems []error
	if f.build == "" {
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
	if f.plan != "" {
		return f.read()
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

func (f varsFlags) read() ([]plan.BuildRun, error) {
	if given := f.givenFlags(); len(given) > 0 || f.force {
		if f.force {
			given = append(given, "--force")
		}
		return nil, inputError(fmt.Errorf("%s can't stand together with --plan, which has all that they say", strings.Join(given, ", ")))
	}
	file, err := os.Open(f.plan)
	if err != nil {
		return nil, inputError(fmt.Errorf("--plan: %w", err))
	}
	defer file.Close()
	p, err := plan.Read(file)
	if err != nil {
		return nil, inputError(fmt.Errorf("--plan %s: %w", f.plan, err))
	}
	return p.Builds, nil
}

// selectBuild finds a build by its key, or by its builder where that has just one.
func selectBuild(builds []plan.BuildRun, key string) (plan.BuildRun, error) {
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
	if len(keys) == 0 {
		return plan.BuildRun{}, fmt.Errorf("--build %q: there are no builds", key)
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
