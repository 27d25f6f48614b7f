package vsphere

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/vmware/govmomi/vim25/soap"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// A request that the vCenter, or the proxy in front of it, has no capacity for is sent this often, with a pause between that
// doubles.
const (
	attempts   = 4
	backoff    = 500 * time.Millisecond
	maxBackoff = 2 * time.Second
)

// transport sends the requests of a client: it counts them, sends them again where the vCenter has no capacity, and makes
// everything that is no answer an error of ours.
//
// The SDK's own retry (vim25.Retry) is not used, so there is one layer only: it knows SOAP and not the REST interface, and its
// pauses don't end with the context.
type transport struct {
	next       http.RoundTripper
	maxBackoff time.Duration
	answer     func(*http.Response) (*http.Response, error) // refuses what is no answer of the interface
}

// use makes a client send its requests through a transport.
func (v *vcenter) use(client *soap.Client, answer func(*http.Response) (*http.Response, error)) {
	client.Client.Transport = transport{
		next:       inventory.CountRequests(client.DefaultTransport()),
		maxBackoff: cmp.Or(v.maxBackoff, maxBackoff),
		answer:     answer,
	}
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body.Close()
	}
	for attempt := 0; ; attempt++ {
		resp, err := t.next.RoundTrip(withBody(r, body))
		if err != nil {
			return nil, err
		}
		if !busy(resp.StatusCode) || attempt == attempts-1 {
			return t.answer(resp)
		}
		resp.Body.Close()
		if err := pause(r.Context(), min(backoff<<attempt, t.maxBackoff)); err != nil {
			return nil, err
		}
	}
}

// withBody copies a request whose body was read already.
func withBody(r *http.Request, body []byte) *http.Request {
	again := r.Clone(r.Context())
	again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if len(body) == 0 {
		again.Body = http.NoBody
	}
	return again
}

func busy(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable
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

// soapAnswer lets answers and faults through. Faults come with the status 500.
func soapAnswer(resp *http.Response) (*http.Response, error) {
	if resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusInternalServerError {
		return resp, nil
	}
	resp.Body.Close()
	return nil, statusError(resp.StatusCode)
}

// restAnswer lets a success through, if it has the value that every answer but that to a DELETE has: without one the SDK would
// take any JSON object for an empty list.
func restAnswer(resp *http.Response) (*http.Response, error) {
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return nil, statusError(resp.StatusCode)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var answer struct {
		Value json.RawMessage `json:"value"`
	}
	if resp.Request.Method != http.MethodDelete {
		if json.Unmarshal(body, &answer) != nil || len(answer.Value) == 0 || string(answer.Value) == "null" {
			return nil, errNotVCenter
		}
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}
