package apiserver

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
)

var (
	subdomain  = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$`)
	labelValue = regexp.MustCompile(`^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$`)
)

// valid holds an object to the rules for Leases (kubernetes/kubernetes pkg/apis/coordination/validation) and for metadata
// (apimachinery pkg/api/validation/objectmeta.go).
func valid(o Object) bool {
	m := o.Metadata
	if len(m.Name) > 253 || !subdomain.MatchString(m.Name) {
		return false
	}
	for _, value := range m.Labels {
		if !labelValue.MatchString(value) {
			return false
		}
	}
	for _, owner := range m.OwnerReferences {
		if !strings.Contains(owner.APIVersion, "/") || owner.Kind == "" || owner.Name == "" || owner.UID == "" {
			return false
		}
	}
	return validSpec(o.Spec)
}

// microTime is MicroTime's form (apimachinery pkg/apis/meta/v1/micro_time.go).
const microTime = "2006-01-02T15:04:05.000000Z07:00"

func validSpec(text json.RawMessage) bool {
	var spec struct {
		HolderIdentity       *string `json:"holderIdentity"`
		LeaseDurationSeconds *int32  `json:"leaseDurationSeconds"`
		AcquireTime          *string `json:"acquireTime"`
		RenewTime            *string `json:"renewTime"`
		LeaseTransitions     *int32  `json:"leaseTransitions"`
	}
	decoder := json.NewDecoder(strings.NewReader(string(text)))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&spec) != nil {
		return false
	}
	for _, at := range []*string{spec.AcquireTime, spec.RenewTime} {
		if at == nil {
			continue
		}
		if _, err := time.Parse(microTime, *at); err != nil {
			return false
		}
	}
	return (spec.LeaseDurationSeconds == nil || *spec.LeaseDurationSeconds > 0) && (spec.LeaseTransitions == nil || *spec.LeaseTransitions >= 0)
}
