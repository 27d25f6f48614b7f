package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/vmware/go-vcloud-director/v3/govcd"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/find"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

type (
	// open makes a client and logs in.
	open func(context.Context) (ask, error)
	// ask tells whether one image exists, in all locations. It is what the SDK's own documentation leads to.
	ask func(context.Context, inventory.Image) (bool, error)
)

// openEC2 asks each region for the images that have one name.
func openEC2(regions []string) open {
	return func(ctx context.Context) (ask, error) {
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, image inventory.Image) (bool, error) {
			everywhere := true
			for _, region := range regions {
				out, err := ec2.NewFromConfig(cfg).DescribeImages(ctx, &ec2.DescribeImagesInput{
					Owners:  []string{owner},
					Filters: []types.Filter{{Name: aws.String("name"), Values: []string{image.Lookup}}},
				}, func(o *ec2.Options) { o.Region = region })
				if err != nil {
					return false, err
				}
				everywhere = everywhere && len(out.Images) > 0
			}
			return everywhere, nil
		}, nil
	}
}

// openAzure gets one version of one image definition.
func openAzure(context.Context) (ask, error) {
	options := azcore.ClientOptions{Cloud: cloud.Configuration{
		ActiveDirectoryAuthorityHost: os.Getenv("AZURE_AUTHORITY_HOST"),
		Services: map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: {
			Endpoint: os.Getenv("AZURE_RESOURCE_MANAGER_ENDPOINT"), Audience: cloud.AzurePublic.Services[cloud.ResourceManager].Audience,
		}},
	}}
	credential, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
		ClientOptions: options, DisableInstanceDiscovery: true,
	})
	if err != nil {
		return nil, err
	}
	client, err := armcompute.NewGalleryImageVersionsClient(os.Getenv("AZURE_SUBSCRIPTION_ID"), credential,
		&arm.ClientOptions{ClientOptions: options, DisableRPRegistration: true})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, image inventory.Image) (bool, error) {
		_, err := client.Get(ctx, group, gallery, image.Lookup, image.Name.Flatcar, nil)
		if refused, ok := errors.AsType[*azcore.ResponseError](err); ok && refused.StatusCode == http.StatusNotFound {
			return false, nil
		}
		return err == nil, err
	}, nil
}

// openS3 asks for the headers of one object.
func openS3(ctx context.Context) (ask, error) {
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion("eu-central-1"))
	if err != nil {
		return nil, err
	}
	client := s3.NewFromConfig(cfg)
	return func(ctx context.Context, image inventory.Image) (bool, error) {
		_, err := client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: aws.String(bucket), Key: aws.String(keyOf(image))})
		if _, missing := errors.AsType[*s3types.NotFound](err); missing {
			return false, nil
		}
		return err == nil, err
	}, nil
}

// openVSphere lets govmomi's finder find one machine by its path.
func openVSphere(ctx context.Context) (ask, error) {
	address, err := url.Parse(os.Getenv("GOVC_URL"))
	if err != nil {
		return nil, err
	}
	address.User = url.UserPassword(os.Getenv("GOVC_USERNAME"), os.Getenv("GOVC_PASSWORD"))
	client, err := govmomi.NewClient(ctx, address, false)
	if err != nil {
		return nil, err
	}
	finder := find.NewFinder(client.Client)
	return func(ctx context.Context, image inventory.Image) (bool, error) {
		_, err := finder.VirtualMachine(ctx, folder+"/"+image.Lookup)
		if _, missing := errors.AsType[*find.NotFoundError](err); missing {
			return false, nil
		}
		return err == nil, err
	}, nil
}

// openVCD queries a catalog for one name.
func openVCD(context.Context) (ask, error) {
	address, err := url.Parse(os.Getenv("VCD_URL"))
	if err != nil {
		return nil, err
	}
	client := govcd.NewVCDClient(*address, false)
	if err := client.Authenticate(os.Getenv("VCD_USER"), os.Getenv("VCD_PASSWORD"), org); err != nil {
		return nil, err
	}
	in := govcd.NewCatalog(&client.Client)
	in.Catalog.Name = catalog
	return func(_ context.Context, image inventory.Image) (bool, error) {
		_, err := in.QueryVappTemplateWithName(image.Lookup)
		if errors.Is(err, govcd.ErrorEntityNotFound) {
			return false, nil
		}
		return err == nil, err
	}, nil
}
