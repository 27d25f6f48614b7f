package s3

import (
	"context"
	"errors"
	"fmt"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"
)

// headsAtOnce is how many objects are asked for at the same time. S3 grants 5,500 such requests a second and prefix
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html); smaller servers have fewer.
const headsAtOnce = 8

// askForObjects asks for the objects whose listing was refused: who may not list a bucket may still read its objects.
func (b *bucket) askForObjects(ctx context.Context, all []wanted, known answers) {
	refused := make(map[string]bool)
	for _, w := range all {
		if mayNotList(known[w.key].err) {
			refused[w.key] = true
		}
	}
	b.ask(ctx, sortedKeys(refused), known)
}

// askForMarkers does the same for the markers of the objects that are there.
func (b *bucket) askForMarkers(ctx context.Context, all []wanted, known answers) {
	refused := make(map[string]bool)
	for _, w := range all {
		if known[w.key].object != nil && mayNotList(known[w.marker].err) {
			refused[w.marker] = true
		}
	}
	b.ask(ctx, sortedKeys(refused), known)
}

// ask replaces what is known about the keys by what the server says about each.
func (b *bucket) ask(ctx context.Context, keys []string, known answers) {
	got := make([]answer, len(keys))
	var group errgroup.Group
	group.SetLimit(headsAtOnce)
	for i, key := range keys {
		group.Go(func() error {
			got[i] = b.head(ctx, key)
			return nil // one object's error says nothing about the others
		})
	}
	_ = group.Wait()
	for i, key := range keys {
		known[key] = got[i]
	}
}

// head asks for one object. A refused listing has told that the bucket is there, so that not found can only mean the object.
func (b *bucket) head(ctx context.Context, key string) answer {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.settings.Bucket, Key: &key})
	var missing *types.NotFound
	switch {
	case err == nil && (out.ETag == nil || out.LastModified == nil || out.ContentLength == nil):
		err = unusable("it has not the headers of an object")
	case err == nil:
		return answer{object: &object{size: *out.ContentLength, modified: *out.LastModified, class: string(out.StorageClass)}}
	case errors.As(err, &missing) && requestID(err) != "":
		return answer{}
	default:
		err = b.tidy(err)
	}
	if forbidden(err) {
		err = fmt.Errorf("%w, as S3 also answers for objects that don't exist where listing (s3:ListBucket) is not allowed", err)
	}
	return answer{err: fmt.Errorf("asking the bucket %s, which may not be listed, for single objects: %w", b.settings.Bucket, err)}
}

// requestID is what S3 and servers like it put on each of their answers, and what a proxy that doesn't find S3 lacks.
func requestID(err error) string {
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		return response.ServiceRequestID()
	}
	return ""
}
