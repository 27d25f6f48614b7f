// Package aws looks for machine images (AMIs) in the regions of an AWS account, as Cluster API's provider for AWS looks them up.
package aws

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go/logging"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// Limits of DescribeImages.
const (
	// namesPerRequest is how many values the filters of one call may have together
	// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html, FilterLimitExceeded).
	namesPerRequest = 200
	// pageSize stays below the 1000 that pages may have
	// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeImages.html).
	pageSize = 500
)

// Options are what a look needs beside the settings. The zero value is right for production.
type Options struct {
	// MaxBackoff bounds the SDK's wait between two attempts at a request; 0 means the SDK's own bound, 20 s.
	MaxBackoff time.Duration
	// Now is the time by which an image counts as deprecated; nil means the clock.
	Now func() time.Time
	// Load are further options for the SDK's configuration, such as credentials from elsewhere than its default chain.
	Load []func(*config.LoadOptions) error
}

// New returns a source for every region of the settings. Credentials come from the SDK's default chain; nothing is called yet.
// The error is about the SDK's configuration, such as a profile that doesn't exist.
func New(ctx context.Context, settings imageset.AWS, opts Options) ([]inventory.Source, error) {
	cfg, err := config.LoadDefaultConfig(ctx, append([]func(*config.LoadOptions) error{
		config.WithSharedConfigProfile(settings.Profile),
		config.WithRetryer(func() aws.Retryer { return adaptive(opts.MaxBackoff) }),
		config.WithLogger(logging.Nop{}), // what matters becomes a note
	}, opts.Load...)...)
	if err != nil {
		return nil, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	client := &http.Client{Transport: inventory.CountRequests(onlyAnswers{transport(cfg)})}
	sources := make([]inventory.Source, len(settings.Regions))
	for i, name := range settings.Regions {
		api := ec2.NewFromConfig(cfg, func(o *ec2.Options) { o.Region, o.HTTPClient = name, client })
		sources[i] = &region{name: name, client: api, credentials: cfg.Credentials, settings: settings, now: opts.Now}
	}
	return sources, nil
}

// transport is the one that the SDK's configuration asks for, with its proxy and certificates (AWS_CA_BUNDLE). All regions share
// it.
func transport(cfg aws.Config) http.RoundTripper {
	if client, ok := cfg.HTTPClient.(*awshttp.BuildableClient); ok {
		return client.GetTransport()
	}
	return http.DefaultTransport
}

// adaptive retries as the SDK does by itself, and slows down where the account is throttled.
func adaptive(maxBackoff time.Duration) aws.Retryer {
	return retry.NewAdaptiveMode(func(o *retry.AdaptiveModeOptions) {
		if maxBackoff > 0 {
			o.StandardOptions = append(o.StandardOptions, func(o *retry.StandardOptions) { o.MaxBackoff = maxBackoff })
		}
	})
}

// region is the source of one region.
type region struct {
	name        string
	client      *ec2.Client
	credentials aws.CredentialsProvider // shared by all regions, which so get them once
	settings    imageset.AWS
	now         func() time.Time
}

func (r *region) Locations() []string { return []string{r.name} }

// Look asks for all names of the owner at once, and judges the answer here: what a filter hides could not be explained.
func (r *region) Look(ctx context.Context, images []inventory.Image) (inventory.Findings, error) {
	if _, err := r.credentials.Retrieve(ctx); err != nil {
		return nil, fmt.Errorf("there are no usable AWS credentials%s", detail(err))
	}
	findings := make(inventory.Findings, len(images))
	for batch := range slices.Chunk(images, namesPerRequest) {
		named, err := r.describe(ctx, batch)
		if err != nil {
			return findings, fmt.Errorf("describing the images of %s: %w", r.settings.Owner, tidy(err)) // findings say where
		}
		for _, image := range batch {
			findings.Add(image, r.judge(named[image.Lookup], image.Name.Arch))
		}
	}
	return findings, nil
}

// describe returns the owner's images of these names, by name.
func (r *region) describe(ctx context.Context, images []inventory.Image) (map[string][]types.Image, error) {
	patterns := make([]string, len(images))
	for i, image := range images {
		patterns[i] = escape(image.Lookup)
	}
	pages := ec2.NewDescribeImagesPaginator(r.client, &ec2.DescribeImagesInput{
		Owners:     []string{r.settings.Owner},
		Filters:    []types.Filter{{Name: aws.String("name"), Values: patterns}},
		MaxResults: aws.Int32(pageSize),
		// Deprecated and disabled images are asked for so that they can be told from missing ones.
		IncludeDeprecated: aws.Bool(true),
		IncludeDisabled:   aws.Bool(true),
	})
	named := make(map[string][]types.Image)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, image := range page.Images {
			named[aws.ToString(image.Name)] = append(named[aws.ToString(image.Name)], image)
		}
	}
	return named, nil
}

// escape makes a name a filter value that matches nothing else: * and ? are wildcards there, and \ takes their meaning away
// (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html).
func escape(name string) string {
	var b []byte
	for _, c := range []byte(name) {
		if c == '*' || c == '?' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, c)
	}
	return string(b)
}
