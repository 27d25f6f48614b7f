package clouds

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// S3Config is what an S3 server can't change while it runs.
type S3Config struct {
	// AccessKeys are the access key IDs that are known. Every other one is refused. Empty: all are known.
	AccessKeys []string
	// PageLimit is the most keys in one answer, whatever max-keys asks for. Default, and most: 1,000.
	PageLimit int
	// Domain is the host below which buckets are found in virtual-hosted style, as BUCKET.Domain. Requests to any other
	// host have the bucket in the path. Empty: all have.
	Domain string
}

// An S3Bucket is what a bucket is beside its objects.
type S3Bucket struct {
	Region     string // default: us-east-1
	PublicRead bool   // requests without a signature may read objects
	PublicList bool   // requests without a signature may list
	NoList     bool   // signed requests may not list
}

// An S3Object is an object without its key.
type S3Object struct {
	Body         []byte
	Modified     time.Time // default: one second later than the object put before
	StorageClass string    // STANDARD (default), GLACIER, DEEP_ARCHIVE, …
}

// S3 answers ListObjectsV2 and what reads, writes and deletes one object, and refuses everything else. The location of
// faults and requests is the bucket. Signatures are not verified, but must be there, recent, and by a known key.
// See https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
type S3 struct {
	Behaviour
	config  S3Config
	handler http.Handler
	answers atomic.Int64 // numbers the request IDs

	mu      sync.Mutex
	puts    int // numbers the objects
	buckets map[string]s3Bucket
}

type s3Bucket struct {
	S3Bucket
	objects map[string]S3Object
}

// NewS3 returns a server without buckets.
func NewS3(c S3Config) *S3 {
	c.AccessKeys = slices.Clone(c.AccessKeys)
	c.PageLimit = min(cmp.Or(c.PageLimit, s3MaxKeys), s3MaxKeys)
	s := &S3{config: c, buckets: map[string]s3Bucket{}}
	s.handler = s.wrap(s, http.HandlerFunc(s.answer))
	return s
}

// ServeHTTP answers one request.
func (s *S3) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// AddBucket makes a bucket, or changes the settings of one that is there.
func (s *S3) AddBucket(name string, b S3Bucket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b.Region = cmp.Or(b.Region, "us-east-1")
	objects := s.buckets[name].objects
	if objects == nil {
		objects = map[string]S3Object{}
	}
	s.buckets[name] = s3Bucket{b, objects}
}

// PutObject puts an object into a bucket in place of what is there. It panics if there is no such bucket, as that is a
// mistake in a test.
func (s *S3) PutObject(bucket, key string, o S3Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.buckets[bucket]
	if !ok {
		panic(fmt.Sprintf("clouds: no such bucket: %q", bucket))
	}
	s.puts++
	o.StorageClass = cmp.Or(o.StorageClass, "STANDARD")
	if o.Modified.IsZero() {
		o.Modified = time.Date(2024, time.January, 1, 0, 0, s.puts, 0, time.UTC)
	}
	b.objects[key] = o
}

// RemoveObject takes an object out of a bucket. It reports whether there was one.
func (s *S3) RemoveObject(bucket, key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := len(s.buckets[bucket].objects)
	delete(s.buckets[bucket].objects, key)
	return len(s.buckets[bucket].objects) < before
}

// bucket returns a copy of a bucket.
func (s *S3) bucket(name string) (b s3Bucket, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok = s.buckets[name]
	return s3Bucket{b.S3Bucket, maps.Clone(b.objects)}, ok
}

// s3ObjectOperations are the operations on one object, by method.
var s3ObjectOperations = map[string]string{
	http.MethodHead: "HeadObject", http.MethodGet: "GetObject",
	http.MethodPut: "PutObject", http.MethodDelete: "DeleteObject",
}

func (s *S3) identify(r *http.Request) Request {
	bucket, key := s.resource(r)
	params := withoutSignature(r.URL.Query())
	// What is not answered is named after its method.
	operation := r.Method
	switch {
	case key != "" && s3ObjectOperations[r.Method] != "":
		operation = s3ObjectOperations[r.Method]
		params.Set("key", key)
	case bucket != "" && r.Method == http.MethodGet && params.Get("list-type") == "2":
		operation = "ListObjectsV2"
	}
	return Request{Location: bucket, Operation: operation, Params: params}
}

// withoutSignature drops what a presigned URL carries.
func withoutSignature(params url.Values) url.Values {
	maps.DeleteFunc(params, func(name string, _ []string) bool {
		return strings.HasPrefix(strings.ToLower(name), "x-amz-")
	})
	return params
}

// resource returns the bucket and the key that a request is about. Either may be empty.
// See https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
func (s *S3) resource(r *http.Request) (bucket, key string) {
	path := strings.TrimPrefix(r.URL.Path, "/")
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if bucket, ok := strings.CutSuffix(host, "."+s.config.Domain); ok && s.config.Domain != "" {
		return bucket, path
	}
	bucket, key, _ = strings.Cut(path, "/")
	return bucket, key
}
