package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// source is a place whose look is a function.
type source struct {
	locations []string
	look      func(context.Context, []inventory.Image) (inventory.Findings, error)
}

func (s source) Locations() []string { return s.locations }

func (s source) Look(ctx context.Context, images []inventory.Image) (inventory.Findings, error) {
	return s.look(ctx, images)
}

// says is a place that has the same to say about every image.
func says(location string, state inventory.State) source {
	return source{[]string{location}, func(_ context.Context, images []inventory.Image) (inventory.Findings, error) {
		findings := make(inventory.Findings)
		for _, image := range images {
			findings.Add(image, inventory.Finding{Location: location, State: state})
		}
		return findings, nil
	}}
}

func breaks(location string, err error) source {
	return source{[]string{location}, func(context.Context, []inventory.Image) (inventory.Findings, error) { return nil, err }}
}

func targets(sources ...inventory.Source) []inventory.Target {
	var all []inventory.Target
	for _, s := range sources {
		all = append(all, inventory.Target{Providers: []string{"p"}, Source: s, Images: []inventory.Image{{Lookup: "a"}, {Lookup: "b"}}})
	}
	return all
}

// tell puts what results say about image a into short words.
func tell(results []inventory.Result) []string {
	var all []string
	for _, r := range results {
		for _, f := range r.Findings["a"] {
			all = append(all, fmt.Sprint(f.Location, " ", f.State, " ", f.Notes))
		}
	}
	return all
}

func TestOneNeverHidesAnother(t *testing.T) {
	t.Parallel()
	half := source{[]string{"x", "y"}, func(_ context.Context, images []inventory.Image) (inventory.Findings, error) {
		findings := make(inventory.Findings)
		findings.Add(images[0], inventory.Finding{Location: "y", State: inventory.Present, Notes: []string{"old\n::error::\x1b[31mx\u0085y"}})
		return findings, errors.New("listing:\n\tthrottled")
	}}
	silent := source{[]string{"z"}, func(context.Context, []inventory.Image) (inventory.Findings, error) { return nil, nil }}
	got := tell(inventory.Gather(t.Context(), targets(
		says("present", inventory.Present), breaks("broken", errors.New("forbidden")), half, silent, says("absent", inventory.Absent),
		inventory.Unreachable([]string{"u", "v"}, errors.New("no such profile")),
	), inventory.Options{}))
	want := []string{
		"present present []",
		"broken unknown [forbidden]",
		"x unknown [listing: throttled]",
		"y present [old ::error:: [31mx y]",
		"z unknown [the provider gave no answer for it]",
		"absent absent []",
		"u unknown [no such profile]",
		"v unknown [no such profile]",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestDeadline has a place that doesn't listen to its context, one that does, and one that is quick.
func TestDeadline(t *testing.T) {
	t.Parallel()
	never := make(chan struct{})
	t.Cleanup(func() { close(never) })
	deaf := source{[]string{"deaf"}, func(context.Context, []inventory.Image) (inventory.Findings, error) { <-never; return nil, nil }}
	slow := source{[]string{"slow"}, func(ctx context.Context, _ []inventory.Image) (inventory.Findings, error) {
		<-ctx.Done()
		return nil, fmt.Errorf("asking: %w", ctx.Err())
	}}
	got := tell(inventory.Gather(t.Context(), targets(deaf, slow, says("quick", inventory.Present)), inventory.Options{Timeout: 10 * time.Millisecond}))
	want := []string{"deaf unknown [no answer within 10ms]", "slow unknown [no answer within 10ms]", "quick present []"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	waits := source{[]string{"w"}, func(ctx context.Context, _ []inventory.Image) (inventory.Findings, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	got := tell(inventory.Gather(ctx, targets(waits), inventory.Options{}))
	if diff := cmp.Diff([]string{"w unknown [the run was cancelled]"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestSideBySide has as many places as may be asked at a time meet: none answers before all are asked.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	const limit = 3
	var running atomic.Int64
	var mu sync.Mutex
	var most int64
	var met sync.WaitGroup
	met.Add(limit)
	var sources []inventory.Source
	for i := range 2 * limit {
		sources = append(sources, source{[]string{fmt.Sprint(i)}, func(context.Context, []inventory.Image) (inventory.Findings, error) {
			mu.Lock()
			most = max(most, running.Add(1))
			mu.Unlock()
			defer running.Add(-1)
			if i < limit {
				met.Done()
				met.Wait()
			}
			return nil, nil
		}})
	}
	results := inventory.Gather(t.Context(), targets(sources...), inventory.Options{Concurrency: limit})
	if len(results) != 2*limit || most != limit {
		t.Errorf("%d results, at most %d at a time", len(results), most)
	}
}

func TestRequestsAreCounted(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	client := &http.Client{Transport: inventory.CountRequests(http.DefaultTransport)}
	asks := func(location string, n int) inventory.Source {
		return source{[]string{location}, func(ctx context.Context, _ []inventory.Image) (inventory.Findings, error) {
			for range n {
				r, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL, nil)
				if err != nil {
					return nil, err
				}
				resp, err := client.Do(r)
				if err != nil {
					return nil, err
				}
				resp.Body.Close()
			}
			return nil, nil
		}}
	}
	var got []int64
	for _, r := range inventory.Gather(t.Context(), targets(asks("a", 3), asks("b", 0), asks("c", 1)), inventory.Options{}) {
		got = append(got, r.Calls)
	}
	if diff := cmp.Diff([]int64{3, 0, 1}, got); diff != "" {
		t.Error(diff)
	}
}

func TestProgress(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	told := make(map[string]int)
	inventory.Gather(t.Context(), targets(says("a", inventory.Present), breaks("b", errors.New("forbidden"))), inventory.Options{
		Progress: func(e inventory.Event) {
			mu.Lock()
			defer mu.Unlock()
			told[fmt.Sprint(e.Target.Source.Locations(), e.Done, e.Err)]++
		},
	})
	want := map[string]int{"[a] false <nil>": 1, "[a] true <nil>": 1, "[b] false <nil>": 1, "[b] true forbidden": 1}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Error(diff)
	}
}
