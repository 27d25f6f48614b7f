package provider_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/s3"
)

// TestContractOfUnlistableBuckets asks for single objects, where S3 says forbidden for one that isn't there: that is not absent.
func TestContractOfUnlistableBuckets(t *testing.T) {
	t.Parallel()
	p := s3PlaceOf(t, clouds.S3Bucket{Region: "eu-central-1", PublicRead: true, NoList: true})
	all := images(t, 2)
	p.put(all[0], inventory.Present)
	states := p.look(t.Context(), t, time.Minute, all...)
	expect(t, states, all[0], inventory.Present)
	expect(t, states, all[1], inventory.Unknown)
}

func s3Place(t *testing.T) *place { return s3PlaceOf(t, clouds.S3Bucket{Region: "eu-central-1"}) }

func s3PlaceOf(t *testing.T, kind clouds.S3Bucket) *place {
	const bucket, region, secret = "images", "eu-central-1", "not-to-be-shown"
	cloud := clouds.NewS3(clouds.S3Config{AccessKeys: []string{"AKIATEST"}, PageLimit: 3})
	cloud.AddBucket(bucket, kind)
	server := clouds.Start(cloud)
	t.Cleanup(server.Close)
	settings := imageset.S3{
		Bucket: bucket, Region: region, PathStyle: true, Marker: "{key}.sha256sums",
		Key: "capv/{name}/flatcar-{channel}-{flatcar}-kube-v{kubernetes}.ova",
	}
	sources, err := s3.New(t.Context(), settings, s3.Options{
		MaxBackoff: time.Millisecond,
		Load: []func(*config.LoadOptions) error{
			config.WithBaseEndpoint(server.URL),
			config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIATEST", secret, "")),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	expand := func(template string, fields map[string]string) string {
		text, err := imageset.Expand(template, fields)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	return &place{
		source: sources[0], location: bucket, behaviour: &cloud.Behaviour, faultAt: bucket,
		put: func(image inventory.Image, state inventory.State) {
			fields := image.Fields()
			fields["key"] = expand(settings.Key, fields)
			body := []byte("an image")
			if state == inventory.Failed {
				body = nil
			}
			cloud.PutObject(bucket, fields["key"], clouds.S3Object{Body: body})
			if state != inventory.Pending {
				cloud.PutObject(bucket, expand(settings.Marker, fields), clouds.S3Object{Body: []byte("0f1e  image.ova\n")})
			}
		},
		lookalike: func(image inventory.Image) { // its file has no v before the Kubernetes version
			cloud.PutObject(bucket, "capv/"+image.Lookup+"/flatcar-stable-3815.2.5-kube-1.29.0.ova", clouds.S3Object{Body: []byte("an image")})
		},
		pages:      func() {}, // three keys a page, from the start
		operations: []string{"ListObjectsV2", "HeadObject"},
		secret:     secret,
	}
}
