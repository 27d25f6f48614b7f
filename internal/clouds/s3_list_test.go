package clouds

import (
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-cmp/cmp"
)

// listAll lists page by page, and returns the number of keys of each and all keys.
func listAll(t *testing.T, client *s3.Client, in *s3.ListObjectsV2Input) (sizes []int, keys []string) {
	t.Helper()
	for p := s3.NewListObjectsV2Paginator(client, in); p.HasMorePages(); {
		page, err := p.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(page.Contents))
		for _, o := range page.Contents {
			keys = append(keys, *o.Key)
		}
	}
	return sizes, keys
}

func TestS3Pages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit int
		in    s3.ListObjectsV2Input
		want  []int // keys of each page
	}{
		"a thousand a page":        {0, s3.ListObjectsV2Input{}, []int{1000, 1000, 300}},
		"never more":               {0, s3.ListObjectsV2Input{MaxKeys: aws.Int32(5000)}, []int{1000, 1000, 300}},
		"fewer if asked for":       {0, s3.ListObjectsV2Input{MaxKeys: aws.Int32(1000), StartAfter: aws.String("capv/0999.ova")}, []int{1000, 300}},
		"a limit of the server":    {900, s3.ListObjectsV2Input{}, []int{900, 900, 500}},
		"prefix":                   {0, s3.ListObjectsV2Input{Prefix: aws.String("capv/12")}, []int{100}},
		"exactly a page":           {0, s3.ListObjectsV2Input{Prefix: aws.String("capv/1")}, []int{1000}},
		"whole key":                {0, s3.ListObjectsV2Input{Prefix: aws.String("capv/1200.ova")}, []int{1}},
		"other prefix":             {0, s3.ListObjectsV2Input{Prefix: aws.String("capmox/")}, []int{0}},
		"start after what is not":  {0, s3.ListObjectsV2Input{StartAfter: aws.String("capv/2290.ovb")}, []int{9}},
		"start after the last one": {0, s3.ListObjectsV2Input{StartAfter: aws.String("capv/2299.ova")}, []int{0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, endpoint := startS3(t, S3Config{PageLimit: c.limit}, S3Bucket{}, 2300)
			c.in.Bucket = aws.String(s3TestBucket)
			got, keys := listAll(t, s3Client(endpoint, s3TestKey), &c.in)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if !slices.IsSorted(keys) || len(slices.Compact(keys)) != len(keys) {
				t.Error("the keys are not in order, or not different")
			}
		})
	}
}

func TestS3ListAnswer(t *testing.T) {
	t.Parallel()
	cloud, endpoint := startS3(t, S3Config{}, S3Bucket{}, 0)
	modified := time.Date(2024, 7, 2, 13, 35, 34, 0, time.UTC)
	cloud.PutObject(s3TestBucket, "a b+c/%20ü", S3Object{Body: []byte("abc"), Modified: modified, StorageClass: "GLACIER"})
	out, err := s3Client(endpoint, s3TestKey).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{
		Bucket: aws.String(s3TestBucket), Prefix: aws.String("a b+"), StartAfter: aws.String("a b"), EncodingType: types.EncodingTypeUrl,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := []any{
		*out.Name, *out.Prefix, *out.StartAfter, out.EncodingType, *out.KeyCount, *out.MaxKeys, *out.IsTruncated,
		out.NextContinuationToken == nil, *out.Contents[0].Key, *out.Contents[0].Size, out.Contents[0].StorageClass,
		*out.Contents[0].ETag, *out.Contents[0].LastModified,
	}
	want := []any{
		s3TestBucket, "a+b%2B", "a+b", types.EncodingTypeUrl, int32(1), int32(1000), false,
		true, "a+b%2Bc/%2520%C3%BC", int64(3), types.ObjectStorageClassGlacier,
		`"900150983cd24fb0d6963f7d28e17f72"`, modified,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestS3RefusesLists asks for lists as they must not be asked for.
func TestS3RefusesLists(t *testing.T) {
	t.Parallel()
	_, endpoint := startS3(t, S3Config{}, S3Bucket{}, 1001)
	client := s3Client(endpoint, s3TestKey)
	first, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(s3TestBucket), Prefix: aws.String("capv/")})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		in   s3.ListObjectsV2Input
		want string
	}{
		"token of another prefix": {s3.ListObjectsV2Input{ContinuationToken: first.NextContinuationToken}, "InvalidArgument 400"},
		"a key as the token":      {s3.ListObjectsV2Input{ContinuationToken: aws.String("capv/0999.ova")}, "InvalidArgument 400"},
		"encoding":                {s3.ListObjectsV2Input{EncodingType: "base64"}, "InvalidArgument 400"},
		"negative":                {s3.ListObjectsV2Input{MaxKeys: aws.Int32(-1)}, "InvalidArgument 400"},
		"delimiter":               {s3.ListObjectsV2Input{Delimiter: aws.String("/")}, "NotImplemented 501"},
		"no such bucket":          {s3.ListObjectsV2Input{Bucket: aws.String("other")}, "NoSuchBucket 404"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.in.Bucket == nil {
				c.in.Bucket = aws.String(s3TestBucket)
			}
			_, err := client.ListObjectsV2(t.Context(), &c.in)
			if got := s3Failure(err); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

// TestS3NoKeys asks for none: the answer is whole, though there are keys.
func TestS3NoKeys(t *testing.T) {
	t.Parallel()
	_, endpoint := startS3(t, S3Config{}, S3Bucket{}, 1)
	out, err := s3Client(endpoint, s3TestKey).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{
		Bucket: aws.String(s3TestBucket), MaxKeys: aws.Int32(0),
	})
	if err != nil || *out.KeyCount != 0 || *out.IsTruncated || out.NextContinuationToken != nil {
		t.Errorf("got %+v, %v", out, err)
	}
}

// TestS3Unreadable lists a key that XML can't hold: only encoded can Go read the answer.
func TestS3Unreadable(t *testing.T) {
	t.Parallel()
	cloud, endpoint := startS3(t, S3Config{}, S3Bucket{}, 0)
	cloud.PutObject(s3TestBucket, "<a\x01>&", S3Object{})
	client, in := s3Client(endpoint, s3TestKey), &s3.ListObjectsV2Input{Bucket: aws.String(s3TestBucket)}
	if out, err := client.ListObjectsV2(t.Context(), in); err == nil {
		t.Errorf("got %q, want an answer that can't be read", *out.Contents[0].Key)
	}
	in.EncodingType = types.EncodingTypeUrl
	out, err := client.ListObjectsV2(t.Context(), in)
	if err != nil || *out.Contents[0].Key != "%3Ca%01%3E%26" {
		t.Errorf("got %+v, %v", out, err)
	}
	cloud.RemoveObject(s3TestBucket, "<a\x01>&")
	cloud.PutObject(s3TestBucket, "<a>&", S3Object{})
	in.EncodingType = ""
	out, err = client.ListObjectsV2(t.Context(), in)
	if err != nil || *out.Contents[0].Key != "<a>&" {
		t.Errorf("got %+v, %v", out, err)
	}
}
