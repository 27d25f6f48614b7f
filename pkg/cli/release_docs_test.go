package cli

import (
	"bytes"
	"os"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/giantswarm/nodeimage/pkg/release"
)

// TestReleasesPage holds docs/releases.md to the command that it describes: its flags, forms and statuses are there, and its workflow
// is YAML whose actions are pinned.
func TestReleasesPage(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../docs/releases.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(b)
	help := new(bytes.Buffer)
	for _, command := range []string{"check", "diff"} {
		if status := Run(t.Context(), Environment{Args: []string{"release", command, "--help"}, Stdout: help, Stderr: help, Getenv: os.Getenv}); status != 0 {
			t.Fatal(help)
		}
	}
	ofOthers := []string{"--plan", "--name-only", "--diff-filter", "--profile"} // nodeimage vars, git, aws
	for _, flag := range regexp.MustCompile(`--[a-z][a-z-]+`).FindAllString(page, -1) {
		if !strings.Contains(help.String(), flag+" ") && !strings.Contains(strings.Join(ofOthers, " ")+" ", flag+" ") {
			t.Errorf("%s is no flag of nodeimage release", flag)
		}
	}
	for _, form := range releaseForms() {
		if !strings.Contains(page, "\n- `"+form+"`") {
			t.Errorf("the form %s is not explained", form)
		}
	}
	for _, s := range []release.Status{
		release.Whole, release.Missing, release.Pending, release.Unknown, release.Excluded, release.Legacy, release.Deprecated, release.NotNeeded,
	} {
		if !strings.Contains(page, "\n| `"+string(s)+"` |") {
			t.Errorf("the status %s is not explained", s)
		}
	}
	checkWorkflows(t, page)
}

func checkWorkflows(t *testing.T, page string) {
	t.Helper()
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(page, -1)
	if len(blocks) == 0 {
		t.Fatal("there is no workflow")
	}
	for _, block := range blocks {
		var content any
		if err := yaml.Unmarshal([]byte(block[1]), &content); err != nil {
			t.Errorf("%v in %s", err, block[1])
		}
	}
	pinned := regexp.MustCompile(`^uses: [a-z-]+/[a-z-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`)
	for _, uses := range regexp.MustCompile(`uses: .*`).FindAllString(page, -1) {
		if !pinned.MatchString(uses) {
			t.Errorf("%s is not pinned", uses)
		}
	}
}
