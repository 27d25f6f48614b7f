package provider_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/aws"
)

func awsPlace(t *testing.T) *place {
	const owner, region, secret = "706635527432", "eu-west-1", "not-to-be-shown"
	ec2 := clouds.NewEC2(clouds.EC2Config{Account: owner, PageLimit: 3})
	server := clouds.Start(ec2)
	t.Cleanup(server.Close)
	sources, err := aws.New(t.Context(), imageset.AWS{Owner: owner, Regions: []string{region}}, aws.Options{
		MaxBackoff: time.Millisecond,
		Load: []func(*config.LoadOptions) error{
			config.WithBaseEndpoint(server.URL),
			config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider("AKIATEST", secret, "")),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	states := map[inventory.State]string{inventory.Present: "available", inventory.Pending: "pending", inventory.Failed: "failed"}
	return &place{
		source: sources[0], location: region, behaviour: &ec2.Behaviour, faultAt: region,
		put: func(image inventory.Image, state inventory.State) {
			ec2.AddImage(region, clouds.AMI{Name: image.Lookup, State: states[state]})
		},
		lookalike: func(image inventory.Image) {
			ec2.AddImage(region, clouds.AMI{Name: image.Lookup, Owner: "111122223333", Public: true})
		},
		pages:      func() {}, // three images a page, from the start
		operations: []string{"DescribeImages"},
		secret:     secret,
	}
}
