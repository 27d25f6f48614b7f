//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// cluster is a cluster whose files lie in state.
type cluster struct {
	settings
	state string
	began time.Time
}

func (n *cluster) file(name string) string { return filepath.Join(n.state, name) }

func (n *cluster) pki(name string) string { return filepath.Join(n.state, "pki", name) }

func (n *cluster) program(name string) string { return filepath.Join(n.bin, name) }

// controlGroup is the control group that everything in the cluster belongs to.
func (n *cluster) controlGroup() string { return filepath.Base(n.state) }

// say tells people what happens, and when.
func (n *cluster) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "cluster: %5.1fs  %s\n", time.Since(n.began).Seconds(), fmt.Sprintf(format, args...))
}

// node brings the cluster up, runs the command, and returns its status.
func node(ctx context.Context, s settings, state string) (int, error) {
	bin, err := filepath.Abs(s.bin)
	if err != nil {
		return 1, err
	}
	s.bin = bin
	n := &cluster{settings: s, state: state, began: time.Now()}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	if err := n.bringUp(ctx, fail); err != nil {
		return 1, errors.Join(err, context.Cause(ctx))
	}
	n.say("up; running %s", s.command[0])
	status, err := n.execute(ctx)
	n.say("%s ended with status %d", s.command[0], status)
	if status != 0 || err != nil {
		n.diagnose()
	}
	return status, errors.Join(err, context.Cause(ctx))
}

func (n *cluster) bringUp(ctx context.Context, fail func(error)) error {
	if err := n.prepare(); err != nil {
		return err
	}
	for _, c := range append(n.runtime(), n.apiServer()) {
		if err := c.start(ctx, n.file("logs"), fail); err != nil {
			return err
		}
	}
	loaded := make(chan error, 1)
	go func() { loaded <- n.loadImages(ctx) }()
	if err := n.await(ctx, "waiting for the API server", n.kubectl("get", "--raw=/readyz")); err != nil {
		return err
	}
	n.say("API server ready")
	for _, c := range n.rest() {
		if err := c.start(ctx, n.file("logs"), fail); err != nil {
			return err
		}
	}
	if err := <-loaded; err != nil {
		return err
	}
	return n.furnish(ctx)
}

// prepare makes the place that the cluster runs in.
func (n *cluster) prepare() error {
	if err := n.isolate(); err != nil {
		return err
	}
	a, err := newAuthority(n.file("pki"))
	if err != nil {
		return err
	}
	return errors.Join(a.issueAll(), n.writeFiles())
}

// furnish installs what every cluster has: names, and volumes.
func (n *cluster) furnish(ctx context.Context) error {
	manifests, err := n.manifests()
	if err != nil {
		return err
	}
	apply := n.kubectl("apply", "--server-side", "--filename="+manifests)
	if err := n.await(ctx, "applying the cluster's own manifests", apply); err != nil {
		return err
	}
	ready := n.kubectl("wait", "--for=condition=Ready", "node/"+nodeName, "--timeout=10s")
	if err := n.await(ctx, "waiting for the node", ready); err != nil {
		return err
	}
	rolled := n.kubectl("rollout", "status", "deployment/coredns", "--namespace=kube-system", "--timeout=10s")
	return n.await(ctx, "waiting for CoreDNS", rolled)
}

// kubectl is a command with the administrator's rights, made anew for each try.
func (n *cluster) kubectl(args ...string) func(context.Context) *exec.Cmd {
	return func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, n.program("kubectl"), append(args, "--kubeconfig="+n.pki("admin.kubeconfig"))...)
	}
}

// await tries a command until it succeeds, for two minutes.
func (n *cluster) await(ctx context.Context, what string, command func(context.Context) *exec.Cmd) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	tick := time.NewTicker(300 * time.Millisecond)
	defer tick.Stop()
	for {
		out, err := command(ctx).CombinedOutput()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w: %s", what, errors.Join(context.Cause(ctx), err), out)
		case <-tick.C:
		}
	}
}

// execute runs the command with the cluster.
func (n *cluster) execute(ctx context.Context) (int, error) {
	cmd := exec.CommandContext(ctx, n.command[0], n.command[1:]...)
	cmd.Env = append(os.Environ(),
		"KUBECONFIG="+n.pki("admin.kubeconfig"), "PATH="+n.bin+":"+os.Getenv("PATH"),
		"E2E_LOAD=ctr --address "+containerd+" --namespace k8s.io images import")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 30 * time.Second
	return exitStatus(cmd.Run())
}

// diagnose keeps beside the logs what the cluster knew at the end.
func (n *cluster) diagnose() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for name, args := range map[string][]string{
		"events.txt":  {"get", "events", "--all-namespaces", "--sort-by=.lastTimestamp"},
		"pods.txt":    {"get", "pods", "--all-namespaces", "--output=wide"},
		"pods.yaml":   {"get", "pods", "--all-namespaces", "--output=yaml"},
		"nodes.yaml":  {"get", "nodes", "--output=yaml"},
		"tekton.yaml": {"get", "pipelineruns,taskruns,customruns", "--all-namespaces", "--output=yaml"},
	} {
		out, err := n.kubectl(args...)(ctx).CombinedOutput()
		if err != nil {
			out = append(out, err.Error()...)
		}
		if err := os.WriteFile(n.file("logs/"+name), out, 0o644); err != nil {
			n.say("keeping %s: %v", name, err)
		}
	}
}
