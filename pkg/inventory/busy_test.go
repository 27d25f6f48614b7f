package inventory_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// server is a transport that answers by itself.
type server func(*http.Request) (*http.Response, error)

func (s server) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

// saysBusy answers with a status and a Retry-After header, and keeps the bodies that it was sent.
func saysBusy(status int, after string, bodies *[]string) server {
	return func(r *http.Request) (*http.Response, error) {
		body, err := io.ReadAll(r.Body)
		*bodies = append(*bodies, string(body))
		return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {after}}, Body: http.NoBody}, err
	}
}

func request(ctx context.Context, t *testing.T, method string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, "https://vcd.example", strings.NewReader("body"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestRetryBusyWaits measures, on a clock of its own, how long a request waits that is throttled for ever.
func TestRetryBusyWaits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		after string
		want  time.Duration // for three waits
	}{
		"says nothing":      {"", (1 + 2 + 4) * time.Second},
		"seconds":           {"7", 21 * time.Second},
		"at once":           {"0", 0},
		"beyond the bound":  {"3600", 3 * time.Minute},
		"date":              {"Sat, 01 Jan 2000 00:00:09 GMT", 9 * time.Second}, // the clock begins at midnight
		"date that is past": {"Fri, 31 Dec 1999 23:59:59 GMT", 0},
		"nonsense":          {"soon", (1 + 2 + 4) * time.Second},
		"negative":          {"-5", (1 + 2 + 4) * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var bodies []string
				start := time.Now()
				resp, err := inventory.RetryBusy(saysBusy(429, c.after, &bodies), 0).RoundTrip(request(t.Context(), t, http.MethodPost))
				if took := time.Since(start); took != c.want {
					t.Errorf("took %s, want %s", took, c.want)
				}
				if err != nil || resp.StatusCode != 429 || strings.Join(bodies, " ") != "body body body body" {
					t.Errorf("got %v, sent %q", err, bodies)
				}
			})
		})
	}
}

// TestRetryBusyLeavesAlone sends once what is answered, refused for good, or not worth a repetition.
func TestRetryBusyLeavesAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method string
		status int
	}{
		"an answer": {http.MethodGet, 200}, "forbidden": {http.MethodPost, 403}, "a server error": {http.MethodGet, 500},
		"a log-out": {http.MethodDelete, 429},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var bodies []string
			resp, err := inventory.RetryBusy(saysBusy(c.status, "0", &bodies), 0).RoundTrip(request(t.Context(), t, c.method))
			if err != nil || resp.StatusCode != c.status || len(bodies) != 1 {
				t.Errorf("got %v, %v after %d requests", resp, err, len(bodies))
			}
		})
	}
}

// TestRetryBusyEnds cancels a request while it waits to be sent again.
func TestRetryBusyEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var bodies []string
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		start := time.Now()
		_, err := inventory.RetryBusy(saysBusy(503, "600", &bodies), time.Hour).RoundTrip(request(ctx, t, http.MethodGet))
		if took := time.Since(start); took != 10*time.Second || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v after %s", err, took)
		}
	})
}
