package inventory

import (
	"context"
	"net/http"
	"sync/atomic"
)

type counterKey struct{}

// withCounter returns a context whose requests are counted by every [CountRequests] transport that they go through.
func withCounter(ctx context.Context) (context.Context, *atomic.Int64) {
	counter := new(atomic.Int64)
	return context.WithValue(ctx, counterKey{}, counter), counter
}

// CountRequests makes the requests that go through next count for the look whose context they carry, repeated ones too. Every
// provider's client sends its requests through one.
func CountRequests(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		CountRequest(r.Context())
		return next.RoundTrip(r)
	})
}

// CountRequest counts one request for the look that ctx belongs to.
func CountRequest(ctx context.Context) {
	if counter, ok := ctx.Value(counterKey{}).(*atomic.Int64); ok {
		counter.Add(1)
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
