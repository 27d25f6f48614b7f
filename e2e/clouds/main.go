// Clouds is a cloud in a box: servers that answer as AWS, S3, Azure, vSphere and VMware Cloud Director do, with images in every
// state. With a command behind it, it runs that in the box's environment and ends with its status:
//
//	go run ./e2e/clouds nodeimage plan --images images/giantswarm.yaml …
//
// Without one, it prints the environment to export and serves until it is interrupted.
//
// Without flags the servers are for this machine. In a cluster, as a Pod behind the Service clouds of the namespace example, say,
// it serves the others there, and writes nothing:
//
//	clouds -listen 0.0.0.0 -host clouds.example.svc -port 8001 -control 8000 -files /workspace/credentials -empty
//
// The servers then listen on 8001 to 8006: EC2, S3, Entra, Azure, vSphere and Cloud Director. The one on 8000 is for tests and for
// builds that leave images in the box. It speaks plain HTTP and JSON:
//
//	GET  /ready          200; nothing answers before all clouds do
//	GET  /environment    {"environment": {…}, "files": {…}}: the variables that clients need, and the files that these look for in -files
//	POST /amis           {"name": "…", "regions": ["eu-west-1"]} puts an AMI; optional: architecture, owner, state, public, force
//	GET  /amis           AMIs by region, with puts, how often the name was put there; optional: ?region=…&name=…&owner=…
//	POST /objects/B/K    puts the body into the bucket B with the key K, which may have slashes
//	GET  /objects        objects by bucket, with puts
//	POST /machines       {"folder": "/dc/vm/templates", "name": "…"} puts a template into the vCenter; optional: force
//	GET  /machines       the vCenter's machines, with puts
//	POST /faults         {"cloud": "aws", "location": "eu-west-1", "fault": "throttled"} lets it fail, fault "" heals it; optional: from
//	POST /latency        {"latency": "200ms"}
//	GET  /requests       what the clouds received, by cloud; optional: ?cloud=…&location=…
//	POST /clear          takes images, faults, latency, counts and requests away
//
// Control in internal/clouds tells the details.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"

	"github.com/giantswarm/nodeimage/internal/clouds"
)

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		os.Exit(0)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "clouds:", err)
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	status, err := run(ctx, o, os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "clouds:", err)
	}
	os.Exit(status)
}

// run opens a box, serves until the context ends or the command does, and returns the exit status. Where the clients of the box
// are on this machine, it writes the files that they need into a directory of its own.
func run(ctx context.Context, o options, stdout, stderr io.Writer) (int, error) {
	local := o.box.Files == ""
	if local {
		dir, err := os.MkdirTemp("", "clouds")
		if err != nil {
			return 1, err
		}
		defer os.RemoveAll(dir)
		o.box.Files = dir
	}
	box, err := clouds.NewBoxAt(o.box)
	if err != nil {
		return 1, err
	}
	defer box.Close()
	if local {
		if err := box.WriteFiles(); err != nil {
			return 1, err
		}
	}
	return serve(ctx, o, box, stdout, stderr)
}

// serve fills a box and hands it to the command, or to whoever comes.
func serve(ctx context.Context, o options, box *clouds.Box, stdout, stderr io.Writer) (int, error) {
	if !o.empty {
		box.Fill()
	}
	box.Latency(o.latency)
	if o.control >= 0 {
		if err := box.ServeControl(o.control); err != nil {
			return 1, err
		}
	}
	if len(o.command) > 0 {
		return execute(ctx, box, o.command)
	}
	for _, line := range box.Environment() {
		name, value, _ := strings.Cut(line, "=")
		fmt.Fprintf(stdout, "export %s='%s'\n", name, value)
	}
	fmt.Fprintf(stderr, "\nThe box serves until it is interrupted. In another terminal, with that environment:\n\n  nodeimage plan %s\n\n", example())
	<-ctx.Done()
	return 0, nil
}

// example are the arguments of a plan that has every decision in it.
func example() string {
	return "--images images/giantswarm.yaml --flatcar " + clouds.BoxFlatcar + " --tooling " + clouds.BoxTooling +
		" --kubernetes " + strings.Join(clouds.BoxKubernetes(), ",")
}

func execute(ctx context.Context, box *clouds.Box, command []string) (int, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Env = append(os.Environ(), box.Environment()...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return exit.ExitCode(), nil
	}
	if err != nil {
		return 1, err
	}
	return 0, nil
}
