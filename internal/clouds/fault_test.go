package clouds

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// parrot is the least cloud there is: it repeats its query, and refuses with these statuses.
type parrot struct{ Behaviour }

var parrotStatus = map[Fault]int{Forbidden: 403, Unauthenticated: 401, Throttled: 429, ServerError: 500, Unavailable: 503}

func (p *parrot) identify(r *http.Request) Request {
	q := r.URL.Query()
	return Request{Location: q.Get("location"), Operation: r.Method, Params: q}
}

func (p *parrot) refuse(w http.ResponseWriter, f Fault) { w.WriteHeader(parrotStatus[f]) }

func (p *parrot) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.wrap(p, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(w, r.URL.RawQuery)
	})).ServeHTTP(w, r)
}

// ask sends one request on a connection of its own, so that the transport has no reason to send it again.
func ask(ctx context.Context, s *httptest.Server, method, location string) (*http.Response, []byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, s.URL+"/?location="+location, nil)
	if err != nil {
		return nil, nil, err
	}
	r.Close = true
	res, err := s.Client().Do(r)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return res, body, err
}

// statuses sends requests one after the other and returns the statuses of the answers.
func statuses(t *testing.T, s *httptest.Server, locations ...string) []int {
	t.Helper()
	var got []int
	for _, l := range locations {
		res, _, err := ask(t.Context(), s, http.MethodGet, l)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, res.StatusCode)
	}
	return got
}

func start(t *testing.T, cloud http.Handler) *httptest.Server {
	t.Helper()
	s := Start(cloud)
	t.Cleanup(s.Close)
	return s
}

func TestFaultsWithAnswers(t *testing.T) {
	t.Parallel()
	for f, want := range map[Fault][]int{
		None:            {200, 200},
		Forbidden:       {403, 403},
		Unauthenticated: {401, 401},
		ThrottledOnce:   {429, 200},
		Throttled:       {429, 429},
		ServerError:     {500, 500},
		Unavailable:     {503, 503},
		Garbage:         {200, 200},
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			var p parrot
			p.Fail("a", f)
			if diff := cmp.Diff(want, statuses(t, start(t, &p), "a", "a")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReset(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(http.Handler) *httptest.Server{"plain": Start, "tls": StartTLS} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var p parrot
			p.Fail("a", Reset)
			s := serve(&p)
			t.Cleanup(s.Close)
			if _, _, err := ask(t.Context(), s, http.MethodGet, "a"); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("got %v, want a reset connection", err)
			}
			if got := statuses(t, s, "b"); got[0] != 200 {
				t.Errorf("the server does not go on: %v", got)
			}
		})
	}
}

func TestTruncated(t *testing.T) {
	t.Parallel()
	var p parrot
	p.Fail("abc", Truncated)
	s := start(t, &p)
	res, body, err := ask(t.Context(), s, http.MethodGet, "abc")
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v, want an unexpected end", err)
	}
	if want := "locati"; string(body) != want { // half of location=abc
		t.Errorf("got %q, want %q", body, want)
	}
	if res.StatusCode != 200 || res.ContentLength != 12 || res.Header.Get("Content-Type") != "text/plain" {
		t.Errorf("got %d, %d bytes, %v", res.StatusCode, res.ContentLength, res.Header)
	}
	if res, _, err := ask(t.Context(), s, http.MethodHead, "abc"); err != nil || res.ContentLength != 12 {
		t.Errorf("HEAD: got %v, %v", res, err)
	}
}

func TestGarbage(t *testing.T) {
	t.Parallel()
	var p parrot
	p.Fail("a", Garbage)
	res, body, err := ask(t.Context(), start(t, &p), http.MethodGet, "a")
	if err != nil {
		t.Fatal(err)
	}
	if got := http.DetectContentType(body); got != "text/html; charset=utf-8" || res.Header.Get("Content-Type") != got {
		t.Errorf("got %q, announced as %q", got, res.Header.Get("Content-Type"))
	}
}

func TestFailFrom(t *testing.T) {
	t.Parallel()
	var p parrot
	s := start(t, &p)
	statuses(t, s, "a") // before the call: does not count
	p.FailFrom("a", 3, Unavailable)
	want := []int{200, 200, 200, 200, 503, 200, 503}
	if diff := cmp.Diff(want, statuses(t, s, "a", "b", "b", "a", "a", "b", "a")); diff != "" {
		t.Error(diff)
	}
	p.FailFrom("a", 2, ThrottledOnce)
	if diff := cmp.Diff([]int{200, 429, 200}, statuses(t, s, "a", "a", "a")); diff != "" {
		t.Error(diff)
	}
	p.Fail("a", Forbidden)
	p.Fail("a", None)
	if diff := cmp.Diff([]int{200}, statuses(t, s, "a")); diff != "" {
		t.Error(diff)
	}
}

func TestFailRefusesNonsense(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*Behaviour){
		"unknown fault": func(b *Behaviour) { b.Fail("a", "forbiden") },
		"request 0":     func(b *Behaviour) { b.FailFrom("a", 0, Forbidden) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			fail(new(Behaviour))
		})
	}
}

func TestFaultsListsAll(t *testing.T) {
	t.Parallel()
	var b Behaviour
	for _, f := range Faults() {
		b.Fail(string(f), f) // panics on what is no fault
	}
	if got := len(b.rules); got != 10 {
		t.Errorf("got %d different faults, want 10", got)
	}
}

func TestRequests(t *testing.T) {
	t.Parallel()
	var p parrot
	p.FailFrom("a", 2, ThrottledOnce)
	s := start(t, &p)
	statuses(t, s, "a", "b", "a")
	request := func(location string, f Fault) Request {
		return Request{Location: location, Operation: "GET", Params: url.Values{"location": {location}}, Fault: f}
	}
	if diff := cmp.Diff([]Request{request("a", None), request("b", None), request("a", Throttled)}, p.Requests()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Request{request("b", None)}, p.Requests("b", "c")); diff != "" {
		t.Error(diff)
	}
	p.Fail("a", Forbidden)
	p.Latency(time.Hour)
	p.Reset()
	if got := p.Requests(); len(got) != 0 {
		t.Errorf("after Reset: %v", got)
	}
	if got := statuses(t, s, "a"); got[0] != 200 {
		t.Errorf("after Reset: %v", got)
	}
}

// TestChangeWhileServing is for the race detector.
func TestChangeWhileServing(t *testing.T) {
	t.Parallel()
	var p parrot
	s := start(t, &p)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			l := strconv.Itoa(i % 2)
			p.FailFrom(l, 2, Unavailable)
			p.Latency(time.Duration(i))
			_, _, _ = ask(t.Context(), s, http.MethodGet, l)
		})
	}
	wg.Wait()
	if got := len(p.Requests()); got != 8 {
		t.Errorf("got %d requests, want 8", got)
	}
}
