//go:build e2e

// Package tekton runs what tekton/ installs on a real cluster, with the clouds of e2e/clouds in it and Packer in the builds.
package tekton

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	namespace = "node-images"
	// built is where make e2e-images puts what the scenarios install, seen from the repository's root.
	built = "dist/e2e"
)

// cluster is what the scenarios share: the box's control server and the webhook, forwarded to this machine.
var cluster struct{ control, hooks string }

func TestMain(m *testing.M) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status, err := runScenarios(ctx, m)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		status = 1
	}
	os.Exit(status)
}

// runScenarios installs everything, as docs/tekton.md says, runs the scenarios, and takes away what would go on without them.
func runScenarios(ctx context.Context, m *testing.M) (status int, err error) {
	if err := os.Chdir(root()); err != nil {
		return 1, err
	}
	began := time.Now()
	say := func(what string) { fmt.Fprintf(os.Stderr, "e2e: %5.1fs  %s\n", time.Since(began).Seconds(), what) }
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"loading images", loadImages},
		{"installing Tekton", installTekton},
		{"starting the clouds", startClouds},
		{"installing nodeimage", installNodeimage},
	} {
		say(step.what)
		if err := step.do(ctx); err != nil {
			return 1, fmt.Errorf("%s: %w", step.what, err)
		}
	}
	forwards, err := forwardAll(ctx)
	if err != nil {
		return 1, err
	}
	defer forwards.end()
	say("ready")
	status = m.Run()
	say("done")
	return status, nil
}

// root is the repository's root, wherever in it the scenarios are started.
func root() string {
	dir, err := os.Getwd()
	for ; err == nil && dir != "/"; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "tekton/kustomization.yaml")); err == nil {
			return dir
		}
	}
	return "."
}

// loadImages loads every archive into the cluster with the command in E2E_LOAD.
func loadImages(ctx context.Context) error {
	load := strings.Fields(os.Getenv("E2E_LOAD"))
	if len(load) == 0 {
		load = []string{"kind", "load", "image-archive"}
	}
	archives, err := filepath.Glob(built + "/images/*.tar")
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for _, archive := range archives {
		group.Go(func() error {
			out, err := exec.CommandContext(ctx, load[0], append(load[1:], archive)...).CombinedOutput()
			if err != nil {
				return fmt.Errorf("%s: %w: %s", archive, err, out)
			}
			return nil
		})
	}
	return group.Wait()
}
