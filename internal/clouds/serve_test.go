package clouds

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// gate tells when a request has come in and when it has been left by its handler.
type gate struct {
	http.Handler
	in, out chan struct{}
}

func newGate(h http.Handler) gate { return gate{h, make(chan struct{}), make(chan struct{})} }

func (g gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer close(g.out)
	close(g.in)
	g.Handler.ServeHTTP(w, r)
}

// within fails the test if c stays open.
func within[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: still waiting", what)
	}
	return v
}

// TestWaitingEnds shows that a request that gets no answer ends with its client and with its server, leaves no
// goroutine, and keeps no server from closing.
func TestWaitingEnds(t *testing.T) {
	t.Parallel()
	slow := func(b *Behaviour) { b.Fail("a", Slow) }
	latency := func(b *Behaviour) { b.Latency(time.Hour) }
	for name, c := range map[string]struct {
		wait  func(*Behaviour)
		serve func(http.Handler) *httptest.Server
		end   func(hangUp context.CancelFunc, s *httptest.Server)
	}{
		"slow, client hangs up":       {slow, Start, func(hangUp context.CancelFunc, _ *httptest.Server) { hangUp() }},
		"slow, client hangs up, TLS":  {slow, StartTLS, func(hangUp context.CancelFunc, _ *httptest.Server) { hangUp() }},
		"slow, server closes":         {slow, Start, func(_ context.CancelFunc, s *httptest.Server) { s.Close() }},
		"slow, server closes, TLS":    {slow, StartTLS, func(_ context.CancelFunc, s *httptest.Server) { s.Close() }},
		"slow, plain httptest server": {slow, httptest.NewServer, func(hangUp context.CancelFunc, s *httptest.Server) { s.Close(); hangUp() }},
		"latency, client hangs up":    {latency, Start, func(hangUp context.CancelFunc, _ *httptest.Server) { hangUp() }},
		"latency, server closes":      {latency, Start, func(_ context.CancelFunc, s *httptest.Server) { s.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p parrot
			c.wait(&p.Behaviour)
			g := newGate(&p)
			s := c.serve(g)
			t.Cleanup(s.Close)
			ctx, hangUp := context.WithCancel(t.Context())
			defer hangUp()
			answered := make(chan error, 1)
			go func() {
				_, _, err := ask(ctx, s, http.MethodGet, "a")
				answered <- err
			}()
			within(t, "request", g.in)
			ended := make(chan struct{})
			go func() { defer close(ended); c.end(hangUp, s) }()
			within(t, "close", ended)
			within(t, "handler", g.out)
			if err := within(t, "client", answered); err == nil {
				t.Error("the client got an answer")
			}
		})
	}
}
