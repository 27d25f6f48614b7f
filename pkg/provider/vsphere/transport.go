package vsphere

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"

	"github.com/vmware/govmomi/vim25/soap"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// transport sends the requests of a client, and makes everything that is no answer an error of ours.
type transport struct {
	next   http.RoundTripper
	answer func(*http.Response) (*http.Response, error) // refuses what is no answer of the interface
}

// use makes a client count its requests, and send them again where the vCenter, or the proxy in front of it, has no capacity.
//
// The SDK's own retry (vim25.Retry) is not used, so there is one layer only: it knows SOAP and not the REST interface, and its
// pauses don't end with the context.
func (v *vcenter) use(client *soap.Client, answer func(*http.Response) (*http.Response, error)) {
	counted := inventory.CountRequests(client.DefaultTransport())
	client.Client.Transport = transport{next: inventory.RetryBusy(counted, v.maxBackoff), answer: answer}
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return t.answer(resp)
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
