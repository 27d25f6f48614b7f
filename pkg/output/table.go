package output

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/giantswarm/nodeimage/pkg/plan"
)

// Table writes the decisions aligned in columns, and below them what the locations told beside.
func Table(w io.Writer, p plan.Plan, colour bool) error {
	var out bytes.Buffer
	columns := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	width := decisionWidth(p)
	fmt.Fprintf(columns, "PROVIDER\tIMAGE\t%s\tBUILD\tMESSAGE\n", paint("DECISION", defaultColour, colour))
	for _, image := range p.Images {
		cell := fmt.Sprintf("%-*s  %s", width, image.Decision, image.Reason)
		fmt.Fprintf(columns, "%s\t%s\t%s\t%s\t%s\n",
			image.Provider, image.Name, paint(cell, colourOf(image.Decision), colour), orDash(image.Build), image.Message)
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	writeNotes(&out, p)
	_, err := w.Write(out.Bytes())
	return err
}

func decisionWidth(p plan.Plan) int {
	width := 0
	for _, image := range p.Images {
		width = max(width, len(image.Decision))
	}
	return width
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// writeNotes lists the notes of all findings but those that messages have already. What several locations of an image have in
// common is said once.
func writeNotes(out *bytes.Buffer, p plan.Plan) {
	heading := "\nNotes:\n"
	for _, image := range p.Images {
		for _, n := range notesOf(image) {
			fmt.Fprintf(out, "%s  %s, %s, %s: %s\n", heading, image.Provider, places(n.locations), image.Name, n.text)
			heading = ""
		}
	}
}

// note is a note and the locations that have it.
type note struct {
	text      string
	locations []string
}

func notesOf(image plan.Image) []*note {
	var notes []*note
	for _, finding := range image.Findings {
		for _, text := range finding.Notes {
			if strings.Contains(image.Message, text) {
				continue
			}
			i := slices.IndexFunc(notes, func(n *note) bool { return n.text == text })
			if i < 0 {
				i = len(notes)
				notes = append(notes, &note{text: text})
			}
			notes[i].locations = append(notes[i].locations, finding.Location)
		}
	}
	return notes
}

// places names a location, and says how many more there are.
func places(locations []string) string {
	if len(locations) == 1 {
		return locations[0]
	}
	return fmt.Sprintf("%s and %d more", locations[0], len(locations)-1)
}

// The colours all take the same number of bytes, so that columns stay aligned whether or not they are painted.
const (
	defaultColour = "39"
	red           = "31"
	green         = "32"
	yellow        = "33"
	blue          = "34"
)

func colourOf(d plan.Decision) string {
	switch d {
	case plan.Skip:
		return green
	case plan.Build, plan.Replicate:
		return blue
	case plan.Wait:
		return yellow
	}
	return red
}

func paint(text, code string, colour bool) string {
	if !colour {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
