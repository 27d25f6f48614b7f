//go:build linux

// Cluster brings up a Kubernetes cluster of one node on this machine, runs a command with it, and takes it down, however the command
// ended:
//
//	go run ./e2e/cluster -bin DIR -images DIR COMMAND…
//
// It needs root, Kubernetes' binaries in -bin, and Debian's etcd, containerd, runc and CNI plugins; no Docker and no registry: the
// container images are the archives in -images. The command finds the cluster by KUBECONFIG, kubectl on its PATH, and in E2E_LOAD
// the command that loads an archive.
//
// The cluster has mount, network, process, host name and IPC namespaces of its own. What runs in it ends with its first process, its
// bridges, routes and firewall rules end with its network, and files that it writes to the machine's usual places lie in its own
// directory. Nothing of the machine is changed but kernel settings that the kubelet insists on, which are put back.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
)

// settings are what the command line says.
type settings struct {
	bin, images, logs string
	command           []string
}

func main() {
	var s settings
	flag.StringVar(&s.bin, "bin", "", "`directory` with Kubernetes' binaries")
	flag.StringVar(&s.images, "images", "", "`directory` with the archives (docker save) of the images to load")
	flag.StringVar(&s.logs, "logs", "dist/e2e/logs", "`directory` for the logs of the cluster's parts and of all pods")
	flag.Parse()
	s.command = flag.Args()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	status, err := run(ctx, s)
	if err != nil {
		fmt.Fprintln(os.Stderr, "cluster:", err)
	}
	os.Exit(status)
}

// run plays the part that this process has: the one that was called, the first in the namespaces, or the node in them.
func run(ctx context.Context, s settings) (int, error) {
	switch os.Getenv(partVariable) {
	case "":
		return outside(ctx, s)
	case partFirst:
		return first(ctx)
	default:
		return node(ctx, s, os.Getenv(stateVariable))
	}
}

// check reports everything that is wrong with the command line or missing on the machine.
func (s settings) check() error {
	var problems []error
	if os.Getuid() != 0 {
		problems = append(problems, errors.New("only root can make the namespaces of a cluster"))
	}
	if len(s.command) == 0 {
		problems = append(problems, errors.New("a command to run with the cluster is needed"))
	}
	for _, program := range []string{"containerd", "ctr", "runc", "etcd", "conntrack", "iptables", "nft", "ip", "mount"} {
		if _, err := exec.LookPath(program); err != nil {
			problems = append(problems, fmt.Errorf("%s is not installed", program))
		}
	}
	for _, file := range []string{cniPlugins + "/ptp", filepath.Join(s.bin, "kubelet"), s.images} {
		if _, err := os.Stat(file); err != nil {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
