package s3_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// scripted starts a server that answers as the function says.
func scripted(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := clouds.Start(answer)
	t.Cleanup(server.Close)
	return server
}

// listing is a whole answer to a list, from the elements of it. The prefix for one image without a marker is its key.
func listing(elements ...string) string {
	return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">` +
		strings.Join(elements, "") + `</ListBucketResult>`
}

// The elements of a right answer.
const (
	isName    = "<Name>" + bucket + "</Name>"
	isPrefix  = "<Prefix>" + ova + "</Prefix>"
	isEmpty   = "<KeyCount>0</KeyCount>"
	isOne     = "<KeyCount>1</KeyCount>"
	isLast    = "<IsTruncated>false</IsTruncated>"
	isNotLast = "<IsTruncated>true</IsTruncated>"
	isURL     = "<EncodingType>url</EncodingType>"
	isToken   = "<NextContinuationToken>abc</NextContinuationToken>"
	isObject  = "<Contents><Key>" + ova + "</Key><LastModified>2024-07-02T13:35:34.000Z</LastModified><Size>3</Size></Contents>"
)

// TestAnswers are answers with status 200 to a list for one key: what is not one of S3 must not make the image absent.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const unusable = "listing the bucket " + bucket + ": the answer can't be used: "
	encoded := func(s string) string { return strings.ReplaceAll(s, "kube-v", "kube%2Dv") }
	for name, c := range map[string]struct {
		body string
		want inventory.State
		note string
	}{
		"nothing":                {listing(isName, isPrefix, isEmpty, isLast), inventory.Absent, ""},
		"one":                    {listing(isName, isPrefix, isOne, isLast, isObject), inventory.Present, ""},
		"encoded":                {listing(isName, encoded(isPrefix), isOne, isLast, isURL, encoded(isObject)), inventory.Present, ""},
		"encoded but the prefix": {listing(isName, isPrefix, isOne, isLast, isURL, encoded(isObject)), inventory.Present, ""},
		"token after the end":    {listing(isName, isPrefix, isEmpty, isLast, isToken), inventory.Absent, ""},

		"empty":                 {"", inventory.Unknown, "it is no listing of S3"},
		"web page":              {"<html><body>Sign in</body></html>", inventory.Unknown, "it is no listing of S3"},
		"broken web page":       {"<!doctype html><p>Sign<br>in", inventory.Unknown, "it is incomplete or not one of S3"},
		"JSON":                  {`{"objects": []}`, inventory.Unknown, "it is no listing of S3"},
		"other XML":             {"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>", inventory.Unknown, "it is no listing of S3"},
		"first version":         {listing(isName, isPrefix, isLast), inventory.Unknown, "it is no listing of S3"},
		"without IsTruncated":   {listing(isName, isPrefix, isEmpty), inventory.Unknown, "it is no listing of S3"},
		"half":                  {strings.TrimSuffix(listing(isName, isPrefix, isEmpty, isLast), "</ListBucketResult>"), inventory.Unknown, "it is incomplete or not one of S3"},
		"other bucket":          {listing("<Name>other</Name>", isPrefix, isEmpty, isLast), inventory.Unknown, "it lists another bucket"},
		"other prefix":          {listing(isName, "<Prefix>capmox/</Prefix>", isEmpty, isLast), inventory.Unknown, "it lists another prefix"},
		"no prefix":             {listing(isName, isEmpty, isLast), inventory.Unknown, "it lists another prefix"},
		"undecodable prefix":    {listing(isName, "<Prefix>%zz</Prefix>", isEmpty, isLast, isURL), inventory.Unknown, "it lists another prefix"},
		"fewer than it says":    {listing(isName, isPrefix, isOne, isLast), inventory.Unknown, "it has not as many keys as it says"},
		"more than it says":     {listing(isName, isPrefix, isEmpty, isLast, isObject), inventory.Unknown, "it has not as many keys as it says"},
		"truncated, no token":   {listing(isName, isPrefix, isOne, isNotLast, isObject), inventory.Unknown, "it goes on, but does not say where"},
		"entry without a key":   {listing(isName, isPrefix, isOne, isLast, "<Contents><Size>3</Size></Contents>"), inventory.Unknown, "an entry of the listing is incomplete"},
		"entry without a size":  {listing(isName, isPrefix, isOne, isLast, strings.Replace(isObject, "<Size>3</Size>", "", 1)), inventory.Unknown, "an entry of the listing is incomplete"},
		"undecodable key":       {listing(isName, isPrefix, isOne, isLast, isURL, strings.Replace(isObject, "flatcar", "%zz", 1)), inventory.Unknown, "an entry of the listing is incomplete"},
		"not asked for":         {listing(isName, isPrefix, isOne, isLast, strings.Replace(isObject, "capv/", "capx/", 1)), inventory.Unknown, "the listing is not in order, or has keys that were not asked for"},
		"twice":                 {listing(isName, isPrefix, "<KeyCount>2</KeyCount>", isLast, isObject, isObject), inventory.Unknown, "the listing is not in order, or has keys that were not asked for"},
		"empty page, for ever":  {listing(isName, isPrefix, isEmpty, isNotLast, isToken), inventory.Unknown, "it goes on where it began"},
		"number that is not it": {listing(isName, isPrefix, "<KeyCount>many</KeyCount>", isLast), inventory.Unknown, "it is incomplete or not one of S3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := scripted(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, c.body) })
			s := settings()
			s.Marker = ""
			wanted := image(t, "1.29.7")
			if c.note != "" {
				c.note = unusable + c.note
			}
			expectNote(t, look(t, s, at(server.URL), wanted), wanted, c.want, c.note)
		})
	}
}

// TestEmptyPage goes on after a page that has no keys but is not the last one.
func TestEmptyPage(t *testing.T) {
	t.Parallel()
	server := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		body := listing(isName, isPrefix, isEmpty, isNotLast, isToken)
		if r.URL.Query().Get("continuation-token") == "abc" {
			body = listing(isName, isPrefix, isOne, isLast, isObject)
		}
		_, _ = io.WriteString(w, body)
	})
	s := settings()
	s.Marker = ""
	wanted := image(t, "1.29.7")
	r := look(t, s, at(server.URL), wanted)
	expect(t, r, inventory.Present, wanted)
	if r.Calls != 2 {
		t.Errorf("got %d requests, want 2", r.Calls)
	}
}

// TestPrefixIsAKey has pages of one key, the first of which is all that the wanted keys have in common.
func TestPrefixIsAKey(t *testing.T) {
	t.Parallel()
	cloud := clouds.NewS3(clouds.S3Config{PageLimit: 1})
	cloud.AddBucket(bucket, clouds.S3Bucket{Region: region})
	put(cloud, objects{imageName: "image", imageName + "+": "marker", imageName + "-": "other"})
	server := scripted(t, cloud.ServeHTTP)
	s := settings()
	s.Key, s.Marker = "{name}", "{key}+"
	wanted := image(t, "1.29.7")
	r := look(t, s, at(server.URL), wanted)
	expectNote(t, r, wanted, inventory.Present, "")
	if r.Calls != 2 {
		t.Errorf("got %d requests, want 2", r.Calls)
	}
}

// TestStaleCache has a cache before the bucket that looks at the path alone, and so answers every request with the first page.
func TestStaleCache(t *testing.T) {
	t.Parallel()
	cloud := clouds.NewS3(clouds.S3Config{PageLimit: 2})
	cloud.AddBucket(bucket, clouds.S3Bucket{Region: region})
	first, last := image(t, "1.29.7"), image(t, "1.30.4")
	put(cloud, objects{ova: "ova", ovaMarker: "sums", "capv/" + last.Lookup + "/" + last.Name.FileStem() + ".ova": "ova"})
	var page []byte
	server := scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if page == nil {
			recorder := httptest.NewRecorder()
			cloud.ServeHTTP(recorder, r)
			page = recorder.Body.Bytes()
		}
		_, _ = w.Write(page)
	})
	r := look(t, settings(), at(server.URL), first, last)
	expect(t, r, inventory.Present, first)
	expect(t, r, inventory.Unknown, last)
}

// unlisted starts a server that refuses every list, and answers HEAD with a status and headers.
func unlisted(t *testing.T, status int, headers map[string]string) *httptest.Server {
	t.Helper()
	return scripted(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
			return
		}
		for k, v := range headers {
			w.Header().Set(k, v)
		}
		w.WriteHeader(status)
	})
}

// TestSingleObjects are answers to HEAD, which have no body, after the listing was refused.
func TestSingleObjects(t *testing.T) {
	t.Parallel()
	const alone = "asking the bucket " + bucket + ", which may not be listed, for single objects: "
	object := map[string]string{"ETag": `"900150983cd24fb0d6963f7d28e17f72"`, "Last-Modified": "Tue, 02 Jul 2024 13:35:34 GMT", "Content-Length": "3"}
	for name, c := range map[string]struct {
		status  int
		headers map[string]string
		want    inventory.State
		note    string
	}{
		"there":           {200, object, inventory.Present, ""},
		"web page":        {200, map[string]string{"Content-Type": "text/html", "Content-Length": "512"}, inventory.Unknown, alone + "the answer can't be used: it has not the headers of an object"},
		"not found by S3": {404, map[string]string{"X-Amz-Request-Id": "4442587FB7D0A2F9"}, inventory.Absent, ""},
		"not found":       {404, nil, inventory.Unknown, alone + "NotFound (HTTP 404)"},
		"forbidden":       {403, nil, inventory.Unknown, alone + "Forbidden (HTTP 403), as S3 also answers for objects that don't exist where listing (s3:ListBucket) is not allowed"},
		"unavailable":     {503, nil, inventory.Unknown, alone + "ServiceUnavailable (HTTP 503)"},
		"moved":           {301, map[string]string{"X-Amz-Bucket-Region": "eu-west-1"}, inventory.Unknown, alone + "the bucket is in eu-west-1, not in eu-central-1: MovedPermanently (HTTP 301)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := unlisted(t, c.status, c.headers)
			s := settings()
			s.Marker = ""
			wanted := image(t, "1.29.7")
			expectNote(t, look(t, s, at(server.URL), wanted), wanted, c.want, c.note)
		})
	}
}

// TestRefusedLists are answers that refuse the list. Only AccessDenied leaves hope for single objects.
func TestRefusedLists(t *testing.T) {
	t.Parallel()
	code := func(c string) string { return "<Error><Code>" + c + "</Code><Message>m</Message></Error>" }
	for name, c := range map[string]struct {
		status int
		body   string
		region string // in the headers
		want   string
		heads  bool
	}{
		"may not list":       {403, code("AccessDenied"), "", "asking the bucket B, which may not be listed, for single objects: Forbidden (HTTP 403), as S3 also answers for objects that don't exist where listing (s3:ListBucket) is not allowed", true},
		"wrong key":          {403, code("InvalidAccessKeyId"), "", "listing the bucket B: InvalidAccessKeyId (HTTP 403)", false},
		"wrong secret":       {403, code("SignatureDoesNotMatch"), "", "listing the bucket B: SignatureDoesNotMatch (HTTP 403)", false},
		"proxy's refusal":    {403, "<html><body>blocked</body></html>", "", "listing the bucket B: Forbidden (HTTP 403)", false},
		"proxy's bad XML":    {403, "<html><p>blocked", "", "listing the bucket B: HTTP 403", false},
		"no bucket":          {404, code("NoSuchBucket"), "", "listing the bucket B: the bucket does not exist: NoSuchBucket (HTTP 404)", false},
		"not found, no S3":   {404, "404 page not found", "", "listing the bucket B: NotFound (HTTP 404)", false},
		"other region":       {301, code("PermanentRedirect"), "us-gov-west-1", "listing the bucket B: the bucket is in us-gov-west-1, not in eu-central-1: PermanentRedirect (HTTP 301)", false},
		"other region, how?": {301, code("PermanentRedirect"), "", "listing the bucket B: the bucket may be in another region than eu-central-1: PermanentRedirect (HTTP 301)", false},
		"not a region":       {301, code("PermanentRedirect"), secretKey, "listing the bucket B: the bucket may be in another region than eu-central-1: PermanentRedirect (HTTP 301)", false},
		"signed for another": {400, code("AuthorizationHeaderMalformed"), "eu-west-1", "listing the bucket B: the bucket is in eu-west-1, not in eu-central-1: AuthorizationHeaderMalformed (HTTP 400)", false},
		"expired":            {400, code("ExpiredToken"), "", "listing the bucket B: ExpiredToken (HTTP 400)", false},
		"secret as a code":   {403, code(secretKey), "", "listing the bucket B: HTTP 403", false},
		"key as a code":      {403, code(accessKey), "", "listing the bucket B: HTTP 403", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			heads := false
			server := scripted(t, func(w http.ResponseWriter, r *http.Request) {
				heads = heads || r.Method == http.MethodHead
				if c.region != "" {
					w.Header().Set("X-Amz-Bucket-Region", c.region)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			})
			wanted := image(t, "1.29.7")
			r := look(t, settings(), at(server.URL), wanted)
			want := strings.Replace(c.want, "the bucket B", "the bucket "+bucket, 1)
			expectNote(t, r, wanted, inventory.Unknown, want)
			if got := fmt.Sprint(r.Err); got != want {
				t.Errorf("got the error %q", got)
			}
			if heads != c.heads {
				t.Errorf("single objects were asked for: %t, want %t", heads, c.heads)
			}
		})
	}
}
