package output_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sethvargo/go-githubactions"

	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

func TestGitHubGolden(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"decisions", "nothing"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t)
			if err := output.GitHub(s.action(), read(t, "testdata/"+name+".plan.json")); err != nil {
				t.Fatal(err)
			}
			compare(t, "testdata/"+name+".github.output", []byte(s.file(t, "GITHUB_OUTPUT")))
			compare(t, "testdata/"+name+".github.summary", []byte(s.file(t, "GITHUB_STEP_SUMMARY")))
			compare(t, "testdata/"+name+".github.commands", s.stdout.Bytes())
		})
	}
}

// TestGitHubOutputs reads the outputs as a workflow does.
func TestGitHubOutputs(t *testing.T) {
	t.Parallel()
	s := newStep(t)
	if err := output.GitHub(s.action(), read(t, "testdata/decisions.plan.json")); err != nil {
		t.Fatal(err)
	}
	got := s.outputs(t)
	var matrix map[string][]map[string]any
	if err := json.Unmarshal([]byte(got["matrix"]), &matrix); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"key": "ova-0", "builder": "ova", "image": "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs",
		"target": "build-node-ova-vsphere-flatcar", "providers": []any{"capv", "capvcd", "site"}, "overwrite": true,
		"channel": "stable", "flatcar": "3815.2.5", "kubernetes": "1.29.7", "tooling": "1.15.0", "imageBuilder": "",
	}
	if diff := cmp.Diff(want, matrix["include"][1]); diff != "" || len(matrix) != 1 || len(matrix["include"]) != 2 {
		t.Errorf("matrix %v (-want +got):\n%s", matrix, diff)
	}
	delete(got, "matrix")
	if diff := cmp.Diff(map[string]string{
		"builds": `["ami-1","ova-0"]`, "replicate": `["ami-0"]`, "count": "2", "unknown": "1", "image-name": "", "tooling": "1.15.0",
	}, got); diff != "" {
		t.Error(diff)
	}
}

func TestGitHubImageName(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{"": {"a", "b", "a"}, "a": {"a", "a"}} {
		s, p := newStep(t), plan.Plan{}
		for _, n := range names {
			p.Images = append(p.Images, plan.Image{Name: n})
		}
		if err := output.GitHub(s.action(), p); err != nil {
			t.Fatal(err)
		}
		if got, found := s.outputs(t)["image-name"]; got != want || !found {
			t.Errorf("%v: got %q, %v, want %q", names, got, found, want)
		}
	}
}

// hostile is everything that text can try: other outputs, commands, markup.
const hostile = "x\n" + delimiter + "\ncount<<" + delimiter + "\n99\r\n::set-output name=count::99\n##[set-output name=count]99\n" +
	"|`<img src=x>` [a](http://evil) **b** _c_ ~~d~~ $e$ @f www.g.h \\| %0A::error::h\u2028i\x1b[31m"

// TestGitHubInjectsNothing puts hostile text wherever a plan has text for people.
func TestGitHubInjectsNothing(t *testing.T) {
	t.Parallel()
	s := newStep(t)
	err := output.GitHub(s.action(), plan.Plan{OnUnknown: plan.UnknownFails, Summary: plan.Summary{Unknown: 1}, Images: []plan.Image{{
		Provider: hostile, Name: "a", Decision: plan.Undecided, Reason: plan.ReasonUnknown, Message: hostile,
		Findings: []inventory.Finding{{Location: hostile, State: inventory.Unknown, Notes: []string{"note " + hostile}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"error", "notice"}, s.commands()); diff != "" {
		t.Errorf("commands (-want +got):\n%s\n%s", diff, s.stdout.String())
	}
	if got := strings.Count(s.stdout.String(), "\n"); got != 2 {
		t.Errorf("%d lines in\n%s", got, s.stdout.String())
	}
	got := s.outputs(t)
	if got["count"] != "0" || len(got) != 7 {
		t.Errorf("outputs %v", got)
	}
	lines := strings.Split(s.file(t, "GITHUB_STEP_SUMMARY"), "\n")
	table := lines[slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "| ---") })+1:]
	if n := strings.Count(table[0], "|"); n != 7 || table[1] != "" || len(table) != 7 {
		t.Errorf("a row of %d bars in %q", n, table)
	}
	for _, markup := range []string{"`", "<", "[a]", "**b", "_c_", "~~", "$", "@", "http://", "www.", `\`, "\x1b"} {
		if strings.Contains(table[0]+table[4], markup) {
			t.Errorf("%q in %q", markup, table)
		}
	}
}

// TestGitHubRefuses finds plans that can't be handed on as they are, and writes nothing of them.
func TestGitHubRefuses(t *testing.T) {
	t.Parallel()
	many := make([]plan.BuildRun, 2500)
	for i := range many {
		many[i] = plan.BuildRun{Key: fmt.Sprintf("ami-%d", i), Image: strings.Repeat("a", 100)}
	}
	for name, c := range map[string]struct {
		plan    plan.Plan
		secrets []string
		want    []string
	}{
		"line break":  {plan: plan.Plan{Images: []plan.Image{{Name: "a\nb"}}}, want: []string{"image-name has a line break"}},
		"carriage":    {plan: plan.Plan{Versions: plan.Versions{Tooling: "1.15.0\r"}}, want: []string{"tooling has a line break"}},
		"delimiter":   {plan: plan.Plan{Builds: []plan.BuildRun{{Key: delimiter}}}, want: []string{"matrix contains", "builds contains"}},
		"too large":   {plan: plan.Plan{Builds: many}, want: []string{"the outputs take", "of a job"}},
		"a secret":    {plan: plan.Plan{Images: []plan.Image{{Name: "has-hunter2"}}}, secrets: []string{"hunter2"}, want: []string{"image-name contains a credential"}},
		"JSON secret": {plan: plan.Plan{Builds: []plan.BuildRun{{Image: `a"b<c`}}}, secrets: []string{`a"b<c`}, want: []string{"matrix contains a credential"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStep(t)
			err := output.GitHub(s.action(), c.plan, c.secrets...)
			if err == nil {
				t.Fatal("no error")
			}
			lacks := func(want string) bool { return !strings.Contains(err.Error(), want) }
			if slices.ContainsFunc(c.want, lacks) || !lacks("hunter2") {
				t.Errorf("got %q, want %q in it and no credential", err, c.want)
			}
			if got := s.file(t, "GITHUB_OUTPUT") + s.file(t, "GITHUB_STEP_SUMMARY") + s.stdout.String(); got != "" {
				t.Errorf("written:\n%s", got)
			}
		})
	}
}

func TestGitHubOutside(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"a laptop":   {nil, "GITHUB_ACTIONS is not true"},
		"not true":   {map[string]string{"GITHUB_ACTIONS": "false", "GITHUB_OUTPUT": "a", "GITHUB_STEP_SUMMARY": "b"}, "GITHUB_ACTIONS is not true"},
		"no output":  {map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": "b"}, "-o github: GITHUB_OUTPUT is not set"},
		"no summary": {map[string]string{"GITHUB_ACTIONS": "true", "GITHUB_OUTPUT": "a"}, "-o github: GITHUB_STEP_SUMMARY is not set"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := &step{env: c.env}
			err := output.GitHub(s.action(), plan.Plan{})
			if err == nil || !strings.Contains(err.Error(), c.want) || s.stdout.Len() > 0 {
				t.Errorf("got %v and %q, want %q", err, s.stdout.String(), c.want)
			}
		})
	}
}

func TestGitHubWriteErrorsAreReported(t *testing.T) {
	t.Parallel()
	s := newStep(t)
	s.env["GITHUB_OUTPUT"] = filepath.Join(t.TempDir(), "none", "output")
	if err := output.GitHub(s.action(), plan.Plan{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v for a file that can't be written", err)
	}
	s = newStep(t)
	action := githubactions.New(githubactions.WithWriter(broken{}), githubactions.WithGetenv(func(k string) string { return s.env[k] }))
	if err := output.GitHub(action, plan.Plan{}); err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %v for a stream that can't be written", err)
	}
}

func TestGitHubMasksSecrets(t *testing.T) {
	t.Parallel()
	s := newStep(t)
	if err := output.GitHub(s.action(), plan.Plan{}, "", "hunter2", " ", "two\nlines"); err != nil {
		t.Fatal(err)
	}
	if want := "::add-mask::hunter2\n::add-mask::two%0Alines\n::notice title=nodeimage::no images\n"; s.stdout.String() != want {
		t.Errorf("got %q, want %q", s.stdout.String(), want)
	}
}

// TestGitHubLevels tells what is an error from what is a warning and what is nothing to tell.
func TestGitHubLevels(t *testing.T) {
	t.Parallel()
	broken := []inventory.Finding{{Location: "a", State: inventory.Failed, Notes: []string{}}}
	for name, c := range map[string]struct {
		image plan.Image
		want  string
	}{
		"exists":                   {plan.Image{Decision: plan.Skip, Reason: plan.ReasonExists}, ""},
		"missing":                  {plan.Image{Decision: plan.Build, Reason: plan.ReasonMissing}, ""},
		"unknown":                  {plan.Image{Decision: plan.Undecided, Reason: plan.ReasonUnknown, Message: "m"}, "::error title=capa%3A unknown::n: m"},
		"unknown and broken":       {plan.Image{Decision: plan.Undecided, Reason: plan.ReasonUnknown, Message: "m", Findings: broken}, "::error title=capa%3A unknown::n: m; broken in a"},
		"built without knowing":    {plan.Image{Decision: plan.Build, Reason: plan.ReasonUnknown, Message: "m"}, "::warning title=capa%3A build::n: m"},
		"broken and built anew":    {plan.Image{Decision: plan.Build, Reason: plan.ReasonFailed, Message: "broken in a", Findings: broken}, "::warning title=capa%3A build::n: broken in a"},
		"broken and replicated":    {plan.Image{Decision: plan.Replicate, Reason: plan.ReasonIncomplete, Message: "broken in a", Findings: broken}, "::warning title=capa%3A replicate::n: broken in a"},
		"broken and left":          {plan.Image{Decision: plan.Wait, Reason: plan.ReasonInProgress, Message: "m", Findings: broken}, "::error title=capa%3A wait::n: m; broken in a"},
		"broken and forced":        {plan.Image{Decision: plan.Build, Reason: plan.ReasonForced, Message: "m", Findings: broken}, "::warning title=capa%3A build::n: m; broken in a"},
		"waiting for what is made": {plan.Image{Decision: plan.Wait, Reason: plan.ReasonInProgress, Message: "m"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.image.Provider, c.image.Name = "capa", "n"
			p := plan.Plan{OnUnknown: plan.UnknownFails, Images: []plan.Image{c.image}, Summary: plan.Summary{Unknown: 1}}
			s := newStep(t)
			if err := output.GitHub(s.action(), p); err != nil {
				t.Fatal(err)
			}
			got, _, _ := strings.Cut(s.stdout.String(), "::notice")
			if diff := cmp.Diff(c.want, strings.TrimSpace(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestGitHubTellsOfEveryUnknown lets an unknown image that doesn't fail the run be a warning, and no more of them be made than
// GitHub shows.
func TestGitHubTellsOfEveryUnknown(t *testing.T) {
	t.Parallel()
	p := plan.Plan{OnUnknown: plan.UnknownSkips, Summary: plan.Summary{Unknown: 12}}
	for range 12 {
		p.Images = append(p.Images, plan.Image{Name: "a", Decision: plan.Undecided, Reason: plan.ReasonUnknown})
	}
	s := newStep(t)
	if err := output.GitHub(s.action(), p); err != nil {
		t.Fatal(err)
	}
	want := append(slices.Repeat([]string{"warning"}, 10), "notice")
	if diff := cmp.Diff(want, s.commands()); diff != "" || !strings.Contains(s.stdout.String(), "::3 more images: see the summary.") {
		t.Errorf("%s\n%s", diff, s.stdout.String())
	}
}

func TestGitHubWarnsOfTooManyJobs(t *testing.T) {
	t.Parallel()
	for builds, want := range map[int][]string{256: {"notice"}, 257: {"warning", "notice"}} {
		s := newStep(t)
		if err := output.GitHub(s.action(), plan.Plan{Builds: make([]plan.BuildRun, builds)}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, s.commands()); diff != "" {
			t.Errorf("%d builds: %s", builds, diff)
		}
	}
}

// TestGitHubDelimiter notices when the library ends values in another way than the one that is refused.
func TestGitHubDelimiter(t *testing.T) {
	t.Parallel()
	s := newStep(t)
	s.action().SetOutput("a", "b")
	if want := "a<<" + delimiter + "\nb\n" + delimiter + "\n"; s.file(t, "GITHUB_OUTPUT") != want {
		t.Errorf("got %q, want %q", s.file(t, "GITHUB_OUTPUT"), want)
	}
}
