package versions

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"strings"
	"time"
)

// maxBody bounds an answer; the largest one known, Flatcar's feed, has about 1 MB.
const maxBody = 32 << 20

// storedHeader marks an answer that the cache gave by itself, with the time at which the server last confirmed it.
const storedHeader = "X-Nodeimage-Stored"

var errNotCached = errors.New("offline, and the cache has no answer from before")

// cache is a transport that makes requests conditional. It sits below authentication: an entry belongs to a URL and
// to the Authorization header that the request carries, because a server may show each token something else and
// GitHub's ETags differ by token. Answers are passed on whole or not at all, with a cache directory or without.
type cache struct {
	next    http.RoundTripper
	dir     string
	offline bool
	now     time.Time
	log     *slog.Logger
}

// RoundTrip implements http.RoundTripper.
func (c *cache) RoundTrip(req *http.Request) (*http.Response, error) {
	key := entryKey(req.URL.String(), req.Header.Get("Authorization"))
	old := c.read(key, req.URL.String())
	if c.offline {
		return c.fromEntry(req, old)
	}
	resp, err := c.next.RoundTrip(conditional(req, old))
	if err != nil {
		return nil, err
	}
	body, err := readWhole(resp)
	if err != nil {
		return nil, err
	}
	switch {
	case resp.StatusCode == http.StatusNotModified && old != nil:
		old.confirm(resp.Header, c.now)
		c.write(key, old)
		return old.response(req, resp.Header), nil
	case resp.StatusCode == http.StatusOK && storable(resp, body):
		c.write(key, newEntry(req.URL.String(), resp.Header, body, c.now))
	}
	return resp, nil
}

// CloseIdleConnections lets http.Client.CloseIdleConnections reach the transport below.
func (c *cache) CloseIdleConnections() {
	if closer, ok := c.next.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

func (c *cache) fromEntry(req *http.Request, old *entry) (*http.Response, error) {
	if old == nil {
		return nil, errNotCached
	}
	resp := old.response(req, nil)
	resp.Header.Set(storedHeader, old.Date.UTC().Format(time.RFC3339))
	return resp, nil
}

// storedAt reads the mark of an answer out of the cache. Only this package sets it: readWhole takes it off the wire.
func storedAt(header http.Header) time.Time {
	at, err := time.Parse(time.RFC3339, header.Get(storedHeader))
	if err != nil {
		return time.Time{}
	}
	return at
}

func conditional(req *http.Request, old *entry) *http.Request {
	if old == nil {
		return req
	}
	req = req.Clone(req.Context())
	if etag := old.Header.Get("Etag"); etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	if modified := old.Header.Get("Last-Modified"); modified != "" {
		req.Header.Set("If-Modified-Since", modified)
	}
	return req
}

// readWhole reads the body to its end and puts it back, so that a connection that breaks half-way is an error here
// and nothing above sees, or keeps, half an answer. An empty 200 is no answer either: go-github would take it for an
// empty list.
func readWhole(resp *http.Response) ([]byte, error) {
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return nil, fmt.Errorf("the answer broke off after %d bytes: %w", len(body), err)
	case err != nil: // how much had come by then is chance
		return nil, fmt.Errorf("the answer broke off: %w", inWords(err))
	case len(body) > maxBody:
		return nil, fmt.Errorf("the answer has more than %d MiB", maxBody>>20)
	case len(body) == 0 && resp.StatusCode == http.StatusOK:
		return nil, errors.New("the answer is empty")
	case resp.StatusCode == http.StatusOK && !endKnown(resp):
		return nil, errors.New("the answer does not say where it ends, so it cannot be known to be whole")
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.Header.Del(storedHeader)
	return body, nil
}

// storable reports whether an answer may be kept: it can be asked for conditionally, and it is no web page (a proxy's
// login page, say), which no source here answers with.
func storable(resp *http.Response, body []byte) bool {
	header := resp.Header
	if header.Get("Etag") == "" && header.Get("Last-Modified") == "" {
		return false
	}
	if strings.Contains(header.Get("Cache-Control"), "no-store") {
		return false
	}
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	if kind == "text/html" {
		return false
	}
	return !strings.HasSuffix(kind, "json") || json.Valid(body)
}

// endKnown reports whether the protocol told where the body ends. In HTTP/1 without a length, chunks or compression the
// end is where the connection closed, which a broken one does too (RFC 9112, 6.3): v1.29.1 could be half of v1.29.15.
func endKnown(resp *http.Response) bool {
	return resp.ProtoMajor >= 2 || resp.ContentLength >= 0 || resp.Uncompressed || len(resp.TransferEncoding) > 0
}
