package clouds

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func newTestEntra(t *testing.T, lifetime time.Duration) (*AzureEntra, *httptest.Server) {
	t.Helper()
	e := NewAzureEntra(AzureEntraConfig{Tenant: "me", Clients: map[string]string{"app": "s3cret"}, Lifetime: lifetime})
	s := StartTLS(e)
	t.Cleanup(s.Close)
	return e, s
}

type entraAnswer struct {
	status                int
	after                 string
	Error                 string
	Codes                 []int `json:"error_codes"`
	Issuer                string
	Token                 string `json:"token_endpoint"`
	AccessToken           string `json:"access_token"`
	Type                  string `json:"token_type"`
	ExpiresIn             int    `json:"expires_in"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
}

func askEntra(t *testing.T, s *httptest.Server, path string, form url.Values) entraAnswer {
	t.Helper()
	method := http.MethodGet
	if form != nil {
		method = http.MethodPost
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	answer := entraAnswer{status: res.StatusCode, after: res.Header.Get("Retry-After")}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer
}

func form(id, secret, scope string) url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {id}, "client_secret": {secret}, "scope": {scope}}
}

// A client follows the configuration to the token, and Azure takes the token for as long as it lives.
func TestEntraToken(t *testing.T) {
	t.Parallel()
	entra, s := newTestEntra(t, 0)
	configuration := askEntra(t, s, "/me/v2.0/.well-known/openid-configuration", nil)
	if configuration.Token != s.URL+"/me/oauth2/v2.0/token" || configuration.Issuer != s.URL+"/me/v2.0" || configuration.AuthorizationEndpoint == "" {
		t.Fatalf("got %+v", configuration)
	}
	token := askEntra(t, s, strings.TrimPrefix(configuration.Token, s.URL), form("app", "s3cret", "https://management.example/.default"))
	if token.Type != "Bearer" || token.ExpiresIn != 3600 || token.AccessToken == "" {
		t.Fatalf("got %+v", token)
	}
	_, server := newTestAzure(t, AzureConfig{Entra: entra})
	for given, want := range map[string]int{token.AccessToken: 200, "another": 401} {
		if got := askAzure(t, "GET", server.URL+azureTestGallery+azureTestVersion, "Bearer "+given); got.status != want {
			t.Errorf("got %d, want %d", got.status, want)
		}
	}
}

func TestEntraTokenExpires(t *testing.T) {
	t.Parallel()
	entra, s := newTestEntra(t, time.Nanosecond)
	token := askEntra(t, s, "/me/oauth2/v2.0/token", form("app", "s3cret", "x/.default openid"))
	_, server := newTestAzure(t, AzureConfig{Entra: entra})
	if got := askAzure(t, "GET", server.URL+azureTestGallery+azureTestVersion, "Bearer "+token.AccessToken); token.AccessToken == "" || got.status != 401 {
		t.Errorf("got %d for %q, want 401", got.status, token.AccessToken)
	}
}

func TestEntraRefuses(t *testing.T) {
	t.Parallel()
	_, s := newTestEntra(t, 0)
	const scope = "https://management.example/.default"
	for name, c := range map[string]struct {
		path   string
		form   url.Values
		status int
		code   string
		number int
	}{
		"wrong secret":       {"/me/oauth2/v2.0/token", form("app", "wrong", scope), 401, "invalid_client", 7000215},
		"unknown client":     {"/me/oauth2/v2.0/token", form("x", "s3cret", scope), 400, "unauthorized_client", 700016},
		"no scope":           {"/me/oauth2/v2.0/token", form("app", "s3cret", ""), 400, "invalid_scope", 70011},
		"another grant":      {"/me/oauth2/v2.0/token", url.Values{"grant_type": {"password"}, "scope": {scope}}, 400, "unsupported_grant_type", 70003},
		"unknown tenant":     {"/you/oauth2/v2.0/token", form("app", "s3cret", scope), 400, "invalid_request", 90002},
		"unknown directory":  {"/you/v2.0/.well-known/openid-configuration", nil, 400, "invalid_request", 90002},
		"something else":     {"/me/elsewhere", nil, 400, "invalid_request", 90002},
		"token with a GET":   {"/me/oauth2/v2.0/token", nil, 400, "invalid_request", 90002},
		"nothing, of nobody": {"/", nil, 400, "invalid_request", 90002},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := askEntra(t, s, c.path, c.form)
			if got.status != c.status || got.Error != c.code || len(got.Codes) != 1 || got.Codes[0] != c.number {
				t.Errorf("got %+v, want %d %s %d", got, c.status, c.code, c.number)
			}
		})
	}
}

func TestEntraFaults(t *testing.T) {
	t.Parallel()
	for f, want := range map[Fault]int{Forbidden: 400, Unauthenticated: 401, Throttled: 429, ServerError: 500, Unavailable: 503} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			entra, s := newTestEntra(t, 0)
			entra.Fail("me", f)
			got := askEntra(t, s, "/me/oauth2/v2.0/token", form("app", "s3cret", "x/.default"))
			if got.status != want || got.Error == "" || (got.after == "0") != (f == Throttled) {
				t.Errorf("got %+v, want %d", got, want)
			}
		})
	}
}

// Secrets are not put on record.
func TestEntraRequests(t *testing.T) {
	t.Parallel()
	entra, s := newTestEntra(t, 0)
	askEntra(t, s, "/me/oauth2/v2.0/token", form("app", "s3cret", "x/.default"))
	got := entra.Requests("me")
	if len(got) != 1 || got[0].Operation != "token" || got[0].Params.Get("client_id") != "app" || got[0].Params.Has("client_secret") {
		t.Errorf("got %+v", got)
	}
}
