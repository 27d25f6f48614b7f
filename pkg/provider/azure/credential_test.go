package azure_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/giantswarm/nodeimage/internal/clouds"
)

const (
	tenant = "giantswarm.example"
	client = "11111111-2222-4333-8444-555555555555"
	secret = "Qx7~verysecretindeed"
)

// authority starts an Entra that knows the client.
func authority(t *testing.T) (*clouds.AzureEntra, *httptest.Server) {
	t.Helper()
	entra := clouds.NewAzureEntra(clouds.AzureEntraConfig{Tenant: tenant, Clients: map[string]string{client: secret}})
	server := clouds.StartTLS(entra)
	t.Cleanup(server.Close)
	return entra, server
}

// clientSecret is a real credential of an authority of our own.
func clientSecret(t *testing.T, login *httptest.Server, tenant, client, secret string) azcore.TokenCredential {
	t.Helper()
	credential, err := azidentity.NewClientSecretCredential(tenant, client, secret, &azidentity.ClientSecretCredentialOptions{
		ClientOptions: azcore.ClientOptions{
			Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: login.URL},
			Transport: login.Client(), Retry: policy.RetryOptions{MaxRetryDelay: time.Millisecond},
		},
		DisableInstanceDiscovery: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	return credential
}

// DefaultAzureCredential reads the process's environment, so this can't run beside other tests. It also proves that nobody is
// asked whether the authority is one of Microsoft's: the transport would send that nowhere.
func TestDefaultCredential(t *testing.T) {
	entra, login := authority(t)
	cloud, server := open(t, clouds.AzureConfig{Entra: entra})
	i := image(t, "1.29.7")
	cloud.PutVersion(galleryName, i.Lookup, version("West Europe"))
	t.Setenv("AZURE_TOKEN_CREDENTIALS", "EnvironmentCredential") // no other part of the chain
	t.Setenv("AZURE_TENANT_ID", tenant)
	t.Setenv("AZURE_CLIENT_ID", client)

	opts := at(server)
	opts.Credential = nil
	opts.Transport = onlyTo{[]string{server.URL, login.URL}, opts.Transport}
	opts.Getenv = env("AZURE_RESOURCE_MANAGER_ENDPOINT", server.URL, "AZURE_AUTHORITY_HOST", login.URL, "AZURE_SUBSCRIPTION_ID", subscription,
		"AZURE_RESOURCE_MANAGER_AUDIENCE", "https://management.private.example")
	settings := private("westeurope")
	settings.Subscription = ""

	const list = "westeurope: unknown (listing the image definitions of gallery CapzFlatcar: getting a token: "
	for _, c := range []struct{ client, secret, want string }{
		{client, secret, "westeurope: present"},
		{client, "wrong", list + "AADSTS7000215, invalid_client (HTTP 401))"},
		{"", secret, list + "no usable credential is set up)"},
	} {
		t.Setenv("AZURE_CLIENT_ID", c.client)
		t.Setenv("AZURE_CLIENT_SECRET", c.secret)
		result := gather(t, settings, opts, i)
		expect(t, result, i, c.want)
		if c.secret == secret && c.client != "" && result.Calls != 4 {
			t.Errorf("got %d calls, want 4: configuration, token, list, version", result.Calls)
		}
	}
	scope := entra.Requests(tenant)[1].Params.Get("scope")
	if !strings.HasPrefix(scope, "https://management.private.example/.default") {
		t.Errorf("the token is for %q", scope)
	}
}

// onlyTo refuses requests to anywhere else.
type onlyTo struct {
	urls []string
	next http.RoundTripper
}

func (o onlyTo) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, u := range o.urls {
		if strings.TrimPrefix(u, "https://") == r.URL.Host {
			return o.next.RoundTrip(r)
		}
	}
	return nil, fmt.Errorf("a request went to %s", r.URL.Host)
}

func TestNoToken(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		tenant, client, secret string
		fault                  clouds.Fault
		want                   string
	}{
		"wrong secret":   {tenant, client, "wrong", clouds.None, "AADSTS7000215, invalid_client (HTTP 401)"},
		"unknown client": {tenant, "nobody", secret, clouds.None, "AADSTS700016, unauthorized_client (HTTP 400)"},
		"unknown tenant": {"nowhere.example", client, secret, clouds.None, "AADSTS90002, invalid_request (HTTP 400)"},
		"server error":   {tenant, client, secret, clouds.ServerError, "AADSTS90033, server_error (HTTP 500)"},
		"throttled":      {tenant, client, secret, clouds.Throttled, "AADSTS50196, temporarily_unavailable (HTTP 429)"},
		"garbage":        {tenant, client, secret, clouds.Garbage, "the credential that is set up could not get one"},
		"truncated":      {tenant, client, secret, clouds.Truncated, "the credential that is set up could not get one"},
		"reset":          {tenant, client, secret, clouds.Reset, "the credential that is set up could not get one"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			entra, login := authority(t)
			cloud, server := open(t, clouds.AzureConfig{Entra: entra})
			i := image(t, "1.29.7")
			cloud.PutVersion(galleryName, i.Lookup, version("West Europe"))
			entra.FailFrom(tenant, 2, c.fault) // the token, behind the configuration
			opts := at(server)
			opts.Credential = clientSecret(t, login, c.tenant, c.client, c.secret)
			expect(t, gather(t, private("westeurope"), opts, i), i,
				"westeurope: unknown (listing the image definitions of gallery CapzFlatcar: getting a token: "+c.want+")")
			if got := cloud.Requests(); len(got) > 0 {
				t.Errorf("Azure was asked without a token: %v", got)
			}
		})
	}
}

// odd is a credential that fails in its own way.
type odd struct{ err error }

func (o odd) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{}, o.err
}

func TestCredentialOfAnotherKind(t *testing.T) {
	t.Parallel()
	_, server := open(t, clouds.AzureConfig{})
	i := image(t, "1.29.7")
	opts := at(server)
	opts.Credential = odd{errors.New("the secret " + secret + " is bad\nat 12:00")}
	expect(t, gather(t, private("westeurope"), opts, i), i,
		"westeurope: unknown (listing the image definitions of gallery CapzFlatcar: getting a token: no usable credential is set up)")
}

// A server may write anything into an error, in the place of a code too.
func TestNothingLeaks(t *testing.T) {
	t.Parallel()
	arm := func(challenge string) *httptest.Server {
		return serve(t, func(w http.ResponseWriter, r *http.Request) {
			text := r.Header.Get("Authorization")
			w.Header().Set("X-Ms-Error-Code", text)
			w.Header().Set("WWW-Authenticate", `Bearer error="`+challenge+`", claims="`+text+`"`)
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = fmt.Fprintf(w, `{"error":{"code":%q,"message":%q}}`, text, text)
		})
	}
	login := serve(t, func(w http.ResponseWriter, r *http.Request) {
		text := r.FormValue("client_secret")
		if text == "" { // the configuration
			base := "https://" + r.Host + "/" + tenant
			_, _ = fmt.Fprintf(w, `{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q}`, base, base, base)
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = fmt.Fprintf(w, `{"error":%q,"error_description":%q,"error_codes":[7]}`, text, text)
	})
	i := image(t, "1.29.7")
	for title, c := range map[string]struct {
		server     *httptest.Server
		credential azcore.TokenCredential
		want       string
	}{
		"of the authority":         {arm("invalid_token"), clientSecret(t, login, tenant, client, secret), "getting a token: AADSTS7, HTTP 401"},
		"of Azure, as its code":    {arm("invalid_token"), static("tok.en~"), "HTTP 401"},
		"of Azure, in a challenge": {arm("insufficient_claims"), static("tok.en~"), "HTTP 401"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			opts := at(c.server)
			opts.Credential = c.credential
			result := gather(t, private("westeurope"), opts, i)
			got := strings.Join(states(result.Findings[i.Lookup]), "") + fmt.Sprint(result.Err)
			if strings.Contains(got, secret) || strings.Contains(got, "tok.en~") || strings.Contains(got, "\n") {
				t.Errorf("the credential shows: %s", got)
			}
			expect(t, result, i, "westeurope: unknown (listing the image definitions of gallery CapzFlatcar: "+c.want+")")
		})
	}
}

// static is a token that never changes.
type static string

func (s static) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(s), ExpiresOn: time.Now().Add(time.Hour)}, nil
}
