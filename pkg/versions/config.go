package versions

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"
)

// Config says where and how to look. The zero value of a field is its default; only Now has none.
type Config struct {
	// HTTP is the client to ask with; default http.DefaultClient. Its transport is wrapped, the client not changed.
	HTTP *http.Client
	// Timeout bounds each request with its whole answer; default 15 s.
	Timeout time.Duration
	// CacheDir keeps answers for conditional requests, one file each, made if it does not exist; empty: no cache.
	CacheDir string
	// Offline asks nobody: files are read, everything else comes from CacheDir, as old as it may be, with a note.
	Offline bool
	// Token is a GitHub token, sent to TokenHost over TLS (or to this machine) and to nobody else; optional.
	Token string
	// TokenHost is the API host that the token is for; default api.github.com. It is not taken from Sources, so that a
	// file which names another source cannot draw the token there.
	TokenHost string
	// Sources says where each subject's versions come from.
	Sources Sources
	// Channel is the Flatcar channel for everything but the channel words: stable (default), beta, alpha, lts.
	Channel string
	// Architectures must all have a Flatcar release for it to count: amd64 (default), arm64.
	Architectures []string
	// Prereleases lets pre-releases count, except for "stable". Draft releases never do.
	Prereleases bool
	// EndOfLife lets a range that lacks an end (>=1.28, <1.30) reach Kubernetes minors whose support has ended. One with
	// both ends does anyway.
	EndOfLife bool
	// Now is the time that ends of support are measured against. Required.
	Now time.Time
	// Logger hears of a cache that cannot be written; default: nobody does.
	Logger *slog.Logger
}

// Sources says where versions come from, each empty for the public place. A source is one of
//   - a path: a document, or for Flatcar and Kubernetes a directory of documents; only this is consulted
//   - the URL of one document (it ends in .json, .yaml, .yml or .txt); only this is consulted
//   - the URL of a base under which a mirror has the public paths
//
// A URL carries no credentials.
type Sources struct {
	// Flatcar: a release feed (releases-<channel>.json), a version.txt, or a directory of such. In a directory only the
	// file named version.txt is about what is current; version.txt.3510.2.5 is about one version.
	// Base: <base>/releases-json/releases-<channel>.json as on www.flatcar.org, and
	// <base>/<channel>/<arch>-usr/current/version.txt for <channel>.release.flatcar-linux.net.
	Flatcar string
	// Kubernetes: stable.txt, stable-<minor>.txt, schedule.yaml or eol.yaml (kubernetes/website data/releases), release
	// data of endoflife.date, a JSON list of GitHub releases, one tag per line, or a directory of such.
	// Base: <base>/release/stable.txt and stable-<minor>.txt as on dl.k8s.io, <base>/data/releases/schedule.yaml as in
	// kubernetes/website, and <base>/api/v3/repos/kubernetes/kubernetes/releases as on a GitHub Enterprise server.
	Kubernetes string
	// Tooling: one tag per line, or a JSON list of GitHub releases. Otherwise the repository, not a base:
	// github.com/<owner>/<name>, or https://<host>/<owner>/<name> on a GitHub Enterprise server.
	Tooling string
}

// DefaultTooling is where tooling versions come from that nobody gives a source for.
const DefaultTooling = "github.com/giantswarm/capi-image-builder"

const (
	defaultTokenHost = "api.github.com"
	defaultTimeout   = 15 * time.Second
)

// New makes a resolver. The error is an [*InputError] with everything that is wrong with the configuration.
func New(config Config) (*Resolver, error) {
	config = config.withDefaults()
	if problems := config.problems(); problems != nil {
		return nil, &InputError{Problems: problems}
	}
	r := &Resolver{config: config}
	r.policy = policy{prereleases: config.Prereleases, endOfLife: config.EndOfLife, now: config.Now}
	w := newWeb(config)
	r.loaders = map[Subject]loader{
		Flatcar:    flatcarLoader(config, w),
		Kubernetes: kubernetesLoader(config, w, r.policy),
		Tooling:    toolingLoader(config, w),
	}
	return r, nil
}

func (c Config) withDefaults() Config {
	if c.HTTP == nil {
		c.HTTP = http.DefaultClient
	}
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.TokenHost == "" {
		c.TokenHost = defaultTokenHost
	}
	if c.Channel == "" {
		c.Channel = "stable"
	}
	if len(c.Architectures) == 0 {
		c.Architectures = []string{"amd64"}
	}
	if c.Sources.Tooling == "" {
		c.Sources.Tooling = DefaultTooling
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c
}

func (c Config) problems() []string {
	var problems []string
	if c.Now.IsZero() {
		problems = append(problems, "the time is not set")
	}
	if !slices.Contains(channels, c.Channel) {
		problems = append(problems, fmt.Sprintf("%q is no Flatcar channel: known are %s", c.Channel, strings.Join(channels, ", ")))
	}
	for _, arch := range c.Architectures {
		if arch != "amd64" && arch != "arm64" {
			problems = append(problems, fmt.Sprintf("Flatcar has no architecture %q: known are amd64, arm64", arch))
		}
	}
	for _, s := range []struct {
		subject Subject
		source  string
	}{{Flatcar, c.Sources.Flatcar}, {Kubernetes, c.Sources.Kubernetes}, {Tooling, c.Sources.Tooling}} {
		if problem := checkSource(s.subject, s.source); problem != "" {
			problems = append(problems, fmt.Sprintf("the source of %s versions %s", s.subject, problem))
		}
	}
	return problems
}

func checkSource(subject Subject, source string) string {
	if !strings.Contains(source, "://") {
		return ""
	}
	u, err := url.Parse(source)
	switch {
	case err != nil:
		return "is not a URL" // without the cause, which repeats what may be a password
	case u.User != nil:
		return fmt.Sprintf("carries credentials, which a source must not: %s", u.Redacted())
	case (u.Scheme != "http" && u.Scheme != "https") || u.Host == "":
		return fmt.Sprintf("is neither a path nor a URL with http or https: %s", source)
	case subject == Tooling && !isDocument(source) && len(repositoryPath(u)) != 2:
		return fmt.Sprintf("is not a repository (https://<host>/<owner>/<name>): %s", source)
	}
	return ""
}

var documentExtensions = []string{".json", ".yaml", ".yml", ".txt"}

func isURL(source string) bool {
	return strings.HasPrefix(source, "https://") || strings.HasPrefix(source, "http://")
}

// isDocument tells the URL of one document from a base.
func isDocument(source string) bool {
	u, err := url.Parse(source)
	return isURL(source) && err == nil && slices.Contains(documentExtensions, path.Ext(path.Base(u.Path)))
}

// isGitHub tells github.com/<owner>/<name> from a path to a file.
func isGitHub(source string) bool {
	repository, found := strings.CutPrefix(strings.TrimSuffix(source, "/"), "github.com/")
	owner, name, _ := strings.Cut(repository, "/")
	return found && owner != "" && name != "" && !strings.Contains(name, "/")
}

func repositoryPath(u *url.URL) []string {
	return strings.Split(strings.Trim(u.Path, "/"), "/")
}
