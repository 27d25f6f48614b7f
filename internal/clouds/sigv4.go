package clouds

import (
	"net/http"
	"strings"
	"time"
)

const (
	// sigV4Date is the form of the X-Amz-Date header.
	sigV4Date = "20060102T150405Z"
	// sigV4Age is how far that date may be off:
	// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/CommonErrors.html
	sigV4Age = 15 * time.Minute
)

// sigV4 is what a request signed with AWS Signature Version 4 tells of itself. The signature is not verified: the
// servers hold no secrets. See https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
type sigV4 struct {
	accessKey, region, service string
	signed                     time.Time
}

// parseSigV4 reads the Authorization and X-Amz-Date headers; ok is false unless both are complete.
func parseSigV4(h http.Header) (s sigV4, ok bool) {
	fields, ok := strings.CutPrefix(h.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return sigV4{}, false
	}
	values := map[string]string{}
	for field := range strings.SplitSeq(fields, ",") {
		k, v, _ := strings.Cut(strings.TrimSpace(field), "=")
		values[k] = v
	}
	// Access key, date, region, service, terminator.
	scope := strings.Split(values["Credential"], "/")
	if len(scope) != 5 || scope[4] != "aws4_request" || values["SignedHeaders"] == "" || values["Signature"] == "" {
		return sigV4{}, false
	}
	signed, err := time.Parse(sigV4Date, h.Get("X-Amz-Date"))
	s = sigV4{accessKey: scope[0], region: scope[2], service: scope[3], signed: signed}
	return s, err == nil && s.accessKey != "" && s.region != ""
}
