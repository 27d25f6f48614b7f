package s3

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// page is one page of a listing.
type page struct {
	objects map[string]object
	last    string // the last key; "" if there is none
	next    string // the token of the next page; "" if this is the last one
}

// read makes a page of an answer to in, all of whose keys must come after the key after. The SDK's decoder takes any well-formed
// XML for an answer, without objects if need be, so what every answer repeats of its request is checked here: an answer to
// something else must not make an image absent (https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html).
func read(out *s3.ListObjectsV2Output, in *s3.ListObjectsV2Input, after string) (page, error) {
	decode := func(s *string) (string, error) { return aws.ToString(s), nil }
	if out.EncodingType == types.EncodingTypeUrl {
		decode = func(s *string) (string, error) { return url.QueryUnescape(aws.ToString(s)) }
	}
	if problem := envelope(out, in, decode); problem != "" {
		return page{}, unusable(problem)
	}
	p := page{objects: make(map[string]object, len(out.Contents)), last: after, next: aws.ToString(out.NextContinuationToken)}
	for _, o := range out.Contents {
		key, err := decode(o.Key)
		switch {
		case err != nil || o.Key == nil || o.Size == nil || o.LastModified == nil:
			return page{}, unusable("an entry of the listing is incomplete")
		case !strings.HasPrefix(key, *in.Prefix) || key <= p.last:
			return page{}, unusable("the listing is not in order, or has keys that were not asked for")
		}
		p.objects[key] = object{size: *o.Size, modified: *o.LastModified, class: string(o.StorageClass)}
		p.last = key
	}
	if len(out.Contents) == 0 {
		p.last = ""
	}
	if !*out.IsTruncated {
		p.next = ""
	}
	return p, nil
}

// envelope says what is wrong with an answer, its entries aside, or "".
func envelope(out *s3.ListObjectsV2Output, in *s3.ListObjectsV2Input, decode func(*string) (string, error)) string {
	prefix, err := decode(out.Prefix)
	next := aws.ToString(out.NextContinuationToken)
	switch {
	case out.Name == nil || out.KeyCount == nil || out.IsTruncated == nil:
		return "it is no listing of S3"
	case *out.Name != *in.Bucket:
		return "it lists another bucket"
	// Ceph does not encode what it repeats (https://github.com/ceph/ceph/pull/23371).
	case aws.ToString(out.Prefix) != *in.Prefix && (err != nil || prefix != *in.Prefix):
		return "it lists another prefix"
	case int(*out.KeyCount) != len(out.Contents):
		return "it has not as many keys as it says"
	case *out.IsTruncated && next == "":
		return "it goes on, but does not say where"
	case *out.IsTruncated && next == aws.ToString(in.ContinuationToken):
		return "it goes on where it began"
	}
	return ""
}
