package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
	"github.com/sethvargo/go-githubactions"

	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/plan"
	"github.com/giantswarm/nodeimage/pkg/versions"
)

// checkGitHub finds out, before anything is called, whether a plan can be written for GitHub Actions.
func checkGitHub(env Environment) error { return output.CheckGitHub(githubAction(env)) }

// githubOutput writes a plan for GitHub Actions: annotations to standard output, outputs and summary to the files that the runner
// names. The tokens that this program reads are masked; the clouds' credentials are masked by the actions that fetch them.
func githubOutput(env Environment, p plan.Plan) error {
	return output.GitHub(githubAction(env), p, env.Getenv("GITHUB_TOKEN"), env.Getenv("GH_TOKEN"))
}

func githubAction(env Environment) *githubactions.Action {
	return githubactions.New(githubactions.WithWriter(env.Stdout), githubactions.WithGetenv(env.Getenv))
}

// githubEvent is what the events that name a version tell of it
// (https://docs.github.com/en/webhooks/webhook-events-and-payloads: create, push and release).
type githubEvent struct {
	Action     string `json:"action"`
	Ref        string `json:"ref"`      // of push: refs/tags/v1.15.0; of create: v1.15.0
	RefType    string `json:"ref_type"` // of create
	Deleted    bool   `json:"deleted"`  // of push
	Repository struct {
		FullName string `json:"full_name"`
	} `json:"repository"`
	Release struct {
		TagName    string `json:"tag_name"`
		Draft      bool   `json:"draft"`
		Prerelease bool   `json:"prerelease"`
	} `json:"release"`
}

// toolingFromEvent is the tooling version that the event names which started a workflow: a published release, or a tag that was
// pushed or created, in the repository that the tooling comes from. The version has no v. Where the event names none (a branch, a
// draft, a schedule, another repository's release, no workflow at all) it is empty. Either way why continues "the tooling version"
// in a message. The error says that the event can't be read, with the file that it stands in.
//
// Source is where tooling versions come from, in the form of the image set's sources.tooling; empty is its default. Where it is a
// file, any repository's event counts.
func toolingFromEvent(
	getenv func(string) string, readFile func(string) ([]byte, error), source string, prereleases bool,
) (tooling, why string, err error) {
	name := getenv("GITHUB_EVENT_NAME")
	switch {
	case getenv("GITHUB_ACTIONS") != "true":
		return "", "is not told by an event: this is no GitHub workflow", nil
	case !slices.Contains([]string{"release", "push", "create"}, name):
		return "", fmt.Sprintf("is not told by the event %q", name), nil
	}
	event, err := readEvent(getenv("GITHUB_EVENT_PATH"), readFile)
	if err != nil {
		return "", "", fmt.Errorf("reading the %s event: %w", name, err)
	}
	source = cmp.Or(source, versions.DefaultTooling)
	if from := cmp.Or(getenv("GITHUB_SERVER_URL"), "https://github.com") + "/" + event.Repository.FullName; !isRepository(source, from) {
		return "", fmt.Sprintf("is not told by an event of %q: releases come from %q", from, source), nil
	}
	if err := event.complete(name); err != nil {
		return "", "", fmt.Errorf("reading the %s event in %s: %w", name, getenv("GITHUB_EVENT_PATH"), err)
	}
	tag, problem := event.tag(name)
	if problem = cmp.Or(problem, tagProblem(tag, event.Release.Prerelease, prereleases)); problem != "" {
		return "", fmt.Sprintf("is not told by the %s event: %s", name, problem), nil
	}
	return strings.TrimPrefix(tag, "v"), fmt.Sprintf("is that of the tag %s, from the %s event", tag, name), nil
}

func readEvent(path string, readFile func(string) ([]byte, error)) (githubEvent, error) {
	var event githubEvent
	if path == "" {
		return event, errors.New("GITHUB_EVENT_PATH is not set")
	}
	content, err := readFile(path)
	if err != nil {
		return event, err
	}
	if err := json.Unmarshal(content, &event); err != nil {
		return event, fmt.Errorf("%s: %w", path, err)
	}
	if event.Repository.FullName == "" {
		return event, fmt.Errorf("%s has no repository.full_name", path)
	}
	return event, nil
}

// complete finds out whether the event has what tells of a tag. An event without it is none that GitHub sends.
func (e githubEvent) complete(name string) error {
	switch {
	case name == "release" && e.Release.TagName == "":
		return errors.New("it has no release.tag_name")
	case name != "release" && e.Ref == "":
		return errors.New("it has no ref")
	}
	return nil
}

// tag is the tag that an event is about, or the problem that it is about none. Drafts, deleted releases and deleted tags have names
// too, which say nothing.
func (e githubEvent) tag(name string) (tag, problem string) {
	pushed, isTag := strings.CutPrefix(e.Ref, "refs/tags/")
	switch {
	case name == "release" && e.Release.Draft:
		return "", "the release is a draft"
	case name == "release" && e.Action != "published" && e.Action != "released":
		return "", fmt.Sprintf("the release was %q, not published", e.Action)
	case name == "release":
		return e.Release.TagName, ""
	case name == "create" && e.RefType != "tag":
		return "", fmt.Sprintf("%q is no tag", e.Ref)
	case name == "create":
		return e.Ref, ""
	case !isTag:
		return "", fmt.Sprintf("%q is no tag", e.Ref)
	case e.Deleted:
		return "", fmt.Sprintf("%q was deleted", e.Ref)
	}
	return pushed, ""
}

// tagProblem wants a tag to be a release: MAJOR.MINOR.PATCH, with or without v. A release can be marked as a pre-release whatever
// its tag.
func tagProblem(tag string, marked, allowed bool) string {
	v, err := semver.StrictNewVersion(strings.TrimPrefix(tag, "v"))
	switch {
	case err != nil || v.Metadata() != "":
		return fmt.Sprintf("the tag %q is no MAJOR.MINOR.PATCH version", tag)
	case (marked || v.Prerelease() != "") && !allowed:
		return fmt.Sprintf("%q is a pre-release (--allow-prerelease to try one)", tag)
	}
	return ""
}

// document tells sources that are documents or files from repositories.
var document = regexp.MustCompile(`\.(json|ya?ml|txt)$`)

// isRepository reports whether a source is the repository with a URL. Of sources that are files, every repository is.
func isRepository(source, url string) bool {
	plain := func(s string) string {
		s = strings.TrimSuffix(strings.TrimSuffix(strings.TrimPrefix(s, "https://"), "/"), ".git")
		return strings.ToLower(s)
	}
	remote := strings.HasPrefix(source, "https://") || strings.HasPrefix(source, "github.com/")
	return !remote || document.MatchString(source) || plain(source) == plain(url)
}
