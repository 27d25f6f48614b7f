// Nodeimage decides which Kubernetes node images have to be built.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/giantswarm/nodeimage/pkg/cli"
)

// version is set when a release is built.
var version = ""

func main() {
	os.Exit(run())
}

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends what doesn't listen to the first, such as reading from a pipe
	return cli.Run(ctx, cli.Environment{
		Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Version: version,
	})
}
