//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
)

// writeFiles writes what the components read.
func (n *cluster) writeFiles() error {
	files := map[string]string{
		n.file("containerd.toml"):              n.containerdConfig(),
		n.file("kubelet.yaml"):                 n.kubeletConfig(),
		n.file("resolv.conf"):                  "nameserver " + dnsService + "\n",
		"/etc/cni/net.d/10-nodeimage.conflist": cniConfig,
	}
	for file, text := range files {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// containerdConfig: where runc lacks CAP_SYS_RESOURCE it can't lower a score of the OOM killer, and every sandbox would fail.
func (n *cluster) containerdConfig() string {
	return fmt.Sprintf(`version = 2
root = %q
state = "/run/containerd"
[grpc]
  address = %q
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = %q
  restrict_oom_score_adj = true
  max_concurrent_downloads = 1
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = %q
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
`, n.file("containerd"), containerd, pauseImage, cniPlugins)
}

// kubeletConfig: the node is told nothing of pressure on the disk, which it shares with the machine.
func (n *cluster) kubeletConfig() string {
	return fmt.Sprintf(`apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: %[1]s
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %[2]q}}
authorization: {mode: Webhook}
tlsCertFile: %[3]q
tlsPrivateKeyFile: %[4]q
containerRuntimeEndpoint: unix://%[5]s
cgroupDriver: cgroupfs
cgroupRoot: /%[6]s
failSwapOn: false
failCgroupV1: false
clusterDNS: [%[7]s]
clusterDomain: cluster.local
resolvConf: %[8]q
maxPods: 250
podPidsLimit: 4096
registerNode: true
kubeAPIQPS: 100
kubeAPIBurst: 200
serializeImagePulls: false
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: "0%%", nodefs.available: "0%%", nodefs.inodesFree: "0%%", imagefs.available: "0%%"}
localStorageCapacityIsolation: false
syncFrequency: 10s
nodeStatusUpdateFrequency: 5s
`, nodeAddress, n.pki("ca.crt"), n.pki("kubelet.crt"), n.pki("kubelet.key"), containerd, n.controlGroup(), dnsService, n.file("resolv.conf"))
}

// cniConfig joins each pod to the node by a link of its own: no bridge, across which pods would answer each other without the node's
// translation of service addresses.
var cniConfig = strings.ReplaceAll(`{
  "cniVersion": "0.4.0",
  "name": "nodeimage-e2e",
  "plugins": [
    {
      "type": "ptp",
      "ipMasq": true,
      "ipam": {"type": "host-local", "ranges": [[{"subnet": "RANGE"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`, "RANGE", podRange)
