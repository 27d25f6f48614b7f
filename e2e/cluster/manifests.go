//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
)

// Images that the cluster itself runs. They are loaded, never pulled.
const (
	pauseImage   = "e2e.nodeimage.test/pause:e2e"
	coreDNSImage = "e2e.nodeimage.test/coredns:e2e"
)

// volumes is how many volumes there are to claim. They are made beforehand, as a cluster of one node needs no provisioner, and each
// is used once.
const volumes = 150

// manifests writes what every cluster has into one file.
func (n *cluster) manifests() (file string, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, dnsManifests, coreDNSImage, dnsService)
	b.WriteString(storageClass)
	for i := range volumes {
		dir := n.file(fmt.Sprintf("volumes/%03d", i))
		if err := os.Mkdir(dir, 0o755); err != nil {
			return "", err
		}
		if err := os.Chmod(dir, 0o777); err != nil { // whatever the umask: the pods' users write here
			return "", err
		}
		fmt.Fprintf(&b, volume, i, dir)
	}
	file = n.file("manifests.yaml")
	return file, os.WriteFile(file, []byte(b.String()), 0o644)
}

const storageClass = `---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: e2e
  annotations: {storageclass.kubernetes.io/is-default-class: "true"}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
`

const volume = `---
apiVersion: v1
kind: PersistentVolume
metadata: {name: "e2e-%03d"}
spec:
  storageClassName: e2e
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  hostPath: {path: %q}
`

const dnsManifests = `apiVersion: v1
kind: ServiceAccount
metadata: {name: coredns, namespace: kube-system}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: coredns}
rules:
  - {apiGroups: [""], resources: [services, pods, namespaces], verbs: [list, watch]}
  - {apiGroups: [discovery.k8s.io], resources: [endpointslices], verbs: [list, watch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: coredns}
subjects: [{kind: ServiceAccount, name: coredns, namespace: kube-system}]
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: coredns}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: coredns, namespace: kube-system}
data:
  Corefile: |
    .:5353 {
      errors
      health :8080
      ready :8181
      kubernetes cluster.local {
        ttl 5
      }
      cache 5
    }
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: coredns, namespace: kube-system}
spec:
  selector: {matchLabels: {app: coredns}}
  template:
    metadata: {labels: {app: coredns}}
    spec:
      serviceAccountName: coredns
      dnsPolicy: Default
      containers:
        - name: coredns
          image: %s
          args: [-conf, /etc/coredns/Corefile]
          readinessProbe: {httpGet: {path: /ready, port: 8181}, periodSeconds: 1}
          volumeMounts: [{name: config, mountPath: /etc/coredns}]
      volumes:
        - {name: config, configMap: {name: coredns}}
---
apiVersion: v1
kind: Service
metadata: {name: kube-dns, namespace: kube-system}
spec:
  clusterIP: %s
  selector: {app: coredns}
  ports:
    - {name: dns, port: 53, targetPort: 5353, protocol: UDP}
    - {name: dns-tcp, port: 53, targetPort: 5353, protocol: TCP}
`
