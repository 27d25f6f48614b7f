package clouddirector

import (
	"bytes"
	"crypto/tls"
	"io"
	"net/http"
)

// answerLimit is far more than a page of 128 records takes.
const answerLimit = 16 << 20

const (
	errPlain    = told("the server wants credentials sent without TLS")
	errTooLarge = told("the answer is too large to be one of Cloud Director")
)

// wire sends the requests of the SDK, whole answers for whole requests, and turns refusals into errors of type *refusal. The SDK
// tries nothing again (its MaxRetryTimeout is about tasks), so what wire sends through does.
type wire struct{ next http.RoundTripper }

// newTransport makes a transport of its own, because the setting for certificates is one of the account.
func newTransport(unverified bool) *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSClientConfig = &tls.Config{InsecureSkipVerify: unverified} // the user's VCD_ALLOW_UNVERIFIED_SSL
	return t
}

// RoundTrip sends a request. The server names the address to log in at, so that every request is checked for TLS.
//
// It reads the whole answer, so that one that ends early or was cancelled is an error here, with its type.
func (w *wire) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, errPlain
	}
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

// roundTripper is a function that sends requests.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
