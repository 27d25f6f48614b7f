package versions_test

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/pkg/versions"
)

// now is the time of every test: 1.28 is out of support in the test data, 1.29 and later are in.
var now = time.Date(2024, 12, 1, 12, 0, 0, 0, time.UTC)

// upstream is a server that answers as the public ones do, with everything below one base, and remembers what it was
// asked.
type upstream struct {
	*httptest.Server
	mu       sync.Mutex
	answers  map[string]http.HandlerFunc
	requests []*http.Request
	statuses []int
}

func serve(t *testing.T, answers map[string]http.HandlerFunc) *upstream {
	t.Helper()
	u := &upstream{answers: answers}
	u.Server = httptest.NewServer(u)
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	answer, ok := u.answers[r.URL.Path]
	u.mu.Unlock()
	if !ok {
		answer = http.NotFound
	}
	recorded := &recorder{ResponseWriter: w, status: http.StatusOK}
	answer(recorded, r)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.requests = append(u.requests, r)
	u.statuses = append(u.statuses, recorded.status)
}

func (u *upstream) set(path string, answer http.HandlerFunc) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.answers[path] = answer
}

// take gives what was asked since the last time, as path and query.
func (u *upstream) take() (asked []string, requests []*http.Request, statuses []int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, r := range u.requests {
		asked = append(asked, r.URL.RequestURI())
	}
	requests, statuses = u.requests, u.statuses
	u.requests, u.statuses = nil, nil
	return asked, requests, statuses
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// body answers with an ETag of its own for each token, as GitHub does, and with 304 where that is the client's.
func body(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		etag := fmt.Sprintf(`"%x"`, sha256.Sum256([]byte(text+r.Header.Get("Authorization"))))
		w.Header().Set("Etag", etag)
		w.Header().Set("Date", "Sun, 01 Dec 2024 11:00:00 GMT")
		if r.Header.Get("If-None-Match") == etag {
			w.Header().Del("Link") // a 304 need not repeat it
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte(text))
	}
}

// paged answers a list of GitHub in pages, with the Link header that names the next one.
func paged(pages ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		page := 1
		if p := r.URL.Query().Get("page"); p != "" {
			_, _ = fmt.Sscan(p, &page)
		}
		if page < len(pages) {
			next := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawQuery: fmt.Sprintf("per_page=100&page=%d", page+1)}
			w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, &next))
		}
		body(pages[page-1])(w, r)
	}
}

func status(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"message": "no"}`))
	}
}

// half promises more than it sends.
func half(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Etag", `"half"`)
		w.Header().Set("Content-Length", fmt.Sprint(2*len(text)))
		_, _ = w.Write([]byte(text))
	}
}

// unbounded answers as HTTP/1.0 did: the body ends where the connection does.
func unbounded(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		conn, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer func() { _ = conn.Close() }()
		_, _ = buffer.WriteString("HTTP/1.0 200 OK\r\nEtag: \"old\"\r\n\r\n" + text)
		_ = buffer.Flush()
	}
}

// stuck answers when the client has gone.
func stuck(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// page is what a proxy's login page looks like to a client that wants something else.
func page(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Etag", `"login"`)
	_, _ = w.Write([]byte("<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in: now.</body></html>"))
}

// releases is a page of GitHub's list: tags, a draft with "draft:" before it, one marked as pre-release with "pre:".
func releases(tags ...string) string {
	entries := make([]string, len(tags))
	for i, tag := range tags {
		tag, draft := strings.CutPrefix(tag, "draft:")
		tag, pre := strings.CutPrefix(tag, "pre:")
		entries[i] = fmt.Sprintf(`{"tag_name": %q, "draft": %t, "prerelease": %t, "published_at": "2024-11-21T08:00:00Z"}`, tag, draft, pre)
	}
	return "[" + strings.Join(entries, ",") + "]"
}

func tags(names ...string) string {
	entries := make([]string, len(names))
	for i, name := range names {
		entries[i] = fmt.Sprintf(`{"name": %q, "commit": {"sha": "0123"}}`, name)
	}
	return "[" + strings.Join(entries, ",") + "]"
}

// resolve runs one query from outside.
func resolve(t *testing.T, config versions.Config, subject versions.Subject, query string) (versions.Resolution, error) {
	t.Helper()
	if config.Now.IsZero() {
		config.Now = now
	}
	r, err := versions.New(config)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	q, err := versions.Parse(subject, query)
	if err != nil {
		t.Fatalf("Parse(%q): %v", query, err)
	}
	return r.Resolve(t.Context(), q)
}

// warnings gathers the warnings of all versions.
func warnings(r versions.Resolution) []string {
	var all []string
	for _, v := range r.Versions {
		all = append(all, v.Warnings...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
