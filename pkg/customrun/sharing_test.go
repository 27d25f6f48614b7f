package customrun

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

const settings = `{"aws":{"owner":"706635527432","regions":["eu-central-1"]}}`

// place is a cloud whose state is a number that grows, one look at which takes a second and a request.
type place struct {
	mu    sync.Mutex
	state int
	looks int
	took  time.Duration
	ended []error // of looks that were given up
}

func (p *place) Locations() []string { return []string{"eu-central-1"} }

func (p *place) Look(ctx context.Context, images []inventory.Image) (inventory.Findings, error) {
	if err := inventory.CountRequest(ctx); err != nil {
		return nil, err
	}
	p.mu.Lock()
	p.looks++
	saw := p.state // as soon as it is asked
	p.mu.Unlock()
	select {
	case <-time.After(p.took):
	case <-ctx.Done():
		p.mu.Lock()
		p.ended = append(p.ended, ctx.Err())
		p.mu.Unlock()
		return inventory.Findings{"half": nil}, ctx.Err()
	}
	findings := make(inventory.Findings)
	for _, image := range images {
		findings.Add(image, inventory.Finding{Location: "eu-central-1", State: inventory.Present, ID: fmt.Sprint(saw)})
	}
	return findings, nil
}

func (p *place) set(state int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = state
}

// heard is what one caller got.
type heard struct {
	id    string
	calls int64
	after time.Duration
	err   error
}

type crowd struct {
	sharing *sharing
	place   *place
	group   sync.WaitGroup
	mu      sync.Mutex
	heard   []heard
}

func newCrowd(t *testing.T, took time.Duration) *crowd {
	t.Helper()
	metrics, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return &crowd{sharing: newSharing(newLimits(1000, 1000), metrics), place: &place{took: took}}
}

// ask looks, beside whoever else does.
func (c *crowd) ask(ctx context.Context, names ...string) {
	var images []inventory.Image
	for _, name := range names {
		images = append(images, inventory.Image{Lookup: name})
	}
	start := time.Now()
	c.group.Go(func() {
		ctx, calls := inventory.WithCounter(ctx)
		findings, err := c.sharing.source(settings, c.place).Look(ctx, images)
		h := heard{calls: calls.Load(), after: time.Since(start), err: err}
		for _, name := range names {
			for _, f := range findings[name] {
				h.id += f.ID
			}
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.heard = append(c.heard, h)
	})
}

// lanes is how many places are still remembered, when everything has ended.
func (c *crowd) lanes() int {
	synctest.Wait()
	c.sharing.mu.Lock()
	defer c.sharing.mu.Unlock()
	return len(c.sharing.lanes)
}

// TestSharedLooks has many look at the same moment: the first alone, all others together, each with the requests of the look.
func TestSharedLooks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 500*time.Millisecond)
		c.ask(t.Context(), "a")
		synctest.Wait()
		for range 199 {
			c.ask(t.Context(), "a")
		}
		c.ask(t.Context(), "b") // another question
		c.group.Wait()
		if c.place.looks != 3 || len(c.heard) != 201 {
			t.Errorf("%d looks for %d", c.place.looks, len(c.heard))
		}
		for _, h := range c.heard {
			if h.err != nil || h.calls != 1 || h.after > time.Second {
				t.Errorf("got %+v", h)
			}
		}
		if n := c.lanes(); n != 0 {
			t.Errorf("%d lanes are left", n)
		}
	})
}

// TestNoStaleAnswers changes the cloud while a look is under way: who asks after the change sees it.
func TestNoStaleAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 10*time.Second)
		for state := range 5 {
			c.place.set(state)
			c.ask(t.Context(), "a")
			synctest.Wait()
			time.Sleep(100 * time.Millisecond)
		}
		c.group.Wait()
		// The first look begins at once. The others share one, which does not wait for the first to end.
		first, others := heard{id: "0", calls: 1, after: 10 * time.Second}, 0
		for _, h := range c.heard {
			switch {
			case h == first:
			case h.id == "4" && h.calls == 1 && h.err == nil && h.after <= 11*time.Second:
				others++
			default:
				t.Errorf("got %+v", h)
			}
		}
		if c.place.looks != 2 || others != 4 {
			t.Errorf("%d looks, %d others", c.place.looks, others)
		}
	})
}

// TestLeaving has those who wait give up: the look goes on for the others, and ends with the last.
func TestLeaving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 10*time.Second)
		reason := errors.New("enough")
		for _, patience := range []time.Duration{time.Second, 2 * time.Second, time.Minute} { // the first asks alone
			ctx, cancel := context.WithTimeoutCause(t.Context(), patience, reason)
			defer cancel()
			c.ask(ctx, "a")
			synctest.Wait()
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), 500*time.Millisecond, reason) // before its look begins
		defer cancel()
		c.ask(ctx, "a")
		c.group.Wait()
		want := []heard{
			{after: 500 * time.Millisecond, err: reason},
			{after: time.Second, err: context.Canceled, calls: 1}, // it was the last, and has what its look had
			{after: 2 * time.Second, err: reason},
			{id: "0", after: 11 * time.Second, calls: 1},
		}
		if len(c.heard) != len(want) {
			t.Fatalf("%+v", c.heard)
		}
		for i, h := range c.heard {
			if !errors.Is(h.err, want[i].err) || h.id != want[i].id || h.after != want[i].after || h.calls != want[i].calls {
				t.Errorf("got %+v, want %+v", h, want[i])
			}
		}
		if diff := cmp.Diff([]string{context.Canceled.Error()}, texts(c.place.ended)); diff != "" || c.place.looks != 2 {
			t.Errorf("%d looks, ended early:\n%s", c.place.looks, diff)
		}
	})
}

// TestNobodyLeft takes a look back that has not begun, and that nobody wants any more.
func TestNobodyLeft(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 10*time.Second)
		c.ask(t.Context(), "a")
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		c.ask(ctx, "a")
		c.group.Wait()
		if n := c.lanes(); c.place.looks != 1 || n != 0 {
			t.Errorf("%d looks, %d lanes left", c.place.looks, n)
		}
	})
}

// TestPanic makes an error in one client an unknown answer.
func TestPanic(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, 0)
	source := panics{c.place}
	_, err := c.sharing.source(settings, source).Look(t.Context(), nil)
	if err == nil || err.Error() != "an error in nodeimage itself: oh" {
		t.Errorf("got %v", err)
	}
}

type panics struct{ *place }

func (panics) Look(context.Context, []inventory.Image) (inventory.Findings, error) { panic("oh") }

// TestLimit sends no more to one account than it may be sent, whatever is asked there.
func TestLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 0)
		c.sharing.limits = newLimits(10, 5)
		start := time.Now()
		for i := range 25 {
			c.ask(t.Context(), fmt.Sprint(i))
		}
		c.group.Wait()
		if took := time.Since(start); took != 2*time.Second || c.place.looks != 25 {
			t.Errorf("%d looks took %s", c.place.looks, took)
		}
	})
}

// TestLimitShares has more looks wanted than the account may be sent: who waits for the same is answered together.
func TestLimitShares(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, 0)
		c.sharing.limits = newLimits(1, 1)
		for range 100 {
			c.ask(t.Context(), "a")
			time.Sleep(50 * time.Millisecond)
		}
		c.group.Wait()
		if c.place.looks != 6 { // at once, and after each second
			t.Errorf("%d looks", c.place.looks)
		}
		for _, h := range c.heard {
			if h.id != "0" || h.err != nil || h.after > time.Second {
				t.Errorf("got %+v", h)
			}
		}
	})
}

// TestAccounts tells by a provider's settings what its requests count for.
func TestAccounts(t *testing.T) {
	t.Parallel()
	for settings, want := range map[string]account{
		`{"aws":{"owner":"1","regions":["a","b"],"profile":"china"}}`: {"aws", "china|here"},
		`{"azure":{"subscription":"s","gallery":"g"}}`:                {"azure", "|s"},
		`{"s3":{"bucket":"b","region":"r"}}`:                          {"s3", "|r"},
		`{"vsphere":{"prefix":"LILLE","folder":"f"}}`:                 {"vsphere", "LILLE|here"},
		`{"cloudDirector":{"url":"u","org":"o"}}`:                     {"cloud-director", "|u"},
		`{"directory":{"path":"p"}}`:                                  {"directory", ""},
		`nonsense`:                                                    {"unknown", "nonsense"},
	} {
		if got := accountOf(settings, []string{"here"}); got != want {
			t.Errorf("%s: got %+v, want %+v", settings, got, want)
		}
	}
}

func texts(all []error) []string {
	var out []string
	for _, err := range all {
		out = append(out, err.Error())
	}
	return out
}
