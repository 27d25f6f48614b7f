package customrun

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// sharing makes looks at the same place for the same images, that are wanted at the same moment, one look. Nobody gets an answer to
// a question that was asked before theirs: who comes while a look is under way shares the next one, with all who come until it is
// sent. A look is sent when the one before it has ended, or has taken long, and when the account may be sent a request: the more is
// asked, the more is shared.
type sharing struct {
	gather  time.Duration // the longest that a look waits for one that is under way
	limits  *limits
	metrics *metrics

	mu    sync.Mutex
	lanes map[string]*lane
}

// gatherTime is little beside the minute that a look may take, and much beside the time between CustomRuns that come together.
const gatherTime = time.Second

func newSharing(limits *limits, metrics *metrics) *sharing {
	return &sharing{gather: gatherTime, limits: limits, metrics: metrics, lanes: make(map[string]*lane)}
}

// lane has the looks at one place for the same images.
type lane struct {
	running int
	next    *shared // was not sent yet
}

// shared is one look for several.
type shared struct {
	key     string
	source  inventory.Source
	images  []inventory.Image
	account account
	members int
	cancel  context.CancelFunc // when all have left
	turn    chan struct{}      // is closed when no other look is under way
	done    chan struct{}

	findings inventory.Findings
	calls    int64
	err      error
}

// source is what is asked instead of a source, for cli.Environment.Sources.
func (s *sharing) source(settings string, source inventory.Source) inventory.Source {
	return member{source, s, settings}
}

// member is one of those who share a look.
type member struct {
	inventory.Source
	sharing  *sharing
	settings string
}

// Look shares a look. What it brings back is shared too, and must not be changed.
func (m member) Look(ctx context.Context, images []inventory.Image) (inventory.Findings, error) {
	look := m.sharing.join(ctx, m, images)
	select {
	case <-look.done:
	case <-ctx.Done():
		if !m.sharing.leave(look) {
			return nil, context.Cause(ctx)
		}
		<-look.done // it ends now, with what it has
	}
	inventory.AddRequests(ctx, look.calls)
	return look.findings, look.err
}

// join finds the look that is about to be sent, or makes it.
func (s *sharing) join(ctx context.Context, m member, images []inventory.Image) *shared {
	key, account := asJSON([]any{m.settings, m.Locations(), images}), accountOf(m.settings, m.Locations())
	s.metrics.wanted(account.kind)
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.lanes[key]
	if at == nil {
		at = &lane{}
		s.lanes[key] = at
	}
	if at.next == nil {
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		at.next = &shared{
			key: key, source: m.Source, images: images, account: account,
			cancel: cancel, turn: make(chan struct{}), done: make(chan struct{}),
		}
		if at.running == 0 {
			close(at.next.turn)
		}
		go s.run(ctx, at, at.next)
	}
	at.next.members++
	return at.next
}

// leave reports whether nobody wants the look any more, which then ends.
func (s *sharing) leave(look *shared) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	look.members--
	if look.members > 0 {
		return false
	}
	look.cancel()
	if at := s.lanes[look.key]; at != nil && at.next == look {
		at.next = nil // nobody may join it now
		s.tidy(look.key, at)
	}
	return true
}

// run makes a look, when its time has come.
func (s *sharing) run(ctx context.Context, at *lane, look *shared) {
	defer close(look.done)
	defer look.cancel()
	limit := s.limits.of(look.account)
	if look.err = s.await(ctx, look, limit); look.err != nil || !s.begin(at, look) {
		return
	}
	ctx, calls := inventory.WithCounter(inventory.WithLimit(ctx, afterFirst(limit)))
	look.findings, look.err = guardedLook(ctx, look)
	look.calls = calls.Load()
	s.metrics.requested(look.account.kind, look.calls)
	s.end(at, look)
}

// await waits until a look may be sent.
func (s *sharing) await(ctx context.Context, look *shared, limit admit) error {
	longest := time.NewTimer(s.gather)
	defer longest.Stop()
	select {
	case <-look.turn:
	case <-longest.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	return limit(ctx)
}

// begin reports whether anybody still wants a look. From now on nobody can join it.
func (s *sharing) begin(at *lane, look *shared) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if at.next != look {
		look.err = context.Canceled
		return false
	}
	at.next = nil
	at.running++
	s.metrics.looked(look.account.kind)
	return true
}

func (s *sharing) end(at *lane, look *shared) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at.running--
	if at.running == 0 && at.next != nil {
		close(at.next.turn)
	}
	s.tidy(look.key, at)
}

// tidy forgets a lane that is empty. s.mu is held.
func (s *sharing) tidy(key string, at *lane) {
	if at.running == 0 && at.next == nil && s.lanes[key] == at {
		delete(s.lanes, key)
	}
}

// guardedLook makes a panic in one provider's client an unknown answer.
func guardedLook(ctx context.Context, look *shared) (findings inventory.Findings, err error) {
	defer func() {
		if problem := recover(); problem != nil {
			findings, err = nil, fmt.Errorf("an error in nodeimage itself: %v", problem)
		}
	}()
	return look.source.Look(ctx, look.images)
}
