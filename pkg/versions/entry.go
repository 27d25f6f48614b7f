package versions

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/renameio/v2/maybe"
)

// entry is one answer in the cache. Its file holds the fields as one line of JSON, then the body.
type entry struct {
	URL    string      `json:"url"`
	Date   time.Time   `json:"date"` // when the server last gave or confirmed it
	Header http.Header `json:"header"`
	Sum    string      `json:"sha256"`
	body   []byte
}

// keptHeaders are the ones that the cache or a reader needs: validators, type, and GitHub's pagination.
var keptHeaders = []string{"Etag", "Last-Modified", "Content-Type", "Link"}

// entryKey names the file of an entry. Of the token only a hash of a hash goes in, and nothing comes out.
func entryKey(url, authorization string) string {
	token := sha256.Sum256([]byte(authorization))
	key := sha256.Sum256(append(token[:], url...))
	return hex.EncodeToString(key[:])
}

func newEntry(url string, header http.Header, body []byte, now time.Time) *entry {
	e := &entry{URL: url, Header: http.Header{}, Sum: sum(body), body: body}
	e.confirm(header, now)
	return e
}

// confirm takes over what a server says along with a body or with 304.
func (e *entry) confirm(header http.Header, now time.Time) {
	for _, name := range keptHeaders {
		if values := header.Values(name); len(values) > 0 {
			e.Header[name] = values
		}
	}
	e.Date = now
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		e.Date = date
	}
}

// response makes an answer of the entry, with the remaining headers of the 304 that confirmed it, if one did: GitHub's
// rate limit is among them.
func (e *entry) response(req *http.Request, confirmed http.Header) *http.Response {
	header := http.Header{}
	for name, values := range confirmed {
		header[name] = values
	}
	for name, values := range e.Header {
		header[name] = values
	}
	header.Del("Content-Length")
	header.Del("Content-Encoding")
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: header, Body: io.NopCloser(bytes.NewReader(e.body)), ContentLength: int64(len(e.body)), Request: req,
	}
}

func sum(body []byte) string {
	s := sha256.Sum256(body)
	return hex.EncodeToString(s[:])
}

func (c *cache) file(key string) string { return filepath.Join(c.dir, key+".http") }

// read gives the entry of a key, or nil if there is none that is whole: a damaged file only costs a full request.
func (c *cache) read(key, url string) *entry {
	if c.dir == "" {
		return nil
	}
	data, err := os.ReadFile(c.file(key))
	if err != nil {
		return nil
	}
	head, body, found := strings.Cut(string(data), "\n")
	e := &entry{body: []byte(body)}
	if !found || json.Unmarshal([]byte(head), e) != nil || e.URL != url || e.Sum != sum(e.body) {
		return nil
	}
	return e
}

// write keeps an entry, whole or not at all. Private repositories' answers are kept too, so only the owner may read.
// A cache that cannot be written makes the next run slower, not this one wrong.
func (c *cache) write(key string, e *entry) {
	if c.dir == "" {
		return
	}
	head, err := json.Marshal(e)
	if err == nil {
		err = os.MkdirAll(c.dir, 0o700)
	}
	if err == nil {
		err = maybe.WriteFile(c.file(key), append(append(head, '\n'), e.body...), 0o600)
	}
	if err != nil {
		c.log.Warn("version cache not written", "directory", c.dir, "url", e.URL, "error", err)
	}
}
