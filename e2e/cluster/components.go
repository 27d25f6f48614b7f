//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Addresses and names in the cluster.
const (
	nodeName    = "e2e"
	nodeAddress = "10.87.0.1"
	podRange    = "10.88.0.0/16"
	services    = "10.96.0.0/16"
	apiService  = "10.96.0.1"
	dnsService  = "10.96.0.10"
	apiServer   = "https://127.0.0.1:6443"
	etcdURL     = "http://127.0.0.1:2379"
	cniPlugins  = "/usr/lib/cni" // where Debian's containernetworking-plugins lie
	containerd  = "/run/containerd/containerd.sock"
)

// component is one of the programs that make a cluster.
type component struct {
	name    string
	program string
	args    []string
}

// start runs a component until ctx ends, with its log in logs. It calls ended where the component ends before.
func (c component) start(ctx context.Context, logs string, ended func(error)) error {
	log, err := os.Create(filepath.Join(logs, c.name+".log"))
	if err != nil {
		return err
	}
	defer log.Close() // the program has a copy
	cmd := exec.CommandContext(ctx, c.program, c.args...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt from the terminal is not for it
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Second
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", c.name, err)
	}
	go func() {
		err := cmd.Wait()
		if ctx.Err() == nil {
			ended(fmt.Errorf("%s ended (%v); see its log", c.name, cmp.Or(err, errors.New("exit status 0"))))
		}
	}()
	return nil
}

// runtime are the programs that do not need the API server.
func (n *cluster) runtime() []component {
	return []component{
		{"etcd", "etcd", []string{
			"--data-dir=" + n.file("etcd"), "--listen-client-urls=" + etcdURL, "--advertise-client-urls=" + etcdURL,
			"--listen-peer-urls=http://127.0.0.1:2380", "--unsafe-no-fsync", "--quota-backend-bytes=4294967296",
		}},
		{"containerd", "containerd", []string{"--config=" + n.file("containerd.toml")}},
	}
}

// apiServer is the API server. Aggregator routing makes it call webhooks by the addresses of their pods: it is not itself subject to
// kube-proxy's rules.
func (n *cluster) apiServer() component {
	pki := n.pki
	return component{"kube-apiserver", n.program("kube-apiserver"), []string{
		"--etcd-servers=" + etcdURL, "--bind-address=0.0.0.0", "--advertise-address=" + nodeAddress, "--secure-port=6443",
		"--client-ca-file=" + pki("ca.crt"),
		"--tls-cert-file=" + pki("kube-apiserver.crt"), "--tls-private-key-file=" + pki("kube-apiserver.key"),
		"--kubelet-client-certificate=" + pki("admin.crt"), "--kubelet-client-key=" + pki("admin.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--service-cluster-ip-range=" + services, "--authorization-mode=Node,RBAC", "--enable-aggregator-routing=true",
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + pki("service-accounts.pub"), "--service-account-signing-key-file=" + pki("service-accounts.key"),
		"--watch-cache=true", "--profiling=false",
	}}
}

// rest are the programs that follow the API server.
func (n *cluster) rest() []component {
	pki := n.pki
	return []component{
		{"kube-controller-manager", n.program("kube-controller-manager"), []string{
			"--kubeconfig=" + pki("kube-controller-manager.kubeconfig"), "--root-ca-file=" + pki("ca.crt"),
			"--service-account-private-key-file=" + pki("service-accounts.key"), "--use-service-account-credentials=true",
			"--cluster-cidr=" + podRange, "--service-cluster-ip-range=" + services, "--leader-elect=false",
			"--bind-address=127.0.0.1", "--kube-api-qps=200", "--kube-api-burst=400",
		}},
		{"kube-scheduler", n.program("kube-scheduler"), []string{
			"--kubeconfig=" + pki("kube-scheduler.kubeconfig"), "--leader-elect=false", "--bind-address=127.0.0.1",
			"--kube-api-qps=200", "--kube-api-burst=400",
		}},
		{"kubelet", n.program("kubelet"), []string{
			"--config=" + n.file("kubelet.yaml"), "--kubeconfig=" + pki("kubelet.kubeconfig"),
			"--hostname-override=" + nodeName, "--node-ip=" + nodeAddress,
		}},
		{"kube-proxy", n.program("kube-proxy"), []string{
			"--kubeconfig=" + pki("kube-proxy.kubeconfig"), "--hostname-override=" + nodeName, "--proxy-mode=nftables",
			"--cluster-cidr=" + podRange, "--conntrack-max-per-core=0", "--conntrack-tcp-timeout-established=0s",
			"--conntrack-tcp-timeout-close-wait=0s", "--nodeport-addresses=127.0.0.0/8", "--healthz-bind-address=127.0.0.1:10256",
		}},
	}
}
