package versions

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	"github.com/google/go-github/v62/github"
)

// hub lists the releases and tags of one GitHub repository.
type hub struct {
	client  *github.Client
	web     *web
	subject Subject
	site    string // https://github.com/owner/name, for people
	owner   string
	name    string
	token   bool
}

// githubSite is the one host whose API is not below itself.
const githubSite = "https://github.com"

// newHub makes a client for a repository on a host: githubSite, or a GitHub Enterprise server, whose API is below
// /api/v3 (https://docs.github.com/en/enterprise-server@latest/rest/quickstart).
func newHub(config Config, w *web, subject Subject, host, owner, name string) hub {
	api := strings.TrimRight(host, "/") + "/api/v3/"
	if host == githubSite {
		api = "https://api.github.com/"
	}
	client := *w.client
	client.Transport = bearer{token: config.Token, host: config.TokenHost, next: client.Transport}
	h := hub{client: github.NewClient(&client), web: w, subject: subject, owner: owner, name: name}
	h.site = fmt.Sprintf("%s/%s/%s", strings.TrimRight(host, "/"), owner, name)
	if base, err := url.Parse(api); err == nil {
		h.client.BaseURL = base
		h.token = config.Token != "" && mayHaveToken(base, config.TokenHost)
	}
	return h
}

// bearer adds the token to requests to the host that it is for. go-github's own WithAuthToken would add it to a
// redirect's target too.
type bearer struct {
	token string
	host  string
	next  http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (b bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	if b.token == "" || !mayHaveToken(req.URL, b.host) {
		return b.next.RoundTrip(req)
	}
	req = req.Clone(req.Context())
	req.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(req)
}

// mayHaveToken holds the token back from other hosts, and from the wire where it could be read.
func mayHaveToken(u *url.URL, host string) bool {
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
	return u.Host == host && (u.Scheme == "https" || local)
}

// addReleases adds pages of releases until done says that there are enough, or the list ends.
func (h hub) addReleases(ctx context.Context, c *catalog, maxPages int, done func() bool) error {
	from := len(c.facts)
	err := h.pages(ctx, "releases", maxPages, func(ctx context.Context, page *github.ListOptions) (*github.Response, error) {
		releases, resp, err := h.client.Repositories.ListReleases(ctx, h.owner, h.name, page)
		if err == nil {
			c.facts = append(c.facts, releaseFacts(c, h.site+"/releases", releases, cached(resp))...)
		}
		return resp, err
	}, done)
	markNewest(c.facts[from:])
	return err
}

// releaseFacts turns releases into facts. A draft is none yet, and its version is held back even if the tag exists: a
// draft's tag is what the finished release will have. Only tokens with push access get to see drafts.
func releaseFacts(c *catalog, source string, releases []*github.RepositoryRelease, stored time.Time) []fact {
	var facts []fact
	for _, r := range releases {
		v, ok := tagVersion(r.GetTagName())
		if !ok {
			continue
		}
		if r.GetDraft() {
			c.withheld[v.String()] = true
			continue
		}
		facts = append(facts, fact{
			version: v, source: source, rank: fromList, date: r.GetPublishedAt().UTC(),
			stored: stored, pre: r.GetPrerelease() || v.Prerelease() != "",
		})
	}
	return facts
}

// tagVersion reads a release tag: three numbers, perhaps a "v" before and a pre-release after them.
func tagVersion(tag string) (*semver.Version, bool) {
	v, err := semver.StrictNewVersion(strings.TrimPrefix(tag, "v"))
	return v, err == nil && v.Metadata() == ""
}

// addTags adds all tags that are versions.
func (h hub) addTags(ctx context.Context, c *catalog, maxPages int) error {
	var facts []fact
	err := h.pages(ctx, "tags", maxPages, func(ctx context.Context, page *github.ListOptions) (*github.Response, error) {
		tags, resp, err := h.client.Repositories.ListTags(ctx, h.owner, h.name, page)
		for _, tag := range tags {
			if v, ok := tagVersion(tag.GetName()); ok {
				facts = append(facts, fact{
					version: v, source: h.site + "/tags", rank: fromList,
					stored: cached(resp), pre: v.Prerelease() != "",
				})
			}
		}
		return resp, err
	}, func() bool { return false })
	if err == nil {
		c.addList(facts)
	}
	return err
}

func cached(resp *github.Response) time.Time { return storedAt(resp.Header) }

// pages follows the pagination of a list until done or its end.
func (h hub) pages(ctx context.Context, list string, maxPages int,
	get func(context.Context, *github.ListOptions) (*github.Response, error), done func() bool,
) error {
	page := &github.ListOptions{PerPage: 100}
	for range maxPages {
		bounded, cancel := context.WithTimeout(ctx, h.web.timeout)
		resp, err := get(bounded, page)
		cancel()
		if err != nil {
			return h.fail(ctx, list, page.Page, err)
		}
		if resp.NextPage == 0 || done() {
			return nil
		}
		page.Page = resp.NextPage
	}
	return h.fail(ctx, list, page.Page, fmt.Errorf("the list goes on after %d pages: narrow the query, or give a file", maxPages))
}

// fail makes a *SourceError of go-github's typed errors. It never waits: a rate limit can take an hour to reset.
func (h hub) fail(ctx context.Context, list string, page int, err error) error {
	place := fmt.Sprintf("%srepos/%s/%s/%s?per_page=100", h.client.BaseURL, h.owner, h.name, list)
	if page > 1 {
		place += fmt.Sprintf("&page=%d", page)
	}
	source := fmt.Sprintf("%s %s on GitHub", h.subject, list)
	if resp, retry := h.answer(err); resp != nil {
		return &SourceError{
			Source: source, URL: place, RetryAt: retry,
			Err: &statusError{code: resp.StatusCode, detail: h.detail(err, resp.StatusCode, retry), cause: err},
		}
	}
	return h.web.fail(ctx, source, place, err)
}

// answer finds the response in go-github's errors, and when to ask again. Once a limit is known to be reached go-github
// refuses without a request, so the time is in the error and not in a header.
func (h hub) answer(err error) (*http.Response, time.Time) {
	var resp *http.Response
	var retry time.Time
	if e, ok := errors.AsType[*github.RateLimitError](err); ok {
		resp, retry = e.Response, e.Rate.Reset.UTC()
	} else if e, ok := errors.AsType[*github.AbuseRateLimitError](err); ok {
		resp = e.Response
		if e.RetryAfter != nil {
			retry = h.web.now.Add(*e.RetryAfter)
		}
	} else if e, ok := errors.AsType[*github.ErrorResponse](err); ok {
		resp = e.Response
	}
	if resp != nil && retry.IsZero() {
		retry = retryAt(resp.Header, h.web.now)
	}
	return resp, retry
}

// detail says what the status means to somebody who can do something about it. A 403 with a time to come back is a rate
// limit, also where go-github does not see it as one.
func (h hub) detail(err error, status int, retry time.Time) string {
	_, secondary := errors.AsType[*github.AbuseRateLimitError](err)
	limited := secondary || status == http.StatusTooManyRequests || (status == http.StatusForbidden && !retry.IsZero())
	switch {
	case limited:
		text := "rate limit reached"
		if !retry.IsZero() {
			text += ", it resets at " + retry.UTC().Format(time.RFC3339)
		}
		if !h.token {
			text += "; with a token it is higher"
		}
		return text
	case status == http.StatusNotFound && !h.token:
		return "no such repository, or a private one and no token given"
	case status == http.StatusNotFound:
		return "no such repository, or the token may not see it"
	}
	return waitUntil(retry)
}
