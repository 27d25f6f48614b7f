package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/giantswarm/nodeimage/pkg/bump"
)

// bumpReport is the result as JSON has it.
type bumpReport struct {
	From     string     `json:"from"`
	To       string     `json:"to"`
	Released string     `json:"released,omitempty"` // the last release, if it is known
	Next     string     `json:"next,omitempty"`     // the release that the changes need; the last one where they need none
	Check    *bumpCheck `json:"check,omitempty"`
	bump.Result
}

// bumpCheck is whether a tag is enough.
type bumpCheck struct {
	Tag    string     `json:"tag"`
	Level  bump.Level `json:"level"`
	Enough bool       `json:"enough"`
}

func newBumpReport(f bumpFlags, request bumpRequest, result bump.Result) bumpReport {
	r := bumpReport{From: f.from, To: f.to, Result: result}
	if request.released != nil {
		r.Released = request.released.String()
		r.Next = request.released.Next(result.Level).String()
	}
	if request.tag != nil {
		r.Check = &bumpCheck{request.tag.String(), request.tagLevel, request.tagLevel >= result.Level}
	}
	return r
}

func (r bumpReport) write(w io.Writer, form string) error {
	if form == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(r)
	}
	var out strings.Builder
	if len(r.Changes) > 0 {
		columns := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(columns, "LEVEL\tRULE\tWHAT\tFROM\tTO\tWHERE\tWHY")
		for _, c := range r.Changes {
			fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.Level, c.Rule, c.What, dash(c.From), dash(c.To),
				strings.Join(c.Where, ", "), c.Why)
		}
		if err := columns.Flush(); err != nil {
			return err
		}
		out.WriteByte('\n')
	}
	out.WriteString(r.summary() + "\n")
	_, err := io.WriteString(w, out.String())
	return err
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// summary is the last line.
func (r bumpReport) summary() string {
	switch {
	case r.Level == bump.None:
		return "none: the images stay as they are, and no release is needed"
	case r.Next == "":
		return r.Level.String()
	}
	return fmt.Sprintf("%s: %s comes after %s", r.Level, r.Next, r.Released)
}

// verdict is the error where the tag is too small, and names every change that needs more.
func (r bumpReport) verdict() error {
	if r.Check == nil || r.Check.Enough {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s is a %s after %s, and that is too small: %s is needed, because of", r.Check.Tag, r.Check.Level, r.Released, r.Next)
	for _, c := range r.Above(r.Check.Level) {
		fmt.Fprintf(&b, "\n  %s: %s", c.Level, c)
	}
	return &statusError{exitFailed, fmt.Errorf("%s", b.String())}
}
