package aws

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// errNotEC2 is what a proxy or a captive portal gets for its page.
var errNotEC2 = errors.New("the answer is not one of EC2")

// onlyAnswers lets no success through that isn't an answer to DescribeImages. The SDK's decoder skips elements that it doesn't
// know and takes every 2xx for a success: a proxy's page, or none, would be an answer without images.
type onlyAnswers struct{ next http.RoundTripper }

func (o onlyAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(r)
	if err != nil || resp.StatusCode >= http.StatusMultipleChoices {
		return resp, err
	}
	body := bufio.NewReaderSize(resp.Body, 4096)
	if head, _ := body.Peek(4096); resp.StatusCode != http.StatusOK || !isAnswer(head) {
		resp.Body.Close()
		return nil, errNotEC2
	}
	resp.Body = readCloser{body, resp.Body}
	return resp, nil
}

// isAnswer reports whether a body begins like an answer. Also one without images has the element for them, before any image.
func isAnswer(head []byte) bool {
	_, rest, found := bytes.Cut(head, []byte("<DescribeImagesResponse"))
	return found && bytes.Contains(rest, []byte("<imagesSet"))
}

type readCloser struct {
	io.Reader
	io.Closer
}

// detail adds to a sentence why there are no credentials, where that is known: mostly nothing has any.
func detail(err error) string {
	if text := tidy(err).Error(); text != inventory.CauseUnknown {
		return ": " + text
	}
	return ""
}

// tidy keeps of an error what is the same every time and can't hold a secret: EC2's error code and the status, or the cause.
func tidy(err error) error {
	var (
		api      smithy.APIError
		response *awshttp.ResponseError
		decode   *smithy.DeserializationError
	)
	switch {
	case errors.Is(err, errNotEC2):
		return errNotEC2
	case errors.As(err, &api) && errors.As(err, &response):
		return fmt.Errorf("%s (HTTP %d)", api.ErrorCode(), response.HTTPStatusCode())
	case errors.As(err, &decode):
		return errors.New("the answer is incomplete or not one of EC2")
	case errors.As(err, &api):
		return errors.New(api.ErrorCode())
	}
	return errors.New(inventory.Cause(err))
}
