// Nodeimage-controller plans Tekton CustomRuns of the kind Plan, without a pod for each.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"golang.org/x/sync/errgroup"
	"k8s.io/utils/clock"
	"knative.dev/pkg/logging"

	"github.com/giantswarm/nodeimage/pkg/customrun"
)

// version is set when a release is built.
var version = ""

func main() {
	os.Exit(run(os.Args[1:]))
}

// run returns the exit status: 1 where it could not be done, 2 where the command line is wrong.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(args, os.Getenv, os.Stderr)
	if errors.Is(err, errHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "nodeimage-controller: %v\n", err)
		return 2
	}
	if err := serve(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "nodeimage-controller: %v\n", err)
		return 1
	}
	return 0
}

// serve runs the controller, and its metrics and health endpoints, until ctx ends.
func serve(ctx context.Context, o options) error {
	config, err := o.client.GetRESTConfig()
	if err != nil {
		return fmt.Errorf("finding the API server: %w", err)
	}
	config.UserAgent = "nodeimage-controller/" + version
	log, zap := newLoggers(os.Stderr, o.level)
	ctx = logging.WithLogger(ctx, zap)
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	o.config.Logger, o.config.Registerer, o.config.Clock = log, registry, clock.RealClock{}
	o.config.Getenv, o.config.Version = os.Getenv, version

	health := newEndpoints(registry)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return health.serve(ctx, o.listen) })
	group.Go(func() error {
		log.Info("starting", "version", version, "namespace", o.config.Namespace)
		return customrun.Run(ctx, config, o.config, health.ready)
	})
	return group.Wait()
}
