package customrun

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
)

// attempts are those that this process has started. There is one at a time for a CustomRun.
type attempts struct {
	ended  func(types.NamespacedName) // is told when one has ended
	places chan struct{}
	// waiting are the places of those that may wait for hours: they must not keep the others from theirs.
	waiting chan struct{}
	running prometheus.Gauge

	mu  sync.Mutex
	all map[types.NamespacedName]*attempt
}

// attempt is one try at a CustomRun.
type attempt struct {
	uid     types.UID // a CustomRun may be deleted, and made again with the same name
	number  int       // how many there were before
	cancel  context.CancelFunc
	ended   bool
	outcome outcome
	written bool // the outcome is in the CustomRun, whether or not this process has seen it there
}

func newAttempts(places int, running prometheus.Gauge, ended func(types.NamespacedName)) *attempts {
	return &attempts{
		ended: ended, places: make(chan struct{}, places), waiting: make(chan struct{}, places), running: running,
		all: make(map[types.NamespacedName]*attempt),
	}
}

// start begins an attempt, and cancels what there was for the CustomRun. The work's context ends with stop, and not with ctx.
func (a *attempts) start(ctx context.Context, name types.NamespacedName, uid types.UID, number int, waits bool, work func(context.Context) outcome) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	made := &attempt{uid: uid, number: number, cancel: cancel}
	a.mu.Lock()
	defer a.mu.Unlock()
	if before := a.all[name]; before != nil {
		before.cancel()
	}
	a.all[name] = made
	go a.run(ctx, name, made, waits, work)
}

func (a *attempts) run(ctx context.Context, name types.NamespacedName, made *attempt, waits bool, work func(context.Context) outcome) {
	defer made.cancel()
	a.running.Inc()
	defer a.running.Dec()
	places := a.places
	if waits {
		places = a.waiting
	}
	select {
	case places <- struct{}{}:
		defer func() { <-places }()
	case <-ctx.Done():
		return
	}
	result := guarded(ctx, work)
	a.mu.Lock()
	current := a.all[name] == made && ctx.Err() == nil
	if current {
		made.ended, made.outcome = true, result
	}
	a.mu.Unlock()
	if current {
		a.ended(name)
	}
}

// guarded makes a panic the end of one attempt, and not of all.
func guarded(ctx context.Context, work func(context.Context) outcome) (result outcome) {
	defer func() {
		if problem := recover(); problem != nil {
			result = outcome{reason: ReasonPlanFailed, message: fmt.Sprint("an error in nodeimage itself: ", problem), log: string(debug.Stack())}
		}
	}()
	return work(ctx)
}

// of is the attempt at a CustomRun, or nil.
func (a *attempts) of(name types.NamespacedName, uid types.UID) *attempt {
	a.mu.Lock()
	defer a.mu.Unlock()
	found := a.all[name]
	if found == nil || found.uid != uid {
		return nil
	}
	seen := *found
	return &seen
}

// wrote notes that the outcome of an attempt is in its CustomRun.
func (a *attempts) wrote(name types.NamespacedName, uid types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if found := a.all[name]; found != nil && found.uid == uid {
		found.written = true
	}
}

// stop ends the attempt at a CustomRun and forgets it.
func (a *attempts) stop(name types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if found := a.all[name]; found != nil {
		found.cancel()
		delete(a.all, name)
	}
}

// stopAll ends all attempts and forgets them. Their CustomRuns stay as they are: whoever leads next starts anew.
func (a *attempts) stopAll() {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, found := range a.all {
		found.cancel()
	}
	clear(a.all)
}
