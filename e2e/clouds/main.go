// Clouds is a cloud in a box: servers on this machine that answer as AWS, S3, Azure, vSphere and VMware Cloud Director do, with
// images in every state. With a command behind it, it runs that in the box's environment and ends with its status:
//
//	go run ./e2e/clouds nodeimage plan --images images/giantswarm.yaml …
//
// Without one, it prints the environment to export and serves until it is interrupted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/giantswarm/nodeimage/internal/clouds"
)

func main() {
	latency := flag.Duration("latency", 0, "how long every answer takes")
	empty := flag.Bool("empty", false, "start without images")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	status, err := run(ctx, *latency, *empty, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "clouds:", err)
	}
	os.Exit(status)
}

func run(ctx context.Context, latency time.Duration, empty bool, command []string) (int, error) {
	dir, err := os.MkdirTemp("", "clouds")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	box, err := clouds.NewBox(dir)
	if err != nil {
		return 1, err
	}
	defer box.Close()
	if !empty {
		box.Fill()
	}
	box.Latency(latency)
	if len(command) > 0 {
		return execute(ctx, box, command)
	}
	for _, line := range box.Environment() {
		name, value, _ := strings.Cut(line, "=")
		fmt.Printf("export %s='%s'\n", name, value)
	}
	fmt.Fprintf(os.Stderr, "\nThe box serves until it is interrupted. In another terminal, with that environment:\n\n  nodeimage plan %s\n\n", example())
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
