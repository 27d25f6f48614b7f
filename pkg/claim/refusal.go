package claim

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
)

// The reasons of refusals that have a meaning here (metav1.StatusReason in k8s.io/apimachinery pkg/apis/meta/v1/types.go).
const (
	reasonExists    = "AlreadyExists"
	reasonConflict  = "Conflict"
	reasonForbidden = "Forbidden"
	reasonNotFound  = "NotFound"
)

// errNoAnswer says that a success has no content that could be one.
var errNoAnswer = errors.New("the API server's answer is not whole")

// refusal is an answer of the API server that is no success.
type refusal struct {
	code   int
	reason string // "" where the answer is no Status object
}

func (r *refusal) Error() string {
	if r.reason == "" {
		return fmt.Sprintf("HTTP %d", r.code)
	}
	return fmt.Sprintf("%s (HTTP %d)", r.reason, r.code)
}

var word = regexp.MustCompile(`^[A-Za-z]{1,40}$`)

// refused reads a Status object. Only that has a reason: a proxy's 404, or one for a resource that the server doesn't know, has none,
// and says nothing about an object.
func refused(code int, content []byte) error {
	var status struct {
		Kind   string `json:"kind"`
		Reason string `json:"reason"`
	}
	if json.Unmarshal(content, &status) != nil || status.Kind != "Status" || !word.MatchString(status.Reason) {
		return &refusal{code: code}
	}
	return &refusal{code, status.Reason}
}

func isReason(err error, reason string) bool {
	var r *refusal
	return errors.As(err, &r) && r.reason == reason
}
