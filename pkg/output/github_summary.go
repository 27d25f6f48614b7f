package output

import (
	"cmp"
	"fmt"
	"strings"
	"unicode"

	"github.com/giantswarm/nodeimage/pkg/plan"
)

// githubSummaryLimit is what a step's summary may take; the runner does not show a larger one
// (https://docs.github.com/en/actions/using-workflows/workflow-commands-for-github-actions#adding-a-job-summary: 1 MiB). The
// library ends it with a line break.
const githubSummaryLimit = 1<<20 - len("\r\n")

// stepSummary is the plan in GitHub flavoured Markdown: a table of the decisions, and below it what the locations told beside. What
// goes beyond limit bytes is left out, with a sentence that says so.
func stepSummary(p plan.Plan, limit int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "### nodeimage: %s\n\n", markdown(Summary(p)))
	fmt.Fprintf(&b, "Tooling %s, Flatcar %s %s, Kubernetes %s\n\n", markdown(p.Versions.Tooling), markdown(p.Versions.Flatcar.Channel),
		markdown(strings.Join(p.Versions.Flatcar.Versions, ", ")), markdown(strings.Join(p.Versions.Kubernetes, ", ")))
	rows, notes := summaryRows(p), summaryNotes(p)
	if len(rows) == 0 {
		return b.String()
	}
	b.WriteString("| Provider | Image | Decision | Reason | Build | Message |\n| --- | --- | --- | --- | --- | --- |\n")
	left := limit - b.Len()
	kept := fitting(rows, notes, left)
	b.WriteString(strings.Join(kept, ""))
	if dropped := len(rows) + len(notes) - len(kept); dropped > 0 {
		fmt.Fprintf(&b, leftOut, dropped)
	}
	return b.String()
}

const leftOut = "\n%d lines are left out: GitHub shows summaries up to 1 MiB. The plan document has everything.\n"

// fitting are the first lines that take no more than room bytes, with room for the sentence about the others where there are any.
func fitting(rows, notes []string, room int) []string {
	all := append(append([]string{}, rows...), notes...)
	if size(all) <= room {
		return all
	}
	room -= len(leftOut) + len("000000")
	for i, line := range all {
		if room -= len(line); room < 0 {
			return all[:i]
		}
	}
	return all
}

func size(lines []string) int {
	n := 0
	for _, line := range lines {
		n += len(line)
	}
	return n
}

func summaryRows(p plan.Plan) []string {
	var rows []string
	for _, image := range p.Images {
		cells := []string{
			image.Provider, image.Name, string(image.Decision), string(image.Reason), cmp.Or(image.Build, "-"), image.Message,
		}
		for i, cell := range cells {
			cells[i] = markdown(cell)
		}
		rows = append(rows, "| "+strings.Join(cells, " | ")+" |\n")
	}
	return rows
}

// summaryNotes are the notes of all findings but those that messages have already, the first with a heading.
func summaryNotes(p plan.Plan) []string {
	var lines []string
	for _, image := range p.Images {
		for _, finding := range image.Findings {
			for _, note := range finding.Notes {
				if strings.Contains(image.Message, note) {
					continue
				}
				lines = append(lines, fmt.Sprintf("- %s, %s, %s: %s\n",
					markdown(image.Provider), markdown(finding.Location), markdown(image.Name), markdown(note)))
			}
		}
	}
	if len(lines) > 0 {
		lines[0] = "\n**Notes**\n\n" + lines[0]
	}
	return lines
}

// markdownText has a character reference for every character that could begin anything but text in GitHub flavoured Markdown:
// markup, a table cell, HTML, a formula, a mention or a link. A reference is text wherever it stands
// (https://spec.commonmark.org/0.31.2/#entity-and-numeric-character-references).
var markdownText = strings.NewReplacer(
	"&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "&#124;", "`", "&#96;", "*", "&#42;", "_", "&#95;", "[", "&#91;", "]", "&#93;",
	`\`, "&#92;", "~", "&#126;", "$", "&#36;", "@", "&#64;", "://", "&#58;//", "www.", "www&#46;", "#", "&#35;",
)

// markdown is a text as Markdown shows it, on one line.
func markdown(text string) string {
	printable := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	return markdownText.Replace(strings.Join(strings.Fields(printable), " "))
}
