package clouddirector

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"
)

const (
	// attempts is how often a request is sent at most, and firstBackoff the wait after the first one where the server names
	// none; it doubles each time.
	attempts     = 4
	firstBackoff = time.Second
	// answerLimit is far more than a page of 128 records takes.
	answerLimit = 16 << 20
)

const (
	errPlain    = told("the server wants credentials sent without TLS")
	errTooLarge = told("the answer is too large to be one of Cloud Director")
)

// wire sends the requests of the SDK, whole answers for whole requests, and turns refusals into errors of type *refusal. It is the
// only layer that tries anything again: the SDK has none for this (its MaxRetryTimeout is about tasks).
type wire struct {
	next       http.RoundTripper
	maxBackoff time.Duration
}

// newTransport makes a transport of its own, because the setting for certificates is one of the account.
func newTransport(unverified bool) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{InsecureSkipVerify: unverified} //nolint:gosec // the user's VCD_ALLOW_UNVERIFIED_SSL
	return t
}

// RoundTrip sends a request until it is neither throttled nor told to come later, at most four times. The server names the address
// to log in at, so that every request is checked for TLS.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, errPlain
	}
	backoff := firstBackoff
	for attempt := 1; ; attempt++ {
		resp, err := w.send(r)
		var refused *refusal
		if !errors.As(err, &refused) || !refused.temporary() || attempt == attempts || r.Method == http.MethodDelete {
			return resp, err // a log-out is not worth waiting for
		}
		if err := w.wait(r.Context(), refused.after, backoff); err != nil {
			return nil, err
		}
		if r, err = again(r); err != nil {
			return nil, err
		}
		backoff *= 2
	}
}

// send reads the whole answer, so that one that ends early or was cancelled is an error here, with its type.
func (w *wire) send(r *http.Request) (*http.Response, error) {
	resp, err := w.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, answerLimit+1))
	switch {
	case err != nil:
		return nil, err
	case len(body) > answerLimit:
		return nil, errTooLarge
	case resp.StatusCode < 200 || resp.StatusCode > 299:
		return nil, newRefusal(resp, body)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

// wait waits for as long as the server wants, or else for the backoff.
func (w *wire) wait(ctx context.Context, after string, backoff time.Duration) error {
	if seconds, err := strconv.Atoi(after); err == nil && seconds >= 0 {
		backoff = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(after); err == nil {
		backoff = max(0, time.Until(at))
	}
	timer := time.NewTimer(min(backoff, w.maxBackoff))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// again is the request with its body from the beginning.
func again(r *http.Request) (*http.Request, error) {
	r = r.Clone(r.Context())
	if r.GetBody == nil {
		return r, nil
	}
	body, err := r.GetBody()
	r.Body = body
	return r, err
}

// roundTripper is a function that sends requests.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
