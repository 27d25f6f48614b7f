package versions

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// web gets documents. Its transport bounds, checks and caches answers.
type web struct {
	client  *http.Client
	timeout time.Duration
	now     time.Time
}

func newWeb(config Config) *web {
	next := config.HTTP.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	client := *config.HTTP
	client.Transport = &cache{next: next, dir: config.CacheDir, offline: config.Offline, now: config.Now, log: config.Logger}
	return &web{client: &client, timeout: config.Timeout, now: config.Now}
}

// document is one file, from the web or a disk.
type document struct {
	place  string // URL or path
	name   string // last part of the place
	data   []byte
	stored time.Time // when the cache got it; zero for one of now
}

// get fetches one document; everything but a whole answer with status 200 is a *SourceError.
func (w *web) get(ctx context.Context, source, place string) (document, error) {
	bounded, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(bounded, http.MethodGet, place, nil)
	if err != nil {
		return document{}, &SourceError{Source: source, URL: place, Err: err}
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return document{}, w.fail(ctx, source, place, err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		retry := retryAt(resp.Header, w.now)
		return document{}, &SourceError{
			Source: source, URL: place, RetryAt: retry,
			Err: &statusError{code: resp.StatusCode, detail: waitUntil(retry)},
		}
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return document{}, w.fail(ctx, source, place, err)
	}
	return document{place: place, name: baseName(place), data: data, stored: storedAt(resp.Header)}, nil
}

// fail makes a *SourceError of what net/http reports, without its repetition of the URL and without this machine's
// addresses, and tells an answer that took too long from a caller that went away.
func (w *web) fail(ctx context.Context, source, place string, err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		err = e.Err
	}
	err = inWords(err)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = &worded{fmt.Sprintf("no whole answer within %s", w.timeout), err}
	}
	return &SourceError{Source: source, URL: place, Err: err}
}

// statusOf gives the HTTP status that made a source fail, or 0.
func statusOf(err error) int {
	if e, ok := errors.AsType[*statusError](err); ok {
		return e.code
	}
	return 0
}

func waitUntil(retry time.Time) string {
	if retry.IsZero() {
		return ""
	}
	return "it wants to be asked again at " + retry.UTC().Format(time.RFC3339)
}

// retryAt reads when a server wants to be asked again: Retry-After in seconds or as a date (RFC 9110, 10.2.3), or
// GitHub's X-RateLimit-Reset once nothing remains
// (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api).
func retryAt(header http.Header, now time.Time) time.Time {
	after := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil && seconds >= 0 {
		return now.Add(time.Duration(seconds) * time.Second)
	}
	if date, err := http.ParseTime(after); err == nil {
		return date
	}
	reset, err := strconv.ParseInt(header.Get("X-Ratelimit-Reset"), 10, 64)
	if err != nil || header.Get("X-Ratelimit-Remaining") != "0" {
		return time.Time{}
	}
	return time.Unix(reset, 0).UTC()
}
