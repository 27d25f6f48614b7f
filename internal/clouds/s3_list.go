package clouds

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// s3MaxKeys is the most keys of one answer: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
const s3MaxKeys = 1000

// s3Query is one decoded ListObjectsV2 request.
type s3Query struct {
	bucket, prefix, startAfter, token string
	maxKeys                           int
	encoded                           bool
}

// list answers ListObjectsV2.
func (s *S3) list(w http.ResponseWriter, r *http.Request, name string, b s3Bucket, c s3Caller) error {
	q, err := parseS3Query(name, r)
	switch {
	case err != nil:
		return err
	case !c.mayList():
		return errS3Denied
	}
	after, err := q.after()
	if err != nil {
		return err
	}
	result := q.result()
	for _, key := range slices.Sorted(maps.Keys(b.objects)) { // by bytes, as S3 orders keys
		if !strings.HasPrefix(key, q.prefix) || key <= after {
			continue
		}
		if len(result.Contents) == min(q.maxKeys, s.config.PageLimit) {
			result.IsTruncated = q.maxKeys > 0
			break
		}
		result.Contents = append(result.Contents, q.entry(key, b.objects[key]))
		result.last = key
	}
	result.KeyCount = len(result.Contents)
	if result.IsTruncated {
		result.NextContinuationToken = q.seal(result.last)
	}
	writeS3(w, http.StatusOK, result)
	return nil
}

// s3QueryParams are the parameters that are understood. x-id only names the operation, for the logs of clients.
var s3QueryParams = []string{"list-type", "prefix", "start-after", "continuation-token", "max-keys", "encoding-type", "x-id"}

// parseS3Query decodes and checks the parameters. Its errors are S3's, and NotImplemented for what S3 understands.
func parseS3Query(bucket string, r *http.Request) (q s3Query, err error) {
	p := r.URL.Query()
	for param := range p {
		if !slices.Contains(s3QueryParams, param) {
			return s3Query{}, errS3NotImplemented
		}
	}
	if r.Method != http.MethodGet || p.Get("list-type") != "2" {
		return s3Query{}, errS3NotImplemented
	}
	q = s3Query{
		bucket: bucket, prefix: p.Get("prefix"), startAfter: p.Get("start-after"),
		token: p.Get("continuation-token"), maxKeys: s3MaxKeys, encoded: p.Get("encoding-type") == "url",
	}
	if p.Has("encoding-type") && !q.encoded {
		return s3Query{}, errS3Encoding
	}
	if p.Has("max-keys") {
		n, err := strconv.ParseInt(p.Get("max-keys"), 10, 32)
		if err != nil || n < 0 {
			return s3Query{}, errS3MaxKeys
		}
		q.maxKeys = min(int(n), s3MaxKeys)
	}
	return q, nil
}

// after is the key that the answer begins after. A continuation token outdoes start-after
// (https://github.com/ceph/s3-tests/pull/291). One that this server did not give for this bucket and prefix is refused.
func (q s3Query) after() (string, error) {
	if q.token == "" {
		return q.startAfter, nil
	}
	plain, err := base64.StdEncoding.DecodeString(q.token)
	if err != nil || len(plain) < sha256.Size {
		return "", errS3Token
	}
	if key := string(plain[sha256.Size:]); q.seal(key) == q.token {
		return key, nil
	}
	return "", errS3Token
}

// seal makes the token that continues after a key.
func (q s3Query) seal(key string) string {
	seal := sha256.Sum256([]byte(q.bucket + "\x00" + q.prefix + "\x00" + key))
	return base64.StdEncoding.EncodeToString(append(seal[:], key...))
}

// text is how the answer writes what is or may be a part of a key: the encoding leaves the slash alone and makes a
// space a plus (https://github.com/brekkylab/backlot/issues/178).
func (q s3Query) text(s string) string {
	if !q.encoded {
		return s
	}
	return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/")
}

func (q s3Query) result() s3ListResult {
	r := s3ListResult{Name: q.bucket, Prefix: q.text(q.prefix), MaxKeys: q.maxKeys, ContinuationToken: q.token}
	if q.token == "" {
		r.StartAfter = q.text(q.startAfter)
	}
	if q.encoded {
		r.EncodingType = "url"
	}
	return r
}

func (q s3Query) entry(key string, o S3Object) s3ListEntry {
	return s3ListEntry{
		Key: s3Text(q.text(key)), LastModified: o.Modified.UTC().Format("2006-01-02T15:04:05.000Z"), ETag: o.etag(),
		Size: len(o.Body), StorageClass: o.StorageClass,
	}
}

// s3Text is text as S3 writes it: what XML can't hold it writes all the same, and only lenient parsers read that
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html, encoding-type).
type s3Text string

// MarshalXML implements xml.Marshaler.
func (t s3Text) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	var b bytes.Buffer
	for _, r := range string(t) {
		if r < ' ' {
			fmt.Fprintf(&b, "&#x%x;", r)
			continue
		}
		if err := xml.EscapeText(&b, []byte(string(r))); err != nil {
			return err
		}
	}
	return e.EncodeElement(struct {
		Text string `xml:",innerxml"`
	}{b.String()}, start)
}

type s3ListResult struct {
	XMLName               xml.Name      `xml:"http://s3.amazonaws.com/doc/2006-03-01/ ListBucketResult"`
	Name                  string        `xml:"Name"`
	Prefix                string        `xml:"Prefix"`
	StartAfter            string        `xml:"StartAfter,omitempty"`
	ContinuationToken     string        `xml:"ContinuationToken,omitempty"`
	NextContinuationToken string        `xml:"NextContinuationToken,omitempty"`
	KeyCount              int           `xml:"KeyCount"`
	MaxKeys               int           `xml:"MaxKeys"`
	EncodingType          string        `xml:"EncodingType,omitempty"`
	IsTruncated           bool          `xml:"IsTruncated"`
	Contents              []s3ListEntry `xml:"Contents"`
	last                  string        // the key of the last entry
}

type s3ListEntry struct {
	Key          s3Text `xml:"Key"`
	LastModified string `xml:"LastModified"`
	ETag         string `xml:"ETag"`
	Size         int    `xml:"Size"`
	StorageClass string `xml:"StorageClass"`
}
