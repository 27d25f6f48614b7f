package clouds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"github.com/google/go-cmp/cmp"
)

const s3TestBucket, s3TestKey = "images", "AKIATEST"

// startS3 starts a cloud with one bucket in eu-central-1 and n objects: capv/0000.ova and so on.
func startS3(t *testing.T, c S3Config, b S3Bucket, n int) (*S3, string) {
	t.Helper()
	c.AccessKeys = []string{s3TestKey}
	cloud := NewS3(c)
	b.Region = "eu-central-1"
	cloud.AddBucket(s3TestBucket, b)
	for i := range n {
		cloud.PutObject(s3TestBucket, fmt.Sprintf("capv/%04d.ova", i), S3Object{Body: []byte("ova")})
	}
	return cloud, start(t, cloud).URL
}

// s3Client is the SDK's client, which tries once. Without an access key it does not sign.
func s3Client(endpoint, accessKey string) *s3.Client {
	o := s3.Options{
		BaseEndpoint: &endpoint, Region: "eu-central-1", UsePathStyle: true, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(accessKey, "secret", ""),
	}
	if accessKey == "" {
		o.Credentials = aws.AnonymousCredentials{}
	}
	return s3.New(o)
}

// s3Failure is the code and the status of an error, or "" for none.
func s3Failure(err error) string {
	var api smithy.APIError
	var response *smithyhttp.ResponseError
	if !errors.As(err, &api) || !errors.As(err, &response) {
		return fmt.Sprint(err)
	}
	return fmt.Sprintf("%s %d", api.ErrorCode(), response.HTTPStatusCode())
}

// TestS3Permissions tells what who may do. A missing key is not found only for who may list.
func TestS3Permissions(t *testing.T) {
	t.Parallel()
	const denied, bodyless, fine = "AccessDenied 403", "Forbidden 403", "<nil>"
	for name, c := range map[string]struct {
		accessKey string
		bucket    S3Bucket
		want      []string // list, head, head of a missing key, get of one, put
	}{
		"signed":           {s3TestKey, S3Bucket{}, []string{fine, fine, "NotFound 404", "NoSuchKey 404", fine}},
		"may not list":     {s3TestKey, S3Bucket{NoList: true}, []string{denied, fine, bodyless, denied, fine}},
		"unknown key":      {"AKIAOTHER", S3Bucket{PublicRead: true, PublicList: true}, []string{"InvalidAccessKeyId 403", bodyless, bodyless, "InvalidAccessKeyId 403", "InvalidAccessKeyId 403"}},
		"unsigned":         {"", S3Bucket{}, []string{denied, bodyless, bodyless, denied, denied}},
		"public":           {"", S3Bucket{PublicRead: true, PublicList: true}, []string{fine, fine, "NotFound 404", "NoSuchKey 404", denied}},
		"public to read":   {"", S3Bucket{PublicRead: true}, []string{denied, fine, bodyless, denied, denied}},
		"public to list":   {"", S3Bucket{PublicList: true}, []string{fine, bodyless, bodyless, denied, denied}},
		"NoList is signed": {"", S3Bucket{PublicList: true, PublicRead: true, NoList: true}, []string{fine, fine, "NotFound 404", "NoSuchKey 404", denied}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, endpoint := startS3(t, S3Config{}, c.bucket, 1)
			client, bucket := s3Client(endpoint, c.accessKey), aws.String(s3TestBucket)
			var got []string
			_, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket})
			got = append(got, s3Failure(err))
			for _, key := range []string{"capv/0000.ova", "capv/none.ova"} {
				_, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: &key})
				got = append(got, s3Failure(err))
			}
			_, err = client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: aws.String("capv/none.ova")})
			got = append(got, s3Failure(err))
			_, err = client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("new"), Body: strings.NewReader("x")})
			got = append(got, s3Failure(err))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestS3Objects uploads, reads and deletes, over both ways in which the SDK uploads: it signs the body where nothing else
// protects it, and sends chunks with a checksum over TLS.
func TestS3Objects(t *testing.T) {
	t.Parallel()
	for name, serve := range map[string]func(http.Handler) *httptest.Server{"signed body": Start, "chunks": StartTLS} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cloud := NewS3(S3Config{})
			cloud.AddBucket(s3TestBucket, S3Bucket{Region: "eu-central-1"})
			server := serve(cloud)
			t.Cleanup(server.Close)
			client := s3.New(s3Client(server.URL, s3TestKey).Options(), func(o *s3.Options) { o.HTTPClient = server.Client() })
			uploadAndDelete(t, client, aws.String(s3TestBucket), aws.String("a/b c"))
			if cloud.RemoveObject(s3TestBucket, "a/b c") {
				t.Error("the object is still there")
			}
		})
	}
}

func uploadAndDelete(t *testing.T, client *s3.Client, bucket, key *string) {
	t.Helper()
	body := bytes.Repeat([]byte("0123456789"), 20_000)
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: bytes.NewReader(body)}); err != nil {
		t.Fatal(err)
	}
	head, err := client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: key})
	if err != nil || *head.ContentLength != int64(len(body)) || head.StorageClass != "" || head.LastModified == nil || head.ETag == nil {
		t.Errorf("got %+v, %v", head, err)
	}
	part, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key, Range: aws.String("bytes=9-12")})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(part.Body); string(got) != "9012" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	for range 2 { // deleting what is not there is no error
		if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: key}); err != nil {
			t.Error(err)
		}
	}
}

// TestS3NotImplemented refuses what it would otherwise answer wrongly.
func TestS3NotImplemented(t *testing.T) {
	t.Parallel()
	_, endpoint := startS3(t, S3Config{}, S3Bucket{}, 1)
	client, bucket, key := s3Client(endpoint, s3TestKey), aws.String(s3TestBucket), aws.String("capv/0000.ova")
	for name, call := range map[string]func(context.Context) error{
		"ListBuckets": func(ctx context.Context) error {
			_, err := client.ListBuckets(ctx, &s3.ListBucketsInput{})
			return err
		},
		"ListObjects": func(ctx context.Context) error {
			_, err := client.ListObjects(ctx, &s3.ListObjectsInput{Bucket: bucket})
			return err
		},
		"CreateBucket": func(ctx context.Context) error {
			_, err := client.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket})
			return err
		},
		"CopyObject": func(ctx context.Context) error {
			_, err := client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: bucket, Key: key, CopySource: aws.String("images/capv/0000.ova")})
			return err
		},
		"CreateMultipartUpload": func(ctx context.Context) error {
			_, err := client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
			return err
		},
		"a version": func(ctx context.Context) error {
			_, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: key, VersionId: aws.String("1")})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := s3Failure(call(t.Context())); got != "NotImplemented 501" {
				t.Errorf("got %s", got)
			}
		})
	}
}

// TestS3Signatures sends requests that are not signed as they should be.
func TestS3Signatures(t *testing.T) {
	t.Parallel()
	_, endpoint := startS3(t, S3Config{}, S3Bucket{}, 1)
	now := time.Now()
	scope := func(region, service string) string {
		return "AWS4-HMAC-SHA256 Credential=AKIATEST/20240702/" + region + "/" + service + "/aws4_request, SignedHeaders=host, Signature=00"
	}
	for name, c := range map[string]struct {
		authorization string
		date          time.Time
		want          string
		status        int
	}{
		"right":             {scope("eu-central-1", "s3"), now, "<Name>images</Name>", 200},
		"other region":      {scope("eu-west-1", "s3"), now, "<Code>PermanentRedirect</Code>", 301},
		"us-east-1":         {scope("us-east-1", "s3"), now, "expecting &#39;eu-central-1&#39;", 400},
		"other service":     {scope("eu-central-1", "ec2"), now, "<Code>AuthorizationHeaderMalformed</Code>", 400},
		"too old":           {scope("eu-central-1", "s3"), now.Add(-time.Hour), "<Code>RequestTimeTooSkewed</Code>", 403},
		"no scope":          {"AWS4-HMAC-SHA256 Credential=AKIATEST", now, "<Code>AuthorizationHeaderMalformed</Code>", 400},
		"user and password": {"Basic dXNlcjpwYXNz", now, "<Code>AuthorizationHeaderMalformed</Code>", 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, endpoint+"/images?list-type=2", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", c.authorization)
			r.Header.Set("X-Amz-Date", c.date.UTC().Format(sigV4Date))
			res, err := http.DefaultTransport.RoundTrip(r) // follows no redirect
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			body, err := io.ReadAll(res.Body)
			if err != nil || res.StatusCode != c.status || !strings.Contains(string(body), c.want) {
				t.Errorf("got %d %s, %v", res.StatusCode, body, err)
			}
			if res.Header.Get("X-Amz-Request-Id") == "" {
				t.Error("no request ID")
			}
		})
	}
}

func TestS3Faults(t *testing.T) {
	t.Parallel()
	for f, want := range map[Fault]string{
		Forbidden: "AccessDenied 403", Unauthenticated: "InvalidAccessKeyId 403", Throttled: "SlowDown 503",
		ServerError: "InternalError 500", Unavailable: "ServiceUnavailable 503",
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			cloud, endpoint := startS3(t, S3Config{}, S3Bucket{}, 1)
			cloud.AddBucket("other", S3Bucket{Region: "eu-central-1"})
			cloud.Fail(s3TestBucket, f)
			client := s3Client(endpoint, s3TestKey)
			_, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(s3TestBucket)})
			if got := s3Failure(err); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if _, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("other")}); err != nil {
				t.Errorf("the other bucket: %v", err)
			}
		})
	}
}

// TestS3Records shows what is remembered of requests, in both styles of addressing and without the signature.
func TestS3Records(t *testing.T) {
	t.Parallel()
	cloud, endpoint := startS3(t, S3Config{Domain: "s3.example"}, S3Bucket{}, 1)
	get := func(method, host, target string) {
		r, err := http.NewRequestWithContext(t.Context(), method, endpoint+target, nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			r.Host = host
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
	}
	get("GET", "", "/images?list-type=2&prefix=capv/&X-Amz-Signature=00")
	get("HEAD", "images.s3.example:80", "/capv/0000.ova")
	get("DELETE", "s3.example", "/images/capv/a%2Fb")
	get("POST", "", "/images?delete")
	want := []Request{
		{Location: "images", Operation: "ListObjectsV2", Params: url.Values{"list-type": {"2"}, "prefix": {"capv/"}}},
		{Location: "images", Operation: "HeadObject", Params: url.Values{"key": {"capv/0000.ova"}}},
		{Location: "images", Operation: "DeleteObject", Params: url.Values{"key": {"capv/a/b"}}},
		{Location: "images", Operation: "POST", Params: url.Values{"delete": {""}}},
	}
	if diff := cmp.Diff(want, cloud.Requests()); diff != "" {
		t.Error(diff)
	}
}

func TestS3Contents(t *testing.T) {
	t.Parallel()
	cloud, _ := startS3(t, S3Config{}, S3Bucket{NoList: true}, 1)
	cloud.AddBucket(s3TestBucket, S3Bucket{})
	if b, ok := cloud.bucket(s3TestBucket); !ok || b.NoList || b.Region != "us-east-1" || len(b.objects) != 1 {
		t.Errorf("got %+v, want new settings and the old objects", b)
	}
	if !cloud.RemoveObject(s3TestBucket, "capv/0000.ova") || cloud.RemoveObject(s3TestBucket, "capv/0000.ova") {
		t.Error("an object can be removed once")
	}
	defer func() {
		if recover() == nil {
			t.Error("no panic for a bucket that is not there")
		}
	}()
	cloud.PutObject("other", "key", S3Object{})
}
