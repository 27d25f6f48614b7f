package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"golang.org/x/time/rate"
	"knative.dev/pkg/environment"

	"github.com/giantswarm/nodeimage/pkg/customrun"
)

// options are what the command line says.
type options struct {
	config customrun.Config
	client environment.ClientConfig
	listen string
	level  slog.Level
}

var errHelp = flag.ErrHelp

// systemNamespace is the variable with the namespace of the Lease, which Knative reads (system.Namespace in knative.dev/pkg/system).
const systemNamespace = "SYSTEM_NAMESPACE"

// parse reads the command line. The error has everything that is wrong with it.
func parse(args []string, getenv func(string) string, stderr io.Writer) (options, error) {
	var o options
	var requests float64
	flags := flag.NewFlagSet("nodeimage-controller", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.config.Namespace, "namespace", getenv(systemNamespace), "`namespace` whose CustomRuns are planned; the controller's own if not given")
	flags.StringVar(&o.listen, "listen", ":8080", "`address` of /metrics, /healthz and /readyz")
	flags.IntVar(&o.config.Attempts, "plans", 256, "`number` of plans made at the same time; those that wait for another PipelineRun have as many places beside")
	// What EC2 takes of one account in one region (https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html).
	flags.Float64Var(&requests, "requests-per-second", 20, "requests sent to one account of a cloud, at AWS to one region of it")
	flags.IntVar(&o.config.Burst, "burst", 100, "requests sent at once where few were sent before")
	flags.TextVar(&o.level, "log-level", slog.LevelInfo, "`level` of the log: debug, info, warn or error")
	o.client.InitFlags(flags)
	if err := flags.Parse(args); err != nil {
		return options{}, err
	}
	o.config.Rate = rate.Limit(requests)
	if o.client.QPS == 0 {
		o.client.QPS = defaultQPS
	}
	if o.client.Burst == 0 {
		o.client.Burst = 2 * defaultQPS
	}
	problems := []error{o.config.Check()}
	if getenv(systemNamespace) == "" {
		problems = append(problems, fmt.Errorf("%s is not set: the namespace of the Lease by which one of several controllers leads", systemNamespace))
	}
	if flags.NArg() > 0 {
		problems = append(problems, fmt.Errorf("arguments that no flag takes: %s", strings.Join(flags.Args(), " ")))
	}
	return o, errors.Join(problems...)
}

// defaultQPS is how many requests a second the API server is sent: a few hundred CustomRuns, created together, each take a few.
const defaultQPS = 1000
