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
// know, and would take any well-formed page for an answer without images.
type onlyAnswers struct{ next http.RoundTripper }

func (o onlyAnswers) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := o.next.RoundTrip(r)
	if err != nil || resp.StatusCode != http.StatusOK {
		return resp, err
	}
	body := bufio.NewReaderSize(resp.Body, 1024)
	if head, _ := body.Peek(1024); !bytes.Contains(head, []byte("<DescribeImagesResponse")) {
		resp.Body.Close()
		return nil, errNotEC2
	}
	resp.Body = readCloser{body, resp.Body}
	return resp, nil
}

type readCloser struct {
	io.Reader
	io.Closer
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
