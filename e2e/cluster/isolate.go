//go:build linux

package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// covered are directories that the cluster's parts write to without asking. The cluster sees the machine's files there, and whatever
// it writes goes to its own directory.
func covered() []string { return []string{"/etc", "/opt", "/var/lib", "/var/log"} }

// isolate gives the cluster a place of its own: its mounts, its host name and its network.
func (n *cluster) isolate() error {
	if err := n.mount(); err != nil {
		return err
	}
	if err := syscall.Sethostname([]byte(nodeName)); err != nil {
		return fmt.Errorf("naming the host: %w", err)
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o644); err != nil {
		return err
	}
	for _, args := range [][]string{
		{"link", "set", "lo", "up"},
		{"link", "add", "node0", "type", "bridge"}, // with nothing on it: an interface to have an address
		{"address", "add", nodeAddress + "/24", "dev", "node0"},
		{"link", "set", "node0", "up"},
		{"route", "add", "default", "dev", "node0"}, // nothing is there, but some want to know where it would be
	} {
		if out, err := exec.Command("ip", args...).CombinedOutput(); err != nil {
			return fmt.Errorf("making the network: ip %v: %w: %s", args, err, out)
		}
	}
	return nil
}

// mount hides the machine's directories behind those of the cluster. Mounts are shared within the namespace, as the kubelet wants
// them, and with nobody outside.
func (n *cluster) mount() error {
	for _, flags := range []uintptr{syscall.MS_REC | syscall.MS_PRIVATE, syscall.MS_REC | syscall.MS_SHARED} {
		if err := syscall.Mount("", "/", "", flags, ""); err != nil {
			return fmt.Errorf("keeping mounts to the namespace: %w", err)
		}
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	if err := syscall.Mount("run", "/run", "tmpfs", 0, "mode=755"); err != nil {
		return fmt.Errorf("mounting /run: %w", err)
	}
	for _, dir := range covered() {
		if err := n.cover(dir); err != nil {
			return err
		}
	}
	for _, dir := range []string{"/etc/cni/net.d", "/var/log/pods", n.file("logs/pods"), n.file("volumes"), n.file("containerd")} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := syscall.Mount(n.file("logs/pods"), "/var/log/pods", "", syscall.MS_BIND, ""); err != nil {
		return fmt.Errorf("keeping the logs of pods: %w", err)
	}
	return nil
}

// cover lays the cluster's own directory over one of the machine's.
func (n *cluster) cover(dir string) error {
	upper, work := n.file("over"+dir+"/upper"), n.file("over"+dir+"/work")
	for _, d := range []string{upper, work} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	options := fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", dir, upper, work)
	if err := syscall.Mount("overlay", dir, "overlay", 0, options); err != nil {
		return fmt.Errorf("covering %s: %w", dir, err)
	}
	return nil
}

// loadImages loads every archive, two at a time, since unpacking is bound to processors.
func (n *cluster) loadImages(ctx context.Context) error {
	archives, err := filepath.Glob(filepath.Join(n.images, "*.tar"))
	if err != nil {
		return err
	}
	ping := func(ctx context.Context) *exec.Cmd {
		return exec.CommandContext(ctx, "ctr", "--address="+containerd, "version")
	}
	if err := n.await(ctx, "waiting for containerd", ping); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2)
	for _, archive := range archives {
		group.Go(func() error {
			cmd := exec.CommandContext(ctx, "ctr", "--address="+containerd, "--namespace=k8s.io", "images", "import", archive)
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("loading %s: %w: %s", archive, err, out)
			}
			return nil
		})
	}
	err = group.Wait()
	n.say("loaded %d images", len(archives))
	return err
}
