package clouds

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// AzureEntraConfig is what an AzureEntra server can't change while it runs.
type AzureEntraConfig struct {
	// Tenant is the directory that the clients belong to.
	Tenant string
	// Clients maps the IDs of applications to their secrets.
	Clients map[string]string
	// Lifetime is how long tokens are accepted. Default: an hour.
	Lifetime time.Duration
}

// AzureEntra answers as Microsoft Entra ID does: the OpenID configuration of a tenant, and tokens for client secrets. The tenant is
// the location of faults and requests. Clients talk to it over TLS only, and trust an authority of their own where they
// are told not to look for it in Microsoft's list (disabled instance discovery).
// See https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow
type AzureEntra struct {
	Behaviour
	config  AzureEntraConfig
	handler http.Handler

	mu     sync.Mutex
	tokens map[string]time.Time // when they expire
}

// NewAzureEntra returns a server for one tenant.
func NewAzureEntra(c AzureEntraConfig) *AzureEntra {
	c.Clients = maps.Clone(c.Clients)
	if c.Lifetime == 0 {
		c.Lifetime = time.Hour
	}
	e := &AzureEntra{config: c, tokens: map[string]time.Time{}}
	e.handler = e.wrap(e, http.HandlerFunc(e.answer))
	return e
}

// ServeHTTP answers one request.
func (e *AzureEntra) ServeHTTP(w http.ResponseWriter, r *http.Request) { e.handler.ServeHTTP(w, r) }

// azureEntraOperations are the paths below a tenant that are answered, with the names of their operations.
var azureEntraOperations = map[string]string{
	"GET v2.0/.well-known/openid-configuration": "openid-configuration",
	"POST oauth2/v2.0/token":                    "token",
}

func (e *AzureEntra) identify(r *http.Request) Request {
	tenant, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	operation, ok := azureEntraOperations[r.Method+" "+path]
	if !ok {
		operation = r.Method + " " + r.URL.Path
	}
	_ = r.ParseForm() // what can't be parsed has no client and no secret
	params := url.Values{}
	for _, name := range []string{"client_id", "grant_type", "scope"} {
		if r.PostForm.Has(name) {
			params.Set(name, r.PostForm.Get(name))
		}
	}
	return Request{Location: tenant, Operation: operation, Params: params}
}

// azureEntraError is an error as Entra answers it: with a code of OAuth, and one of its own, which documents itself at
// https://login.microsoftonline.com/error. For the body see https://github.com/OfficeDev/microsoft-365-agents-toolkit/issues/8621.
type azureEntraError struct {
	status      int
	Code        string `json:"error"`
	Description string `json:"error_description"`
	Codes       []int  `json:"error_codes"`
	Timestamp   string `json:"timestamp"`
	TraceID     string `json:"trace_id"`
}

// azureEntraFaults are the answers to the faults that Entra has words for.
// See https://learn.microsoft.com/en-us/entra/identity-platform/reference-error-codes
var azureEntraFaults = map[Fault]azureEntraError{
	Forbidden: {
		status: http.StatusBadRequest, Code: "unauthorized_client", Codes: []int{700016},
		Description: "AADSTS700016: Application was not found in the directory.",
	},
	Unauthenticated: {
		status: http.StatusUnauthorized, Code: "invalid_client", Codes: []int{7000215},
		Description: "AADSTS7000215: Invalid client secret provided.",
	},
	Throttled: {
		status: http.StatusTooManyRequests, Code: "temporarily_unavailable", Codes: []int{50196},
		Description: "AADSTS50196: The server terminated an operation because it encountered a client request loop.",
	},
	ServerError: {
		status: http.StatusInternalServerError, Code: "server_error", Codes: []int{90033},
		Description: "AADSTS90033: A transient error has occurred. Please try again.",
	},
	Unavailable: {
		status: http.StatusServiceUnavailable, Code: "temporarily_unavailable", Codes: []int{90033},
		Description: "AADSTS90033: A transient error has occurred. Please try again.",
	},
}

func (e *AzureEntra) refuse(w http.ResponseWriter, f Fault) {
	err := azureEntraFaults[f]
	err.Timestamp = time.Now().UTC().Format("2006-01-02 15:04:05Z")
	err.TraceID = rand.Text()
	if f == Throttled {
		w.Header().Set("Retry-After", "0")
	}
	writeAzure(w, err.status, err)
}

func (e *AzureEntra) answer(w http.ResponseWriter, r *http.Request) {
	request := e.identify(r)
	switch {
	case request.Operation == "openid-configuration" && request.Location == e.config.Tenant:
		writeAzure(w, http.StatusOK, newAzureEntraConfiguration(r.Host, e.config.Tenant))
	case request.Operation == "token" && request.Location == e.config.Tenant:
		e.token(w, r)
	default:
		writeAzure(w, http.StatusBadRequest, azureEntraError{
			Code: "invalid_request", Codes: []int{90002},
			Description: "AADSTS90002: Tenant not found.",
		})
	}
}

// token exchanges a client's secret. A wrong one and a client that nobody knows have different answers.
func (e *AzureEntra) token(w http.ResponseWriter, r *http.Request) {
	secret, known := e.config.Clients[r.PostForm.Get("client_id")]
	switch {
	case r.PostForm.Get("grant_type") != "client_credentials":
		writeAzure(w, http.StatusBadRequest, azureEntraError{
			Code: "unsupported_grant_type", Codes: []int{70003},
			Description: "AADSTS70003: The app requested an unsupported grant type.",
		})
	case !slices.ContainsFunc(strings.Fields(r.PostForm.Get("scope")), func(s string) bool { return strings.HasSuffix(s, "/.default") }):
		writeAzure(w, http.StatusBadRequest, azureEntraError{
			Code: "invalid_scope", Codes: []int{70011},
			Description: "AADSTS70011: The provided value for the input parameter 'scope' is not valid.",
		})
	case !known:
		e.refuse(w, Forbidden)
	case r.PostForm.Get("client_secret") != secret:
		e.refuse(w, Unauthenticated)
	default:
		token := rand.Text()
		e.mu.Lock()
		defer e.mu.Unlock()
		e.tokens[token] = time.Now().Add(e.config.Lifetime)
		writeAzure(w, http.StatusOK, azureEntraToken{"Bearer", int(e.config.Lifetime / time.Second), token})
	}
}

// issued reports whether the token comes from here and is still good.
func (e *AzureEntra) issued(token string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return time.Now().Before(e.tokens[token])
}

type azureEntraToken struct {
	Type      string `json:"token_type"`
	ExpiresIn int    `json:"expires_in"`
	Token     string `json:"access_token"`
}

// azureEntraConfiguration is https://learn.microsoft.com/en-us/entra/identity-platform/v2-protocols-oidc as far as clients need it.
type azureEntraConfiguration struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
}

func newAzureEntraConfiguration(host, tenant string) azureEntraConfiguration {
	base := "https://" + host + "/" + tenant
	return azureEntraConfiguration{base + "/v2.0", base + "/oauth2/v2.0/authorize", base + "/oauth2/v2.0/token"}
}
