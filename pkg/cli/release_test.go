package cli

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/plan"
	"github.com/giantswarm/nodeimage/pkg/release"
)

// lacking is a check of n releases whose image is missing, and of one that could not be checked but does not fail.
func lacking(n int, message string) release.Check {
	c := release.Check{OnUnknown: plan.UnknownSkips}
	add := func(status release.Status, decision plan.Decision, i int) {
		c.Releases = append(c.Releases, release.Result{
			File: "capa/release.yaml", Line: i + 1, Name: fmt.Sprintf("aws-29.0.%d", i), Image: "an image", Status: status, Message: message,
			Images: []plan.Image{{Name: "an image", Provider: "capa", Decision: decision, Message: message}},
		})
	}
	for i := range n {
		add(release.Missing, plan.Build, i)
	}
	add(release.Unknown, plan.Undecided, n)
	return c
}

func annotated(t *testing.T, c release.Check) (commands, summary string) {
	t.Helper()
	env := map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": filepath.Join(t.TempDir(), "summary")}
	var out bytes.Buffer
	if err := annotateCheck(&out, Environment{Getenv: getenv(env)}, c); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(env["GITHUB_STEP_SUMMARY"])
	if err != nil {
		t.Fatal(err)
	}
	return out.String(), string(b)
}

// TestAnnotationsOfReleases wants as many annotations as GitHub shows, the last of them for the others.
func TestAnnotationsOfReleases(t *testing.T) {
	t.Parallel()
	for n, last := range map[int]string{
		10: "::error file=capa/release.yaml,line=10,title=aws-29.0.9%3A node image missing::an image: gone",
		11: "::error title=nodeimage::2 more: see the log and the summary.",
	} {
		commands, _ := annotated(t, lacking(n, "gone"))
		lines := strings.Split(strings.TrimSpace(commands), "\n")
		if len(lines) != 11 || lines[9] != last || !strings.HasPrefix(lines[10], "::warning file=") {
			t.Errorf("%d releases: got %s", n, commands)
		}
	}
}

// TestMessagesStayText lets a cloud answer with what would be a command, a heading and the end of a block of code.
func TestMessagesStayText(t *testing.T) {
	t.Parallel()
	commands, summary := annotated(t, lacking(1, "gone\n::set-output name=x::y\r```\x1b[31m"))
	if strings.Count(commands, "\n") != 2 || strings.Contains(commands, "\n::set-output") {
		t.Errorf("got commands %q", commands)
	}
	if strings.Count(summary, "```") != 2 || strings.ContainsAny(summary, "\x1b\r\x00") {
		t.Errorf("got summary %q", summary)
	}
}

func TestSummaryOfReleasesIsCut(t *testing.T) {
	t.Parallel()
	_, summary := annotated(t, lacking(3, strings.Repeat("gone ", 100_000)))
	if len(summary) > 1<<20 || !strings.Contains(summary, "The rest is left out") || !strings.HasSuffix(strings.TrimSpace(summary), "\n```") {
		t.Errorf("a summary of %d bytes", len(summary))
	}
}

func TestSummaryThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	env := map[string]string{"GITHUB_STEP_SUMMARY": t.TempDir()}
	err := annotateCheck(new(bytes.Buffer), Environment{Getenv: getenv(env)}, lacking(1, "gone"))
	var pathErr *os.PathError
	if !errors.As(err, &pathErr) {
		t.Errorf("got %v", err)
	}
}

func TestInWorkspace(t *testing.T) {
	t.Parallel()
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ workspace, path, want string }{
		{"", "capa/release.yaml", "capa/release.yaml"},
		{filepath.Dir(here), "capa/release.yaml", "cli/capa/release.yaml"},
		{here, filepath.Join(here, "capa/release.yaml"), "capa/release.yaml"},
		{here, "./capa/../capa/release.yaml", "capa/release.yaml"},
		{filepath.Join(here, "other"), "capa/release.yaml", "capa/release.yaml"},
	} {
		env := Environment{Getenv: getenv(map[string]string{"GITHUB_WORKSPACE": c.workspace})}
		if got := inWorkspace(env, c.path); got != c.want {
			t.Errorf("%s in %s: got %s, want %s", c.path, c.workspace, got, c.want)
		}
	}
}

// TestReleaseFiles says which files a directory stands for.
func TestReleaseFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, file := range []string{
		"capa/v29.0.0/release.yaml", "capa/v29.0.0/README.md", "capa/archived/v25.0.0/release.yaml", "azure/r.yml", ".github/workflows/x.yaml",
	} {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for arg, want := range map[string][]string{
		"":                           {"azure/r.yml", "capa/v29.0.0/release.yaml"},
		"capa/archived":              {"capa/archived/v25.0.0/release.yaml"},
		"capa/v29.0.0/README.md":     {"capa/v29.0.0/README.md"},
		".github":                    {".github/workflows/x.yaml"},
		"capa/archived/v25.0.0/":     {"capa/archived/v25.0.0/release.yaml"},
		"capa/v29.0.0/release.yaml/": nil,
	} {
		files, _ := releaseFiles(filepath.Join(dir, arg) + arg[len(strings.TrimSuffix(arg, "/")):])
		var got []string
		for _, f := range files {
			relative, err := filepath.Rel(dir, f.path)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, relative)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q: %s", arg, diff)
		}
	}
}
