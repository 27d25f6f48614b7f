package claim

import (
	"crypto/sha256"
	"encoding/hex"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/giantswarm/nodeimage/pkg/plan"
)

// lease is as much of a Lease as is used here
// (https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/lease-v1/).
type lease struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Metadata   metadata  `json:"metadata"`
	Spec       leaseSpec `json:"spec"`
}

type metadata struct {
	Name            string            `json:"name"`
	UID             string            `json:"uid,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	OwnerReferences []owner           `json:"ownerReferences,omitempty"`
}

type owner struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
}

type leaseSpec struct {
	HolderIdentity       string `json:"holderIdentity,omitempty"`
	LeaseDurationSeconds int32  `json:"leaseDurationSeconds,omitempty"`
	AcquireTime          string `json:"acquireTime,omitempty"`
	RenewTime            string `json:"renewTime,omitempty"`
	LeaseTransitions     int32  `json:"leaseTransitions,omitempty"`
}

// microTime is the form of a Lease's times (MicroTime in k8s.io/apimachinery pkg/apis/meta/v1/micro_time.go).
const microTime = "2006-01-02T15:04:05.000000Z07:00"

// labelPrefix begins the labels that are nodeimage's own.
const labelPrefix = "nodeimage.giantswarm.io/"

// newLease is the Lease of a claim that begins now. It goes with its PipelineRun when that is deleted.
func (c *Client) newLease(a plan.Artifact) lease {
	now := c.now().UTC().Format(microTime)
	return lease{
		APIVersion: "coordination.k8s.io/v1", Kind: "Lease",
		Metadata: metadata{
			Name: leaseName(a),
			Labels: labels(map[string]string{
				"app.kubernetes.io/name": "nodeimage", "app.kubernetes.io/managed-by": "nodeimage",
				labelPrefix + "builder": a.Builder, labelPrefix + "image": a.Image,
				"tekton.dev/pipelineRun": c.run.Name,
			}),
			OwnerReferences: []owner{{"tekton.dev/v1", "PipelineRun", c.run.Name, c.run.UID}},
		},
		Spec: leaseSpec{
			HolderIdentity: c.run.Name + "/" + c.run.UID, LeaseDurationSeconds: int32(min(c.limit.Seconds(), math.MaxInt32)),
			AcquireTime: now, RenewTime: now,
		},
	}
}

// over makes a Lease the next version of one that is there. The API server takes it only if nobody else has changed that one.
func (l lease) over(found lease) lease {
	l.Metadata.UID, l.Metadata.ResourceVersion = found.Metadata.UID, found.Metadata.ResourceVersion
	l.Spec.LeaseTransitions = found.Spec.LeaseTransitions + 1
	if found.holder() == l.holder() {
		l.Spec.AcquireTime, l.Spec.LeaseTransitions = found.Spec.AcquireTime, found.Spec.LeaseTransitions
	}
	return l
}

// subdomain and labelValue are what names and labels have to look like
// (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names and .../labels/#syntax-and-character-set).
var (
	subdomain  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	labelValue = regexp.MustCompile(`^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$`)
)

// leaseName is readable where that makes a name. The hash tells apart what the rest doesn't, such as the builders a and a-b.
func leaseName(a plan.Artifact) string {
	sum := sha256.Sum256([]byte(a.Builder + "\n" + a.Image))
	hash := hex.EncodeToString(sum[:8])
	name := "nodeimage-" + a.Builder + "-" + a.Image + "-" + hash
	if len(name) > 253 || !subdomain.MatchString(name) {
		return "nodeimage-" + hash
	}
	return name
}

// labels leaves out what is no value of a label: a Lease without it is better than none.
func labels(all map[string]string) map[string]string {
	for key, value := range all {
		if !labelValue.MatchString(value) {
			delete(all, key)
		}
	}
	return all
}

// holder is the run that a Lease names, or the zero value. An identity in another form is that of a run without a UID.
func (l lease) holder() Run {
	name, uid, _ := strings.Cut(l.Spec.HolderIdentity, "/")
	return Run{name, uid}
}

// expired reports whether a Lease's time is over. One without a time has no end.
func (l lease) expired(now time.Time) bool {
	renewed, err := time.Parse(microTime, l.Spec.RenewTime)
	if err != nil || l.Spec.LeaseDurationSeconds == 0 {
		return false
	}
	return !now.Before(renewed.Add(time.Duration(l.Spec.LeaseDurationSeconds) * time.Second))
}

// pipelineRun is as much of a PipelineRun as is used here.
type pipelineRun struct {
	Metadata metadata `json:"metadata"`
	Spec     struct {
		Timeouts struct {
			// Pipeline is a Go duration; 0 is none. Tekton's admission fills it in
			// (https://tekton.dev/docs/pipelines/pipelineruns/#configuring-a-failure-timeout).
			Pipeline string `json:"pipeline"`
		} `json:"timeouts"`
	} `json:"spec"`
	Status struct {
		Conditions []struct {
			Type   string `json:"type"`
			Status string `json:"status"`
		} `json:"conditions"`
	} `json:"status"`
}

// done reports whether the run has ended, well or not: its condition Succeeded is True or False, and Unknown while it runs
// (https://tekton.dev/docs/pipelines/pipelineruns/#monitoring-execution-status).
func (r pipelineRun) done() bool {
	for _, c := range r.Status.Conditions {
		if c.Type == "Succeeded" {
			return c.Status == "True" || c.Status == "False"
		}
	}
	return false
}
