package cli

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// progress tells people how far the look has come: one line that changes on a terminal, a log line for every location elsewhere.
type progress struct {
	mu       sync.Mutex
	out      io.Writer
	terminal bool
	width    int
	log      *slog.Logger
	total    int
	done     int
	waiting  []string
}

func newProgress(env Environment, targets []inventory.Target) *progress {
	p := &progress{out: env.Stderr, log: slog.New(slog.NewTextHandler(env.Stderr, nil)), width: 80}
	if f, ok := env.Stderr.(*os.File); ok && isTerminal(env.Stderr) {
		p.terminal = true
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 20 {
			p.width = width
		}
	}
	for _, t := range targets {
		p.total += len(t.Source.Locations())
	}
	return p
}

// report takes an event of the inventory; several come at the same time.
func (p *progress) report(e inventory.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	place := placeOf(e.Target)
	if !e.Done {
		p.waiting = append(p.waiting, place)
		p.draw()
		return
	}
	p.done += len(e.Target.Source.Locations())
	if i := slices.Index(p.waiting, place); i >= 0 {
		p.waiting = slices.Delete(p.waiting, i, i+1)
	}
	switch {
	case p.terminal:
		p.draw()
	case e.Err != nil:
		p.log.Warn("could not look everywhere", "place", place, "done", p.done, "of", p.total, "problem", e.Err.Error())
	default:
		p.log.Info("looked", "place", place, "done", p.done, "of", p.total)
	}
}

func placeOf(t inventory.Target) string {
	return strings.Join(t.Providers, "+") + " " + strings.Join(t.Source.Locations(), "+")
}

const (
	clearLine = "\r\x1b[K"
	ellipsis  = "…"
)

func (p *progress) draw() {
	if !p.terminal {
		return
	}
	line := fmt.Sprintf("looked at %d of %d locations", p.done, p.total)
	if len(p.waiting) > 0 {
		line += ", waiting for " + strings.Join(p.waiting, ", ")
	}
	if runes := []rune(line); len(runes) >= p.width {
		line = string(runes[:p.width-2]) + ellipsis
	}
	fmt.Fprint(p.out, clearLine, line)
}

// end takes the line away.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.terminal {
		fmt.Fprint(p.out, clearLine)
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colourful reports whether results may be coloured: on a terminal, unless the user does not want it (https://no-color.org).
func colourful(env Environment) bool {
	return isTerminal(env.Stdout) && env.Getenv("NO_COLOR") == "" && env.Getenv("TERM") != "dumb"
}
