package s3

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// refusal is an error that the server answered with.
type refusal struct {
	code   string // S3's, or made of the status by the SDK where the answer has none
	status int
}

func (r *refusal) Error() string {
	if r.code == "" {
		return fmt.Sprintf("HTTP %d", r.status)
	}
	return fmt.Sprintf("%s (HTTP %d)", r.code, r.status)
}

// mayNotList tells whether S3 knows the bucket and the caller, but doesn't let the one list the other.
func mayNotList(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.code == "AccessDenied" && r.status == http.StatusForbidden
}

// forbidden tells whether an answer has the status that S3 uses for a missing object, too.
func forbidden(err error) bool {
	var r *refusal
	return errors.As(err, &r) && r.status == http.StatusForbidden
}

// unusable is an answer that can't be one of S3 to the request.
type unusable string

func (u unusable) Error() string { return "the answer can't be used: " + string(u) }

// tidy keeps of an error what is the same every time and can't hold a secret: S3's error code and the status, or the cause.
func (b *bucket) tidy(err error) error {
	var (
		own      unusable
		api      smithy.APIError
		decode   *smithy.DeserializationError
		response *awshttp.ResponseError
	)
	answered := errors.As(err, &response)
	switch {
	case errors.As(err, &own):
		return own
	case answered && errors.As(err, &api):
		return b.explain(&refusal{code(api), response.HTTPStatusCode()}, response.Response.Header.Get("X-Amz-Bucket-Region"))
	case answered && response.HTTPStatusCode() >= http.StatusMultipleChoices:
		return &refusal{status: response.HTTPStatusCode()}
	case errors.As(err, &decode):
		return unusable("it is incomplete or not one of S3")
	}
	return errors.New(inventory.Cause(err))
}

// explain adds words to the refusals that tell of wrong settings
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html). The answer to a request that went to the wrong region
// has the right one in its headers.
func (b *bucket) explain(r *refusal, region string) error {
	switch r.code {
	case "NoSuchBucket":
		return fmt.Errorf("the bucket does not exist: %w", r)
	case "PermanentRedirect", "MovedPermanently", "AuthorizationHeaderMalformed":
		if looksLikeRegion.MatchString(region) && region != b.region {
			return fmt.Errorf("the bucket is in %s, not in %s: %w", region, b.region, r)
		}
		return fmt.Errorf("the bucket may be in another region than %s: %w", b.region, r)
	}
	return r
}

// What servers send is repeated only if it looks like what it should be, as it ends up in plans.
var (
	looksLikeRegion = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]{1,16}){1,3}-[0-9]{1,2}$`)
	looksLikeCode   = regexp.MustCompile(`^[A-Z][A-Za-z]{1,38}$`) // a secret access key has 40 characters
)

func code(err smithy.APIError) string {
	if c := err.ErrorCode(); looksLikeCode.MatchString(c) {
		return c
	}
	return ""
}

// origin says which service was to give credentials: ec2imds where nothing is configured and the machine is asked.
func origin(err error) string {
	var operation *smithy.OperationError
	if errors.As(err, &operation) {
		return " from " + operation.Service()
	}
	return ""
}
