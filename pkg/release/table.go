package release

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/giantswarm/nodeimage/pkg/plan"
)

// JSON writes the document.
func JSON(w io.Writer, c Check) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(c)
}

// Table writes a line for every image of every release, aligned in columns, and below them what the locations told beside.
func Table(w io.Writer, c Check) error {
	var out bytes.Buffer
	columns := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	width := decisionWidth(c)
	fmt.Fprintln(columns, "RELEASE\tIMAGE\tPROVIDER\tDECISION\tBUILD\tMESSAGE")
	for _, r := range c.Releases {
		if len(r.Images) == 0 {
			fmt.Fprintf(columns, "%s\t%s\t-\t%-*s  %s\t-\t%s\n", r.Name, cmp.Or(r.Image, "-"), width, plan.Skip, r.Status, r.Message)
		}
		for _, image := range r.Images {
			fmt.Fprintf(columns, "%s\t%s\t%s\t%-*s  %s\t%s\t%s\n",
				r.Name, image.Name, image.Provider, width, image.Decision, image.Reason, cmp.Or(image.Build, "-"), image.Message)
		}
	}
	if err := columns.Flush(); err != nil {
		return err
	}
	writeNotes(&out, c)
	_, err := w.Write(out.Bytes())
	return err
}

func decisionWidth(c Check) int {
	width := len(plan.Skip)
	for _, r := range c.Releases {
		for _, image := range r.Images {
			width = max(width, len(image.Decision))
		}
	}
	return width
}

// writeNotes lists what locations told about images that are not whole, such as near misses, each once however many releases need
// the image.
func writeNotes(out *bytes.Buffer, c Check) {
	heading := "\nNotes:\n"
	told := make(map[string]bool)
	for _, r := range c.Releases {
		for _, image := range r.Images {
			for _, line := range notesOf(image) {
				if !told[line] {
					told[line] = true
					fmt.Fprintf(out, "%s%s", heading, line)
					heading = ""
				}
			}
		}
	}
}

func notesOf(image plan.Image) []string {
	var lines []string
	if image.Decision == plan.Skip {
		return nil
	}
	for _, finding := range image.Findings {
		for _, note := range finding.Notes {
			if !strings.Contains(image.Message, note) {
				lines = append(lines, fmt.Sprintf("  %s, %s, %s: %s\n", image.Provider, finding.Location, image.Name, note))
			}
		}
	}
	return lines
}
