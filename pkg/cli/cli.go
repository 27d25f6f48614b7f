// Package cli is the command line: one file per command. It is the only place that wires the other packages together, and the
// only one beside main that knows of the environment and the standard streams.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// Environment is everything that a command gets from the process it runs in.
type Environment struct {
	Args           []string // without the program's name
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Version        string // of the release; "" where it was not built for one
	// ServiceAccount is the folder with the files token, ca.crt and namespace of the Kubernetes service account that claims are made
	// with; "" is where Kubernetes mounts them. Which cluster, namespace and run it is comes through Getenv (see clusterOf).
	ServiceAccount string
	// WaitInterval is how often a plan that waits for another run looks whether that has ended; 0: every ten seconds.
	WaitInterval time.Duration
	// Sources, where it is not nil, is given every source before it is asked, and returns what is asked instead of it: a program that
	// makes many plans shares looks and limits requests so. The key says what the provider's settings are (see fingerprint): sources
	// with one key ask one account in one way, and their Locations tell them apart. It is called by one goroutine at a time for a plan.
	Sources func(key string, s inventory.Source) inventory.Source
	// Problems is what the program that runs a plan has found wrong with the input before. It is told together with what plan finds, and
	// nothing is called.
	Problems error
}

// The exit statuses. They are part of what pipelines rely on.
const (
	exitDone      = 0 // whether or not anything has to be built
	exitFailed    = 1 // it could not be done
	exitInput     = 2 // the input is wrong; nothing was called
	exitUnchecked = 3 // something could not be checked
)

// statusError is an error that says how the program ends.
type statusError struct {
	status int
	err    error
}

func (e *statusError) Error() string { return e.err.Error() }
func (e *statusError) Unwrap() error { return e.err }

// inputError joins everything that is wrong with the input; it is nil where nothing is.
func inputError(problems ...error) error {
	if err := errors.Join(problems...); err != nil {
		return &statusError{exitInput, err}
	}
	return nil
}

// Run runs one command line and returns the exit status. What went wrong is told on standard error.
func Run(ctx context.Context, env Environment) int {
	status, err := Execute(ctx, env)
	if err != nil {
		fmt.Fprintf(env.Stderr, "nodeimage: %v\n", err)
	}
	return status
}

// Execute runs one command line, and returns the exit status and what went wrong, for programs that have their own way to tell it.
func Execute(ctx context.Context, env Environment) (int, error) {
	root := newRoot(env)
	root.SetArgs(env.Args)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	var status *statusError
	switch {
	case err == nil:
		return exitDone, nil
	case errors.As(err, &status):
		return status.status, err
	}
	return exitFailed, err
}

func newRoot(env Environment) *cobra.Command {
	root := &cobra.Command{
		Use:   "nodeimage",
		Short: "Decide which Kubernetes node images have to be built",
		Long: "nodeimage reads which node images should exist, looks at every provider for what does, and decides for each image\n" +
			"whether a build is needed. Results go to standard output, everything else to standard error.\n\n" +
			"Exit status: 0 done, 1 it could not be done, 2 the input is wrong, 3 something could not be checked.",
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          usage(cobra.NoArgs),
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return inputError(fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath()))
	})
	root.AddCommand(newPlan(env), newName(), newParse(), newVars(env), newRelease(env), newBump(env), newVersions(env), newVersion(env))
	return root
}

// usage makes what a check of arguments refuses an error of the input.
func usage(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return inputError(fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath()))
		}
		return nil
	}
}
