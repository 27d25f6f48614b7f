package versions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/google/go-github/v62/github"
)

// toolingWeb asks a GitHub repository for its releases and its tags. Both are needed: a tag is there before its release
// is (nodeimage may be started by that very tag), and only a release can be marked as a draft or a pre-release.
type toolingWeb struct{ repository hub }

// maxToolingPages bounds either list; a tag list is in no useful order, so it is always read to its end.
const maxToolingPages = 20

func toolingLoader(config Config, w *web) loader {
	source := config.Sources.Tooling
	switch {
	case isDocument(source):
		return documentSource{web: w, subject: Tooling, url: source, parse: parseTooling}
	case !isURL(source) && !isGitHub(source):
		return fileSource{subject: Tooling, path: source, parse: parseTooling}
	case !isURL(source):
		source = "https://" + source
	}
	u, err := url.Parse(source)
	if err != nil { // New has checked it
		u = &url.URL{}
	}
	repository := append(repositoryPath(u), "", "")
	host := u.Scheme + "://" + u.Host
	if u.Host == "github.com" {
		host = githubSite
	}
	return toolingWeb{newHub(config, w, Tooling, host, repository[0], strings.TrimSuffix(repository[1], ".git"))}
}

func (t toolingWeb) load(ctx context.Context, _ string, _ []term) (*catalog, error) {
	c := newCatalog(t.repository.site)
	never := func() bool { return false }
	if err := t.repository.addReleases(ctx, c, maxToolingPages, never); err != nil {
		return nil, err
	}
	if err := t.repository.addTags(ctx, c, maxToolingPages); err != nil {
		return nil, err
	}
	c.compareSources()
	return c, nil
}

// parseTooling reads a JSON list of GitHub releases, or one tag per line.
func parseTooling(c *catalog, d document, _ string) (bool, error) {
	if bytes.HasPrefix(bytes.TrimSpace(d.data), []byte("[")) {
		return addReleaseList(c, d)
	}
	return addTagLines(c, d)
}

// addReleaseList reads what GET /repos/{owner}/{repo}/releases answers
// (https://docs.github.com/en/rest/releases/releases#list-releases).
func addReleaseList(c *catalog, d document) (bool, error) {
	var releases []*github.RepositoryRelease
	if err := json.Unmarshal(d.data, &releases); err != nil {
		return false, jsonError(err)
	}
	facts := releaseFacts(c, d.place, releases, d.stored)
	c.addList(facts)
	return len(facts) > 0, nil
}

// addTagLines reads one tag per line; empty lines and lines that start with # are passed over, and so are tags that are
// no versions. A line with a space in it cannot be a tag (git-check-ref-format), so the file is something else.
func addTagLines(c *catalog, d document) (bool, error) {
	var facts []fact
	for text := range strings.Lines(string(d.data)) {
		text = strings.TrimSpace(text)
		if text == "" || strings.HasPrefix(text, "#") {
			continue
		}
		if strings.ContainsAny(text, " \t<>:") {
			return false, errors.New("it is not a list of tags, one per line")
		}
		if v, ok := tagVersion(text); ok {
			facts = append(facts, fact{version: v, source: d.place, rank: fromList, stored: d.stored, pre: v.Prerelease() != ""})
		}
	}
	c.addList(facts)
	return len(facts) > 0, nil
}
