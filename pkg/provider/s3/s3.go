// Package s3 looks for objects in a bucket of S3, or of a server that speaks its protocol, by the keys that consumers compute.
//
// Wanted keys are looked up in listings, many at a time. Where listing is not allowed they are asked for one by one.
package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// Options are what a look needs beside the settings. The zero value is right for production.
type Options struct {
	// MaxBackoff bounds the SDK's wait between two attempts at a request; 0 means the SDK's own bound, 20 s.
	MaxBackoff time.Duration
	// Load are further options for the SDK's configuration, such as credentials from elsewhere than its default chain.
	Load []func(*config.LoadOptions) error
}

// New returns the source of one bucket; its one location is the bucket's name. Everything that the settings don't say comes from
// the SDK's own chain: credentials, AWS_ENDPOINT_URL_S3 and AWS_ENDPOINT_URL, AWS_CA_BUNDLE, AWS_RETRY_MODE and AWS_MAX_ATTEMPTS
// (https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html). Nothing is called yet. The error is about the
// settings, or the SDK's configuration, such as a profile that doesn't exist.
//
// The SDK's standard retry mode stays as it is: its adaptive one goes on waiting after a throttled request is answered, 2 s for
// each, which is too long for a look of one or two requests.
func New(ctx context.Context, settings imageset.S3, opts Options) ([]inventory.Source, error) {
	if strings.HasSuffix(settings.Bucket, "--x-s3") {
		return nil, fmt.Errorf("the bucket %s is a directory bucket, whose listings are in no order: only general purpose buckets will do", settings.Bucket)
	}
	load := []func(*config.LoadOptions) error{
		config.WithSharedConfigProfile(settings.Profile),
		config.WithLogger(logging.Nop{}), // it would write to the standard error stream; what matters comes as an error, too
	}
	if settings.Region != "" {
		load = append(load, config.WithRegion(settings.Region))
	}
	cfg, err := config.LoadDefaultConfig(ctx, append(load, opts.Load...)...)
	switch {
	case err != nil:
		return nil, fmt.Errorf("loading the AWS configuration for the bucket %s: %w", settings.Bucket, err)
	case cfg.Region == "":
		return nil, fmt.Errorf("the bucket %s has no region: set region, or AWS_REGION", settings.Bucket)
	case settings.Anonymous:
		cfg.Credentials = aws.AnonymousCredentials{}
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = settings.PathStyle
		o.HTTPClient = counted{o.HTTPClient}
		if opts.MaxBackoff > 0 {
			o.Retryer = retry.AddWithMaxBackoffDelay(o.Retryer, opts.MaxBackoff)
		}
	})
	return []inventory.Source{&bucket{settings: settings, client: client, credentials: cfg.Credentials, region: cfg.Region}}, nil
}

// counted counts the requests of a client whole: the SDK puts AWS_CA_BUNDLE only into a client that it knows, and so the
// transport can't be wrapped. Requests for credentials are not counted; they are made once for all looks of a run.
type counted struct{ s3.HTTPClient }

func (c counted) Do(r *http.Request) (*http.Response, error) {
	if err := inventory.CountRequest(r.Context()); err != nil {
		return nil, err
	}
	return c.HTTPClient.Do(r)
}

// bucket is the source of one bucket.
type bucket struct {
	settings    imageset.S3
	client      *s3.Client
	credentials aws.CredentialsProvider
	region      string
}

func (b *bucket) Locations() []string { return []string{b.settings.Bucket} }

// wanted is an image with the keys that it must have. Marker is "" where the provider has none.
type wanted struct {
	image       inventory.Image
	key, marker string
}

// Look lists what the wanted keys have in common, and asks for single objects where listing is not allowed.
func (b *bucket) Look(ctx context.Context, images []inventory.Image) (inventory.Findings, error) {
	all, err := b.want(images)
	if err != nil {
		return nil, err
	}
	if err := b.authenticate(ctx); err != nil {
		return nil, err
	}
	answers := b.list(ctx, all)
	b.askForObjects(ctx, all, answers)
	b.askForMarkers(ctx, all, answers)
	findings := make(inventory.Findings, len(images))
	problems := make(map[string]error)
	for _, w := range all {
		finding, err := b.judge(w, answers)
		if err != nil {
			problems[err.Error()] = err
		}
		findings.Add(w.image, finding)
	}
	return findings, join(problems)
}

// join joins different errors, by their texts.
func join(problems map[string]error) error {
	var all []error
	for _, text := range sortedKeys(problems) {
		all = append(all, problems[text])
	}
	return errors.Join(all...)
}

func (b *bucket) want(images []inventory.Image) ([]wanted, error) {
	all := make([]wanted, len(images))
	for i, image := range images {
		fields := image.Fields()
		key, err := imageset.Expand(b.settings.Key, fields)
		if err != nil {
			return nil, fmt.Errorf("the key %w", err)
		}
		fields["key"] = key
		marker, err := imageset.Expand(b.settings.Marker, fields)
		if err != nil {
			return nil, fmt.Errorf("the marker %w", err)
		}
		all[i] = wanted{image, key, marker}
	}
	return all, nil
}

// authenticate gets the credentials ahead of the first request, so that their lack is told from the bucket's refusal.
func (b *bucket) authenticate(ctx context.Context) error {
	if b.settings.Anonymous {
		return nil
	}
	_, err := b.credentials.Retrieve(ctx)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("getting AWS credentials: %s", inventory.Cause(ctx.Err()))
	}
	return fmt.Errorf("getting AWS credentials%s: there are none that can be used", origin(err))
}

// answer is what is known about one key.
type answer struct {
	object *object // nil: there is none, unless err says why it isn't known
	err    error
}

// object is what a listing, or the headers of an object, tell about it.
type object struct {
	size     int64
	modified time.Time
	class    string // the storage class; "" is the standard one
}

// answers are what is known, by key. Every wanted key is in it.
type answers map[string]answer
