// Package azure looks for image versions in Azure compute galleries: in a private gallery as its owner sees it, or in a community
// gallery as its consumers do.
//
// A private gallery tells everything: versions that are being made, that failed, and the state of every replica. A community
// gallery shows only what can be used already; what is on its way, or broken, looks absent there. Plan from the private
// gallery wherever there are credentials for it.
//
// Credentials come from [azidentity.DefaultAzureCredential]. Beside the variables that it reads itself, these count, in the way that
// Azure Service Operator and Cluster API's provider for Azure made common
// (https://azure.github.io/azure-service-operator/guide/aso-controller-settings-options/); they go before the image set's cloud:
//
//	AZURE_SUBSCRIPTION_ID            where the image set names no subscription
//	AZURE_RESOURCE_MANAGER_ENDPOINT  Azure Resource Manager, such as https://management.example
//	AZURE_RESOURCE_MANAGER_AUDIENCE  whom tokens are for; the cloud's own if not given
//	AZURE_AUTHORITY_HOST             who issues tokens, such as https://login.example
//
// The role Reader on the gallery is enough. A community gallery needs a subscription of the reader, and in it
// Microsoft.Compute/locations/communityGalleries/images/read and …/images/versions/read.
package azure

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/arm"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"
	"golang.org/x/sync/errgroup"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// sideBySide is how many requests of a look are under way at once. A subscription may read 250 times at once and then 25 times a
// second (https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/request-limits-and-throttling).
const sideBySide = 8

// Options are what a look needs beside the settings. The zero value is right for production, in the public cloud.
type Options struct {
	// Getenv reads the environment variables that the package names; nil means that none is set. DefaultAzureCredential reads
	// its own from the process.
	Getenv func(string) string
	// Credential gets tokens; nil means DefaultAzureCredential.
	Credential azcore.TokenCredential
	// Transport sends all requests, also those for tokens; nil means one like http.DefaultTransport.
	Transport http.RoundTripper
	// MaxBackoff bounds the SDK's wait between two attempts at a request; 0 means the SDK's own bound, 60 s. An answer that asks
	// for a longer wait is not waited for.
	MaxBackoff time.Duration
}

// New returns the source for the gallery of the settings: the community gallery where they have one, else the private gallery.
// Nothing is called yet. The error joins what is wrong with the settings, the environment and the credential's set-up.
func New(settings imageset.Azure, opts Options) ([]inventory.Source, error) {
	if opts.Getenv == nil {
		opts.Getenv = func(string) string { return "" }
	}
	to, err := newEndpoints(settings.Cloud, opts.Getenv)
	subscription := settings.Subscription
	if subscription == "" {
		subscription = opts.Getenv("AZURE_SUBSCRIPTION_ID")
	}
	if subscription == "" {
		err = errors.Join(err, errors.New("azure.subscription is missing, and AZURE_SUBSCRIPTION_ID is not set"))
	}
	if err != nil {
		return nil, err
	}
	clients, err := newClients(subscription, to, opts)
	if err != nil {
		return nil, err
	}
	if settings.CommunityGallery != "" {
		return []inventory.Source{&community{
			settings, clients.NewCommunityGalleryImagesClient(),
			clients.NewCommunityGalleryImageVersionsClient(),
		}}, nil
	}
	return []inventory.Source{&gallery{settings, clients.NewGalleryImagesClient(), clients.NewGalleryImageVersionsClient()}}, nil
}

// newClients makes all clients of a source from one factory, so that they share connections and the token.
func newClients(subscription string, to endpoints, opts Options) (*armcompute.ClientFactory, error) {
	options := policy.ClientOptions{
		Cloud:     to.cloud,
		Retry:     policy.RetryOptions{MaxRetryDelay: opts.MaxBackoff},
		Transport: &http.Client{Transport: inventory.CountRequests(transport(opts))},
	}
	inner := opts.Credential
	if inner == nil {
		chain, err := azidentity.NewDefaultAzureCredential(&azidentity.DefaultAzureCredentialOptions{
			ClientOptions: options, DisableInstanceDiscovery: to.private,
		})
		if err != nil {
			return nil, fmt.Errorf("setting up the Azure credential: %w", err)
		}
		inner = chain
	}
	clients, err := armcompute.NewClientFactory(subscription, credential{inner}, &arm.ClientOptions{
		ClientOptions: options,
		// The SDK would register Microsoft.Compute with a subscription that lacks it. A look must not change anything.
		DisableRPRegistration: true,
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the Azure clients: %w", err)
	}
	return clients, nil
}

// transport keeps as many connections as are used at once, where http.DefaultTransport would close all but two of them.
func transport(opts Options) http.RoundTripper {
	if opts.Transport != nil {
		return opts.Transport
	}
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport // somebody replaced it, and knows why
	}
	t = t.Clone()
	t.MaxIdleConnsPerHost = sideBySide
	return t
}

// each calls ask for 0 to n-1, a few side by side, and returns when all are done.
func each(n int, ask func(i int)) {
	var group errgroup.Group
	group.SetLimit(sideBySide)
	for i := range n {
		group.Go(func() error {
			ask(i)
			return nil
		})
	}
	_ = group.Wait() // they put their errors where the answers go: one must not hide another
}

// ask calls the SDK once and tidies its error.
func ask[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	var response *http.Response
	answer, err := call(policy.WithCaptureResponse(ctx, &response))
	if err == nil {
		return answer, nil
	}
	return answer, tidy(ctx, err, response)
}
