package output_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// TestGitHubCutsSummaries writes summaries of about the size that GitHub shows.
func TestGitHubCutsSummaries(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		images, notes int
		cut           bool
	}{
		"fits":              {images: 4000, notes: 1000},
		"notes are too big": {images: 4000, notes: 9000, cut: true},
		"rows are too big":  {images: 12000, cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t)
			if err := output.GitHub(s.action(), long(c.images, c.notes)); err != nil {
				t.Fatal(err)
			}
			checkCut(t, s.file(t, "GITHUB_STEP_SUMMARY"), c.images+c.notes, c.cut)
		})
	}
}

// long is a plan with many images, the first with many notes.
func long(images, notes int) plan.Plan {
	var p plan.Plan
	for i := range images {
		p.Images = append(p.Images, plan.Image{
			Provider: "capa", Name: fmt.Sprint("image-", i), Decision: plan.Skip, Message: strings.Repeat("a", 60),
		})
	}
	for range notes {
		finding := inventory.Finding{Location: "eu-west-1", Notes: []string{strings.Repeat("n", 60)}}
		p.Images[0].Findings = append(p.Images[0].Findings, finding)
	}
	return p
}

// checkCut wants a summary to have all lines, or as many as GitHub shows and a sentence with the number of the others.
func checkCut(t *testing.T, summary string, lines int, cut bool) {
	t.Helper()
	if len(summary) > 1<<20 || cut && len(summary) < 1<<20-1000 {
		t.Errorf("the summary takes %d bytes", len(summary))
	}
	left := lines - strings.Count(summary, "\n| capa ") - strings.Count(summary, "\n- capa, ")
	if sentence := fmt.Sprintf("\n%d lines are left out", left); (left > 0) != cut || strings.Contains(summary, sentence) != cut {
		t.Errorf("%d of %d lines are left out, and the end is %q", left, lines, summary[len(summary)-200:])
	}
}
