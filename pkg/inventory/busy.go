package inventory

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// How RetryBusy goes about it, where the server doesn't say how long to wait.
const (
	busyAttempts   = 4
	busyBackoff    = time.Second // doubles each time
	busyMaxBackoff = time.Minute
)

// RetryBusy sends a request again, at most three times, where the server answers that it is throttled (429) or has no capacity
// (503), after as long as it asks for (Retry-After). It is for clients whose SDK does not try again by itself: there must never be
// two layers of this. No other refusal is worth a repetition: a wrong password, sent often enough, locks the account. Neither is a
// DELETE, which ends a session. The wait is at most maxBackoff, 0 means a minute, and ends with the request's context.
func RetryBusy(next http.RoundTripper, maxBackoff time.Duration) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		body, err := whole(r)
		if err != nil {
			return nil, err
		}
		for attempt := 1; ; attempt++ {
			resp, err := next.RoundTrip(withBody(r, body))
			if err != nil || !busy(resp) || attempt == busyAttempts || r.Method == http.MethodDelete {
				return resp, err
			}
			resp.Body.Close()
			wait := retryAfter(resp.Header.Get("Retry-After"), busyBackoff<<(attempt-1))
			if err := pause(r.Context(), min(wait, cmp.Or(maxBackoff, busyMaxBackoff))); err != nil {
				return nil, err
			}
		}
	})
}

// whole reads the body of a request, so that it can be sent again.
func whole(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	return io.ReadAll(r.Body)
}

func withBody(r *http.Request, body []byte) *http.Request {
	again := r.Clone(r.Context())
	again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if len(body) == 0 {
		again.Body = http.NoBody
	}
	return again
}

func busy(resp *http.Response) bool {
	return resp.StatusCode == http.StatusTooManyRequests || resp.StatusCode == http.StatusServiceUnavailable
}

// retryAfter reads the header of that name: seconds or a date, https://datatracker.ietf.org/doc/html/rfc9110#section-10.2.3.
func retryAfter(header string, backoff time.Duration) time.Duration {
	if seconds, err := strconv.Atoi(header); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return backoff
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
