package inventory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sync/errgroup"
)

// Target is one source with what has to be looked for in it. Providers that look at the same place in the same way share a
// target, and so one look.
type Target struct {
	Providers []string
	Source    Source
	Images    []Image
}

// Options bound a gathering. The zero value bounds nothing.
type Options struct {
	Concurrency int           // looks at the same time; 0: all
	Timeout     time.Duration // for one look; 0: none
	Progress    func(Event)   // told when a look begins and ends, by several goroutines at a time; nil: nobody
}

// Event tells that a look began or ended.
type Event struct {
	Target Target
	Done   bool
	Err    error // why something could not be checked, when Done
}

// Request says what a look cost.
type Request struct {
	Provider     string `json:"provider" jsonschema:"the provider"`
	Location     string `json:"location" jsonschema:"the location, or the first of those that one look answered for"`
	Calls        int64  `json:"calls" jsonschema:"requests that were sent, repeated ones included; 0 where another provider's look answered"`
	Milliseconds int64  `json:"milliseconds,omitempty" jsonschema:"how long the look took, where the run was asked for timings"`
}

// Result is what one target's look brought.
type Result struct {
	Target   Target
	Findings Findings // one finding for each image and location, in the order of the source's locations
	Err      error    // why something is unknown
	Calls    int64
	Took     time.Duration
}

// Gather looks at all targets side by side. It always brings a result for every target, in their order, with a finding for every
// image and location: what goes wrong at one never hides another's answer.
func Gather(ctx context.Context, targets []Target, opts Options) []Result {
	results := make([]Result, len(targets))
	var group errgroup.Group
	if opts.Concurrency > 0 {
		group.SetLimit(opts.Concurrency)
	}
	for i, t := range targets {
		group.Go(func() error {
			opts.tell(Event{Target: t})
			results[i] = look(ctx, t, opts.Timeout)
			opts.tell(Event{Target: t, Done: true, Err: results[i].Err})
			return nil // a look's error is part of its result: it must not cancel the others
		})
	}
	_ = group.Wait()
	return results
}

func (o Options) tell(e Event) {
	if o.Progress != nil {
		o.Progress(e)
	}
}

type answer struct {
	findings Findings
	err      error
}

// look asks one source, and stops waiting for it at the deadline even if it doesn't listen to its context.
func look(ctx context.Context, t Target, timeout time.Duration) Result {
	if timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %s", timeout))
		defer cancel()
	}
	ctx, calls := WithCounter(ctx)
	start := time.Now()
	answers := make(chan answer, 1)
	go func() {
		findings, err := t.Source.Look(ctx, t.Images)
		answers <- answer{findings, err}
	}()
	var a answer
	select {
	case a = <-answers:
	case <-ctx.Done():
		a = late(ctx, answers)
	}
	if a.err != nil && ctx.Err() != nil {
		a.err = ended(ctx)
	}
	findings := complete(t, a)
	return Result{Target: t, Findings: findings, Err: a.err, Calls: calls.Load(), Took: time.Since(start)}
}

// grace is how long a source may take to hand over what it has when its time is up.
const grace = 250 * time.Millisecond

func late(ctx context.Context, answers <-chan answer) answer {
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case a := <-answers:
		return a
	case <-timer.C:
		return answer{err: ended(ctx)}
	}
}

// ended says why a look's time was up, which tells more than what a client makes of it.
func ended(ctx context.Context) error {
	cause := context.Cause(ctx)
	if errors.Is(cause, context.Canceled) || errors.Is(cause, context.DeadlineExceeded) {
		return errors.New(Cause(cause))
	}
	return cause
}

var errNoAnswer = errors.New("the provider gave no answer for it")

// complete puts the findings of every image into the order of the locations, and says unknown where there is none.
func complete(t Target, a answer) Findings {
	why := errNoAnswer
	if a.err != nil {
		why = a.err
	}
	all := make(Findings, len(t.Images))
	for _, image := range t.Images {
		for _, location := range t.Source.Locations() {
			all.Add(image, pick(a.findings[image.Lookup], location, why))
		}
	}
	return all
}

func pick(findings []Finding, location string, why error) Finding {
	for _, f := range findings {
		if f.Location == location {
			f.Notes = lines(f.Notes)
			return f
		}
	}
	return Finding{Location: location, State: Unknown, Notes: lines([]string{why.Error()})}
}

// lines makes each note one line without control characters: it may quote what a server sent, and goes to terminals and to logs
// that take some lines for commands.
func lines(notes []string) []string {
	out := make([]string, len(notes))
	for i, note := range notes {
		out[i] = strings.Join(strings.FieldsFunc(note, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
	}
	return out
}
