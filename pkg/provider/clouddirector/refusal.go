package clouddirector

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// refusal is an answer with an error status.
type refusal struct {
	status int
	code   string // Cloud Director's or OAuth's; empty: none that is one
}

func (r *refusal) Error() string {
	if r.code == "" {
		return fmt.Sprintf("HTTP %d", r.status)
	}
	return fmt.Sprintf("%s (HTTP %d)", r.code, r.status)
}

func newRefusal(resp *http.Response, body []byte) *refusal {
	return &refusal{status: resp.StatusCode, code: errorCode(body)}
}

var (
	// minorErrorCode is what Cloud Director's codes look like, such as ACCESS_TO_RESOURCE_IS_FORBIDDEN. Everything else that
	// an answer says is free text: it holds request IDs, and might repeat what was sent.
	minorErrorCode = regexp.MustCompile(`^[A-Z]+(_[A-Z]+)*$`)
	// oauthCodes are those of https://datatracker.ietf.org/doc/html/rfc6749#section-5.2.
	oauthCodes = []string{
		"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type", "invalid_scope",
	}
)

// errorCode finds the code in an error of the older API (XML), the newer one (JSON) or OAuth (JSON).
func errorCode(body []byte) string {
	var e struct {
		Minor string `xml:"minorErrorCode,attr" json:"minorErrorCode"`
		OAuth string `xml:"-" json:"error"`
	}
	if xml.Unmarshal(body, &e) != nil && json.Unmarshal(body, &e) != nil {
		return ""
	}
	switch {
	case minorErrorCode.MatchString(e.Minor):
		return e.Minor
	case slices.Contains(oauthCodes, e.OAuth):
		return e.OAuth
	}
	return ""
}

// told is an error of this package, whose text may be shown as it is.
type told string

func (t told) Error() string { return string(t) }

// tidy keeps of an error what is the same every time and can't hold a secret.
func tidy(err error) error {
	var (
		refused *refusal
		ours    told
	)
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &ours):
		return ours
	}
	return errors.New(inventory.Cause(err))
}
