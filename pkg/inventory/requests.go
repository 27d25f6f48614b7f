package inventory

import (
	"context"
	"net/http"
	"sync/atomic"
)

type (
	counterKey struct{}
	limitKey   struct{}
)

// WithCounter returns a context whose requests are counted by every [CountRequests] transport that they go through, and no longer
// for the look that ctx belongs to.
func WithCounter(ctx context.Context) (context.Context, *atomic.Int64) {
	counter := new(atomic.Int64)
	return context.WithValue(ctx, counterKey{}, counter), counter
}

// WithLimit returns a context whose requests are sent when wait returns, and not at all where that is with an error.
func WithLimit(ctx context.Context, wait func(context.Context) error) context.Context {
	return context.WithValue(ctx, limitKey{}, wait)
}

// CountRequests makes the requests that go through next count for the look whose context they carry, repeated ones too. Every
// provider's client sends its requests through one.
func CountRequests(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		if err := CountRequest(r.Context()); err != nil {
			return nil, err
		}
		return next.RoundTrip(r)
	})
}

// CountRequest counts one request for the look that ctx belongs to, as soon as it may be sent. Where the error is not nil it must not
// be.
func CountRequest(ctx context.Context) error {
	if wait, ok := ctx.Value(limitKey{}).(func(context.Context) error); ok {
		if err := wait(ctx); err != nil {
			return err
		}
	}
	AddRequests(ctx, 1)
	return nil
}

// AddRequests counts requests for the look that ctx belongs to, such as those of another that answered for it.
func AddRequests(ctx context.Context, n int64) {
	if counter, ok := ctx.Value(counterKey{}).(*atomic.Int64); ok {
		counter.Add(n)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
