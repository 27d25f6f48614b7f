package cli

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/images"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

const toolingSource = "github.com/giantswarm/capi-image-builder"

// workflow is the environment of a step of a workflow that an event started.
func workflow(event, path string) map[string]string {
	return map[string]string{
		"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": "https://github.com", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": path,
	}
}

func getenv(env map[string]string) func(string) string {
	return func(k string) string { return env[k] }
}

// TestEventToPlan takes recorded events, whose text for people tries to write outputs, through to outputs and summary.
func TestEventToPlan(t *testing.T) {
	t.Parallel()
	for event, file := range map[string]string{"release": "release.event.json", "push": "push-tag.event.json"} {
		t.Run(event, func(t *testing.T) {
			t.Parallel()
			env, dir, stdout := workflow(event, "testdata/"+file), t.TempDir(), new(bytes.Buffer)
			env["GITHUB_OUTPUT"], env["GITHUB_STEP_SUMMARY"] = filepath.Join(dir, "output"), filepath.Join(dir, "summary")
			env["GITHUB_TOKEN"] = "ghs_notToBeShown"
			tooling, why, err := toolingFromEvent(getenv(env), os.ReadFile, toolingSource, false)
			if err != nil || tooling != "1.15.0" || why != "is that of the tag v1.15.0, from the "+event+" event" {
				t.Fatalf("got %q, %q, %v", tooling, why, err)
			}
			if err := githubOutput(Environment{Stdout: stdout, Getenv: getenv(env)}, missing(t, tooling)); err != nil {
				t.Fatal(err)
			}
			checkStep(t, env, stdout.String())
		})
	}
}

// missing is the plan of the quick start where there is nothing yet.
func missing(t *testing.T, tooling string) plan.Plan {
	t.Helper()
	set, err := imageset.Decode("quickstart.yaml", images.Quickstart)
	if err != nil {
		t.Fatal(err)
	}
	wanted, versions, err := plan.Expand(set, plan.Want{Versions: plan.Versions{
		Tooling: tooling, Kubernetes: []string{"1.29.7"}, Flatcar: plan.FlatcarVersions{Versions: []string{"3815.2.5"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	findings := make(map[string]inventory.Findings)
	for _, w := range wanted {
		findings[w.Provider] = make(inventory.Findings)
		findings[w.Provider].Add(w.Image, inventory.Finding{Location: "a", State: inventory.Absent, Notes: []string{}})
	}
	return plan.Decide(plan.Input{Set: set, Versions: versions, Wanted: wanted, Findings: findings, OnUnknown: plan.UnknownFails})
}

// checkStep holds what a step wrote against what the plan of missing has to say, and nothing else.
func checkStep(t *testing.T, env map[string]string, stdout string) {
	t.Helper()
	written := func(variable string) string {
		b, err := os.ReadFile(env[variable])
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	got := make(map[string]string)
	for _, m := range regexp.MustCompile(`(?m)^([a-z-]+)<<(\S+)\n(.*)\n_GitHub`).FindAllStringSubmatch(written("GITHUB_OUTPUT"), -1) {
		got[m[1]] = m[3]
	}
	lines := strings.Count(written("GITHUB_OUTPUT"), "\n")
	delete(got, "matrix")
	if diff := cmp.Diff(map[string]string{
		"builds": `["raw-0"]`, "replicate": "[]", "count": "1", "unknown": "0", "tooling": "1.15.0",
		"image-name": "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs",
	}, got); diff != "" || lines != 7*3 {
		t.Errorf("%d lines of outputs (-want +got):\n%s", lines, diff)
	}
	if summary := written("GITHUB_STEP_SUMMARY"); !strings.Contains(summary, "| build | missing | raw-0 | missing in a |") {
		t.Errorf("summary:\n%s", summary)
	}
	if want := "::add-mask::ghs_notToBeShown\n::notice title=nodeimage::1 to build\n"; stdout != want {
		t.Errorf("standard output %q, want %q", stdout, want)
	}
}

// changed reads a recorded event with some of its text replaced.
func changed(replace ...string) func(string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		b, err := os.ReadFile(path)
		return []byte(strings.NewReplacer(replace...).Replace(string(b))), err
	}
}

func TestToolingFromEvent(t *testing.T) {
	t.Parallel()
	created := `{"ref": "1.15.0", "ref_type": "tag", "repository": {"full_name": "giantswarm/capi-image-builder"}}`
	const release, push = "testdata/release.event.json", "testdata/push-tag.event.json"
	for name, c := range map[string]struct {
		env         map[string]string
		readFile    func(string) ([]byte, error)
		source      string
		prereleases bool
		want, why   string
	}{
		"published":            {env: workflow("release", release), want: "1.15.0", why: "the tag v1.15.0"},
		"released":             {env: workflow("release", release), readFile: changed(`"published"`, `"released"`), want: "1.15.0", why: "v1.15.0"},
		"tag without v":        {env: workflow("release", release), readFile: changed(`"v1.15.0"`, `"1.15.0"`), want: "1.15.0", why: "the tag 1.15.0"},
		"edited release":       {env: workflow("release", release), readFile: changed(`"published"`, `"edited"`), why: `the release was "edited", not published`},
		"deleted release":      {env: workflow("release", release), readFile: changed(`"published"`, `"deleted"`), why: `the release was "deleted"`},
		"draft":                {env: workflow("release", release), readFile: changed(`"draft": false`, `"draft": true`), why: "is a draft"},
		"pre-release":          {env: workflow("release", release), readFile: changed(`"prerelease": false`, `"prerelease": true`), why: "is a pre-release (--allow-prerelease"},
		"pre-release, allowed": {env: workflow("release", release), readFile: changed(`"prerelease": false`, `"prerelease": true`), prereleases: true, want: "1.15.0", why: "v1.15.0"},
		"rc tag":               {env: workflow("release", release), readFile: changed(`"v1.15.0"`, `"v1.15.0-rc.1"`), why: `"v1.15.0-rc.1" is a pre-release`},
		"rc tag, allowed":      {env: workflow("release", release), readFile: changed(`"v1.15.0"`, `"v1.15.0-rc.1"`), prereleases: true, want: "1.15.0-rc.1", why: "rc.1"},
		"metadata":             {env: workflow("release", release), readFile: changed(`"v1.15.0"`, `"v1.15.0+gs"`), why: "no MAJOR.MINOR.PATCH version"},
		"two numbers":          {env: workflow("release", release), readFile: changed(`"v1.15.0"`, `"v1.15"`), why: `the tag "v1.15" is no`},
		"hostile tag":          {env: workflow("release", release), readFile: changed(`"v1.15.0"`, `"v1.15.0\ncount=99"`), why: `the tag "v1.15.0\ncount=99" is no`},
		"another repository":   {env: workflow("release", release), source: "github.com/fork/capi-image-builder", why: `an event of "https://github.com/giantswarm/capi-image-builder": releases come from "github.com/fork`},
		"same, as a URL":       {env: workflow("release", release), source: "https://github.com/GiantSwarm/capi-image-builder.git", want: "1.15.0", why: "v1.15.0"},
		"default source":       {env: workflow("release", release), source: "default", want: "1.15.0", why: "v1.15.0"},
		"a file":               {env: workflow("release", release), source: "hack/tags.txt", want: "1.15.0", why: "v1.15.0"},
		"a document":           {env: workflow("release", release), source: "https://releases.example/tags.json", want: "1.15.0", why: "v1.15.0"},
		"tag push":             {env: workflow("push", push), want: "1.15.0", why: "from the push event"},
		"branch push":          {env: workflow("push", push), readFile: changed("refs/tags/v1.15.0", "refs/heads/v1.15.0"), why: `"refs/heads/v1.15.0" is no tag`},
		"deleted tag":          {env: workflow("push", push), readFile: changed(`"deleted": false`, `"deleted": true`), why: `"refs/tags/v1.15.0" was deleted`},
		"nested tag":           {env: workflow("push", push), readFile: changed("refs/tags/v1.15.0", "refs/tags/charts/v1.15.0"), why: `the tag "charts/v1.15.0" is no`},
		"tag created":          {env: workflow("create", "e"), readFile: content(created), want: "1.15.0", why: "from the create event"},
		"branch created":       {env: workflow("create", "e"), readFile: content(strings.Replace(created, `"tag"`, `"branch"`, 1)), why: `"1.15.0" is no tag`},
		"dispatched":           {env: workflow("workflow_dispatch", "none"), why: `the event "workflow_dispatch"`},
		"scheduled":            {env: workflow("schedule", "none"), why: `the event "schedule"`},
		"pull request":         {env: workflow("pull_request", "none"), why: `the event "pull_request"`},
		"a laptop":             {env: map[string]string{"GITHUB_EVENT_NAME": "release"}, why: "no GitHub workflow"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.readFile == nil {
				c.readFile = os.ReadFile
			}
			switch c.source {
			case "":
				c.source = toolingSource
			case "default":
				c.source = ""
			}
			got, why, err := toolingFromEvent(getenv(c.env), c.readFile, c.source, c.prereleases)
			if err != nil || got != c.want || !strings.Contains(why, c.why) || strings.Contains(why, "\n") {
				t.Errorf("got %q, %q, %v, want %q, %q", got, why, err, c.want, c.why)
			}
		})
	}
}

func content(text string) func(string) ([]byte, error) {
	return func(string) ([]byte, error) { return []byte(text), nil }
}

func TestEventsThatCanNotBeRead(t *testing.T) {
	t.Parallel()
	const whose = `"repository": {"full_name": "giantswarm/capi-image-builder"}`
	for name, c := range map[string]struct {
		event, path string
		readFile    func(string) ([]byte, error)
		want        []string
	}{
		"garbage":       {"release", "event.json", content("<html>"), []string{"reading the release event", "event.json", "invalid character"}},
		"half a file":   {"push", "event.json", content(`{"ref": "refs/t`), []string{"event.json", "unexpected end"}},
		"empty":         {"push", "event.json", content(``), []string{"event.json", "unexpected end"}},
		"another shape": {"release", "event.json", content(`{"release": "v1.15.0"}`), []string{"event.json", "cannot unmarshal"}},
		"null":          {"release", "event.json", content(`null`), []string{"event.json has no repository.full_name"}},
		"no release":    {"release", "event.json", content(`{"action": "published", ` + whose + `}`), []string{"event.json: it has no release.tag_name"}},
		"no ref":        {"push", "event.json", content(`{` + whose + `}`), []string{"event.json: it has no ref"}},
		"no path":       {"push", "", os.ReadFile, []string{"GITHUB_EVENT_PATH is not set"}},
		"no file":       {"push", "testdata/none.json", os.ReadFile, []string{"testdata/none.json"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tooling, _, err := toolingFromEvent(getenv(workflow(c.event, c.path)), c.readFile, toolingSource, false)
			if err == nil || tooling != "" {
				t.Fatalf("got %q and no error", tooling)
			}
			if i := slices.IndexFunc(c.want, func(w string) bool { return !strings.Contains(err.Error(), w) }); i >= 0 {
				t.Errorf("got %q, want %q in it", err, c.want[i])
			}
		})
	}
	if _, _, err := toolingFromEvent(getenv(workflow("push", "testdata/none.json")), os.ReadFile, "", false); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that the file isn't there", err)
	}
}

func TestGitHubOutsideOfIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  map[string]string
		want string
	}{
		"a laptop":    {nil, "GITHUB_ACTIONS is not true"},
		"half a step": {workflow("push", ""), "GITHUB_OUTPUT"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := Environment{Stdout: new(bytes.Buffer), Getenv: getenv(c.env)}
			for _, err := range []error{checkGitHub(env), githubOutput(env, plan.Plan{})} {
				if err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			}
		})
	}
}
