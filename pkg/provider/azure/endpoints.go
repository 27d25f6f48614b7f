package azure

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
)

// endpoints are where requests go.
type endpoints struct {
	cloud   cloud.Configuration
	private bool // the authority is none of Microsoft's, so Microsoft must not be asked about it
}

// newEndpoints takes a cloud by its name in an image set, with what the environment says otherwise. The error joins every problem.
func newEndpoints(name string, getenv func(string) string) (endpoints, error) {
	named, err := namedCloud(name)
	if err != nil {
		return endpoints{}, err
	}
	manager := named.Services[cloud.ResourceManager]
	e := endpoints{cloud: cloud.Configuration{ActiveDirectoryAuthorityHost: named.ActiveDirectoryAuthorityHost}}
	var problems []error
	address := func(variable string, to *string) {
		value := getenv(variable)
		if value == "" {
			return
		}
		if !isAddress(value) {
			problems = append(problems, fmt.Errorf("%s must be an address like https://host.example, without user and password", variable))
		}
		*to = value
	}
	address("AZURE_RESOURCE_MANAGER_ENDPOINT", &manager.Endpoint)
	address("AZURE_AUTHORITY_HOST", &e.cloud.ActiveDirectoryAuthorityHost)
	if audience := getenv("AZURE_RESOURCE_MANAGER_AUDIENCE"); audience != "" {
		manager.Audience = audience
	}
	e.cloud.Services = map[cloud.ServiceName]cloud.ServiceConfiguration{cloud.ResourceManager: manager}
	e.private = !isMicrosofts(e.cloud.ActiveDirectoryAuthorityHost)
	return e, errors.Join(problems...)
}

func namedCloud(name string) (cloud.Configuration, error) {
	switch name {
	case "", "public":
		return cloud.AzurePublic, nil
	case "usgovernment":
		return cloud.AzureGovernment, nil
	case "china":
		return cloud.AzureChina, nil
	}
	return cloud.Configuration{}, fmt.Errorf("azure.cloud is %q, but must be public, usgovernment or china", name)
}

// isAddress accepts what tokens may be sent to. The message about it must not repeat the text: it may hold a password.
func isAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}

// isMicrosofts compares hosts, as one may be written with a slash at its end and one without.
func isMicrosofts(authority string) bool {
	u, err := url.Parse(authority)
	if err != nil {
		return false
	}
	for _, c := range []cloud.Configuration{cloud.AzurePublic, cloud.AzureGovernment, cloud.AzureChina} {
		if known, err := url.Parse(c.ActiveDirectoryAuthorityHost); err == nil && known.Host == u.Host {
			return true
		}
	}
	return false
}
