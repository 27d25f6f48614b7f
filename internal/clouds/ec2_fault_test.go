package clouds

import (
	"context"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/google/go-cmp/cmp"
)

func TestEC2Faults(t *testing.T) {
	t.Parallel()
	for f, want := range map[Fault]struct {
		code   string
		status int
	}{
		Forbidden:       {"UnauthorizedOperation", 403},
		Unauthenticated: {"AuthFailure", 401},
		ThrottledOnce:   {"RequestLimitExceeded", 503},
		Throttled:       {"RequestLimitExceeded", 503},
		ServerError:     {"InternalError", 500},
		Unavailable:     {"Unavailable", 503},
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			e := letters(EC2Config{}, "a")
			e.Fail(paris, f)
			s := start(t, e)
			_, err := client(s.URL, paris).DescribeImages(t.Context(), &ec2.DescribeImagesInput{})
			if got := code(err); got != want.code {
				t.Errorf("got %s, want %s", got, want.code)
			}
			if e, ok := errors.AsType[*awshttp.ResponseError](err); !ok || e.HTTPStatusCode() != want.status || e.ServiceRequestID() == "" {
				t.Errorf("got %v, want status %d and a request ID", err, want.status)
			}
			names(t, client(s.URL, "eu-central-1"), &ec2.DescribeImagesInput{}) // other regions are well
		})
	}
}

func TestEC2BrokenConnections(t *testing.T) {
	t.Parallel()
	for f, want := range map[Fault]error{Reset: syscall.ECONNRESET, Truncated: io.ErrUnexpectedEOF} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			e := letters(EC2Config{}, "a")
			e.Fail(paris, f)
			_, err := inParis(t, e).DescribeImages(t.Context(), &ec2.DescribeImagesInput{})
			if !errors.Is(err, want) {
				t.Errorf("got %v, want %v", err, want)
			}
		})
	}
}

// TestEC2Garbage holds on to what makes Garbage worth a test: the client sees no error, but an empty answer. Only the
// request ID is missing, which every answer of EC2 has.
func TestEC2Garbage(t *testing.T) {
	t.Parallel()
	e := letters(EC2Config{}, "a")
	c := inParis(t, e)
	for f, want := range map[Fault]int{None: 1, Garbage: 0} {
		e.Fail(paris, f)
		out, err := c.DescribeImages(t.Context(), &ec2.DescribeImagesInput{})
		if err != nil {
			t.Fatal(err)
		}
		_, known := awsmiddleware.GetRequestIDMetadata(out.ResultMetadata)
		if len(out.Images) != want || known != (f == None) {
			t.Errorf("%q: got %d images, request ID: %t", f, len(out.Images), known)
		}
	}
}

func TestEC2Slow(t *testing.T) {
	t.Parallel()
	e := letters(EC2Config{}, "a")
	e.Fail(paris, Slow)
	g := newGate(e)
	c := client(start(t, g).URL, paris)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-g.in; cancel() }()
	_, err := c.DescribeImages(ctx, &ec2.DescribeImagesInput{})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	within(t, "handler", g.out)
}

// retrying lets the client retry as it does by default, but at once.
func retrying(o *ec2.Options) {
	o.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
		r.RateLimiter = ratelimit.None
		r.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
}

func TestEC2Retries(t *testing.T) {
	t.Parallel()
	for f, want := range map[Fault]struct {
		code  string
		calls int
	}{
		ThrottledOnce: {"no API error: <nil>", 2},
		Throttled:     {"RequestLimitExceeded", 3},
		Unavailable:   {"Unavailable", 3},
		Forbidden:     {"UnauthorizedOperation", 1},
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			e := letters(EC2Config{}, "a")
			e.Fail(paris, f)
			_, err := inParis(t, e, retrying).DescribeImages(t.Context(), &ec2.DescribeImagesInput{})
			if got := code(err); got != want.code {
				t.Errorf("got %s, want %s", got, want.code)
			}
			if got := len(e.Requests(paris)); got != want.calls {
				t.Errorf("got %d requests, want %d", got, want.calls)
			}
		})
	}
}

func TestEC2SecondPageFails(t *testing.T) {
	t.Parallel()
	e := letters(EC2Config{PageLimit: 2}, "abc")
	e.FailFrom(paris, 2, Forbidden)
	got, err := pages(t, inParis(t, e), &ec2.DescribeImagesInput{MaxResults: aws.Int32(500)})
	if diff := cmp.Diff([][]string{{"a", "b"}}, got); diff != "" || code(err) != "UnauthorizedOperation" {
		t.Errorf("%v\n%s", err, diff)
	}
}
