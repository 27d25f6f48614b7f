package output_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sethvargo/go-githubactions"
)

const delimiter = "_GitHubActionsFileCommandDelimeter_"

// step is a step of GitHub Actions: its environment, its files and its output.
type step struct {
	env    map[string]string
	stdout bytes.Buffer
}

func newStep(t *testing.T) *step {
	t.Helper()
	dir := t.TempDir()
	s := &step{env: map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": filepath.Join(dir, "output"), "GITHUB_STEP_SUMMARY": filepath.Join(dir, "summary"),
	}}
	for _, file := range []string{s.env["GITHUB_OUTPUT"], s.env["GITHUB_STEP_SUMMARY"]} { // the runner makes them
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func (s *step) action() *githubactions.Action {
	return githubactions.New(githubactions.WithWriter(&s.stdout), githubactions.WithGetenv(func(k string) string { return s.env[k] }))
}

func (s *step) file(t *testing.T, variable string) string {
	t.Helper()
	b, err := os.ReadFile(s.env[variable])
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// outputs reads the file of outputs by the runner's rules: NAME=VALUE, or NAME<<DELIMITER and lines up to one with the delimiter
// (github.com/actions/runner src/Runner.Worker/FileCommandManager.cs).
func (s *step) outputs(t *testing.T) map[string]string {
	t.Helper()
	out := make(map[string]string)
	lines := strings.Split(s.file(t, "GITHUB_OUTPUT"), "\n")
	for len(lines) > 0 {
		line := lines[0]
		lines = lines[1:]
		name, end, heredoc := strings.Cut(line, "<<")
		switch before, value, plain := strings.Cut(line, "="); {
		case line == "":
		case plain && !strings.Contains(before, "<<"):
			out[before] = value
		case heredoc:
			i := slices.Index(lines, end)
			if i < 0 {
				t.Fatalf("the output %s does not end", name)
			}
			out[name], lines = strings.Join(lines[:i], "\n"), lines[i+1:]
		default:
			t.Fatalf("%q is no output", line)
		}
	}
	return out
}

// commands reads the workflow commands that the step printed by the runner's rules
// (github.com/actions/runner src/Runner.Common/ActionCommand.cs).
func (s *step) commands() (commands []string) {
	for line := range strings.Lines(s.stdout.String()) {
		if rest, found := strings.CutPrefix(strings.TrimSpace(line), "::"); found {
			head, _, _ := strings.Cut(rest, "::")
			name, _, _ := strings.Cut(head, " ")
			commands = append(commands, name)
		}
	}
	return commands
}
