package clouds

import (
	"fmt"
	"net/url"
	"slices"
	"sync"
	"time"
)

// A Fault is one way of a provider to answer wrongly or not at all.
type Fault string

// The faults. Forbidden to Unavailable are answered in the cloud's own error format; the others happen below it.
const (
	// None is a right answer.
	None Fault = ""
	// Forbidden refuses credentials that are known but lack the permission.
	Forbidden Fault = "forbidden"
	// Unauthenticated refuses the credentials.
	Unauthenticated Fault = "unauthenticated"
	// ThrottledOnce refuses one request for its rate; the fault is gone after it.
	ThrottledOnce Fault = "throttled-once"
	// Throttled refuses every request for its rate.
	Throttled Fault = "throttled"
	// ServerError answers with the cloud's internal error (500).
	ServerError Fault = "server-error"
	// Unavailable answers that the service is unavailable (503).
	Unavailable Fault = "unavailable"
	// Reset ends the connection with a TCP reset in place of an answer. Go's http.Transport may send a GET that met
	// it on a kept connection a second time, and then two requests are on record.
	Reset Fault = "reset"
	// Truncated sends the status, the headers and the length of the right answer, half of its body, and hangs up.
	// An answer without a body (to HEAD, say) arrives whole.
	Truncated Fault = "truncated"
	// Garbage answers 200 with a web page, as a captive portal or a proxy does. The page is well-formed XML, the
	// hardest case for XML protocols: a lenient decoder finds no field in it and no fault with it.
	Garbage Fault = "garbage"
	// Slow never answers: it waits until the client hangs up or the server closes.
	Slow Fault = "slow"
)

// Faults lists every fault but None, for flags and messages.
func Faults() []Fault {
	return []Fault{
		Forbidden, Unauthenticated, ThrottledOnce, Throttled, ServerError, Unavailable,
		Reset, Truncated, Garbage, Slow,
	}
}

// A Request is what a cloud received.
type Request struct {
	// Location is the part of the cloud that was asked: a region, a bucket, a gallery. Empty where the request does
	// not tell.
	Location string
	// Operation is the call in the provider's words: DescribeImages, HEAD object.
	Operation string
	// Params are the call's decoded parameters. They hold no credentials.
	Params url.Values
	// Fault is how the request was answered. ThrottledOnce shows as Throttled.
	Fault Fault
}

// Behaviour is what every cloud can be told to do wrong, and what it remembers. The zero value answers right at once.
// All methods may be called while the cloud serves.
type Behaviour struct {
	mu       sync.Mutex
	rules    map[string]rule
	latency  time.Duration
	requests []Request
}

type rule struct {
	fault Fault
	pass  int // requests that are still answered right
}

// Fail lets every request to the location fail from now on. None heals it. It panics if f is no fault of this package,
// as that is a mistake in a test, which would otherwise prove nothing.
func (b *Behaviour) Fail(location string, f Fault) { b.FailFrom(location, 1, f) }

// FailFrom lets the requests to the location fail beginning with the n-th that arrives after this call; 1 is the next
// one. It replaces what the location was told before. It panics as Fail does, and if n is below 1.
func (b *Behaviour) FailFrom(location string, n int, f Fault) {
	if n < 1 || f != None && !slices.Contains(Faults(), f) {
		panic(fmt.Sprintf("clouds: no such fault: %q from request %d", f, n))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rules == nil {
		b.rules = map[string]rule{}
	}
	b.rules[location] = rule{fault: f, pass: n - 1}
}

// Latency lets every request wait for d before it is answered, rightly or not. Zero is none.
func (b *Behaviour) Latency(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.latency = d
}

// Requests returns what was received since the start or the last Reset, in order of arrival: from the locations given,
// or all of it if none is given.
func (b *Behaviour) Requests(locations ...string) []Request {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(locations) == 0 {
		return slices.Clone(b.requests)
	}
	var some []Request
	for _, r := range b.requests {
		if slices.Contains(locations, r.Location) {
			some = append(some, r)
		}
	}
	return some
}

// Reset forgets all faults, the latency and the requests. What the cloud holds stays.
func (b *Behaviour) Reset() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rules, b.latency, b.requests = nil, 0, nil
}

// receive puts a request on record and tells how to answer it.
func (b *Behaviour) receive(r Request) (Fault, time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	r.Fault = b.next(r.Location)
	b.requests = append(b.requests, r)
	return r.Fault, b.latency
}

// next counts a request and returns its fault. The caller holds the lock.
func (b *Behaviour) next(location string) Fault {
	r := b.rules[location]
	switch {
	case r.pass > 0:
		b.rules[location] = rule{fault: r.fault, pass: r.pass - 1}
		return None
	case r.fault == ThrottledOnce:
		delete(b.rules, location)
		return Throttled
	default:
		return r.fault
	}
}
