package azure_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	azfake "github.com/Azure/azure-sdk-for-go/sdk/azcore/fake"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/provider/azure"
)

// nowhere notes where requests and tokens would go.
type nowhere struct{ hosts, scopes []string }

func (n *nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	n.hosts = append(n.hosts, r.URL.Host)
	return nil, errors.New("not sent")
}

func (n *nowhere) GetToken(_ context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	n.scopes = append(n.scopes, o.Scopes...)
	return azcore.AccessToken{Token: "token", ExpiresOn: time.Now().Add(time.Hour)}, nil
}

func TestClouds(t *testing.T) {
	t.Parallel()
	elsewhere := env("AZURE_RESOURCE_MANAGER_ENDPOINT", "https://management.local.example/")
	for title, c := range map[string]struct {
		cloud       string
		getenv      func(string) string
		host, scope string
	}{
		"default":    {"", nil, "management.azure.com", "https://management.core.windows.net//.default"},
		"public":     {"public", nil, "management.azure.com", "https://management.core.windows.net//.default"},
		"government": {"usgovernment", nil, "management.usgovcloudapi.net", "https://management.core.usgovcloudapi.net//.default"},
		"china":      {"china", nil, "management.chinacloudapi.cn", "https://management.core.chinacloudapi.cn//.default"},
		"a private one": {
			"", env("AZURE_RESOURCE_MANAGER_ENDPOINT", "https://management.local.example/",
				"AZURE_RESOURCE_MANAGER_AUDIENCE", "https://management.local.example/abc"),
			"management.local.example", "https://management.local.example/abc/.default",
		},
		// Whoever points the environment at a test server does not want to reach China.
		"the environment goes first": {"china", elsewhere, "management.local.example", "https://management.core.chinacloudapi.cn//.default"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			seen := &nowhere{}
			settings := private("westeurope")
			settings.Cloud = c.cloud
			gather(t, settings, azure.Options{Getenv: c.getenv, Credential: seen, Transport: seen, MaxBackoff: time.Millisecond}, image(t, "1.29.7"))
			if len(seen.hosts) == 0 || seen.hosts[0] != c.host {
				t.Errorf("asked %v, want %s", seen.hosts, c.host)
			}
			if diff := cmp.Diff([]string{c.scope}, seen.scopes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		settings imageset.Azure
		getenv   func(string) string
		want     string
	}{
		"no subscription": {
			imageset.Azure{ResourceGroup: group, Gallery: galleryName},
			nil,
			"azure.subscription is missing, and AZURE_SUBSCRIPTION_ID is not set",
		},
		"unknown cloud": {
			imageset.Azure{Subscription: subscription, Cloud: "german"},
			nil,
			`azure.cloud is "german", but must be public, usgovernment or china`,
		},
		"everything at once": {
			imageset.Azure{},
			env("AZURE_RESOURCE_MANAGER_ENDPOINT", "http://management.example", "AZURE_AUTHORITY_HOST", "https://me:"+secret+"@login.example"),
			"AZURE_RESOURCE_MANAGER_ENDPOINT must be an address like https://host.example, without user and password\n" +
				"AZURE_AUTHORITY_HOST must be an address like https://host.example, without user and password\n" +
				"azure.subscription is missing, and AZURE_SUBSCRIPTION_ID is not set",
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			_, err := azure.New(c.settings, azure.Options{Getenv: c.getenv, Credential: new(azfake.TokenCredential)})
			if err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestLocations(t *testing.T) {
	t.Parallel()
	for _, settings := range []imageset.Azure{private("West Europe", "eastus"), shared("West Europe", "eastus")} {
		sources, err := azure.New(settings, azure.Options{Credential: new(azfake.TokenCredential)})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"West Europe", "eastus"}, sources[0].Locations()); diff != "" {
			t.Error(diff)
		}
	}
}
