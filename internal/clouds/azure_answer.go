package clouds

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// azureError is an error as Azure Resource Manager answers it.
type azureError struct {
	status        int
	code, message string
}

func (e azureError) Error() string { return e.code + ": " + e.message }

func azureErrorf(status int, code, format string, args ...any) azureError {
	return azureError{status, code, fmt.Sprintf(format, args...)}
}

// azureFaults are the answers to the faults that Azure has words for. For throttling see
// https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/request-limits-and-throttling and
// https://github.com/velero-io/velero/issues/9171 (the code).
var azureFaults = map[Fault]azureError{
	Forbidden: {
		http.StatusForbidden, "AuthorizationFailed",
		"The client does not have authorization to perform action 'Microsoft.Compute/galleries/images/read' over the scope or the scope is invalid.",
	},
	Unauthenticated: errAzureToken,
	Throttled: {
		http.StatusTooManyRequests, "SubscriptionRequestsThrottled",
		"Number of 'read' requests for the subscription exceeded. Please try again after additional tokens are available.",
	},
	ServerError: {http.StatusInternalServerError, "InternalServerError", "Encountered internal server error."},
	Unavailable: {http.StatusServiceUnavailable, "ServiceUnavailable", "The service is unavailable."},
}

// The answers to a missing and to a wrong token: https://github.com/hashicorp/terraform-provider-azurerm/issues/3612 has the first.
var (
	errAzureNoToken = azureError{
		http.StatusUnauthorized, "AuthenticationFailed",
		"Authentication failed. The 'Authorization' header is missing.",
	}
	errAzureToken = azureError{http.StatusUnauthorized, "InvalidAuthenticationToken", "The access token is invalid."}
)

func (a *Azure) refuse(w http.ResponseWriter, f Fault) {
	if f == Throttled {
		w.Header().Set("Retry-After", strconv.Itoa(int(a.config.RetryAfter/time.Second)))
	}
	writeAzureError(w, azureFaults[f])
}

// answer is the right answer, be it a refusal.
func (a *Azure) answer(w http.ResponseWriter, r *http.Request) {
	body, err := a.respond(r)
	if err != nil {
		refused, ok := errors.AsType[azureError](err)
		if !ok {
			refused = azureFaults[ServerError]
		}
		writeAzureError(w, refused)
		return
	}
	writeAzure(w, http.StatusOK, body)
}

func (a *Azure) respond(r *http.Request) (any, error) {
	if err := a.authenticate(r); err != nil {
		return nil, err
	}
	route := parseAzureRoute(r.URL.Path)
	if r.Method != http.MethodGet || route.operation == "" {
		return nil, azureErrorf(http.StatusNotFound, "InvalidResourceType",
			"The resource type could not be found in the namespace 'Microsoft.Compute' for %s.", r.Method)
	}
	if err := route.checkQuery(r.URL.Query()); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.hasSubscription(route.subscription) {
		return nil, azureErrorf(http.StatusNotFound, "SubscriptionNotFound",
			"The subscription '%s' could not be found.", route.subscription)
	}
	if route.publicGallery != "" {
		return a.community(r, route)
	}
	return a.private(r, route)
}

func (a *Azure) authenticate(r *http.Request) error {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch {
	case !ok || token == "":
		return errAzureNoToken
	case a.config.Entra != nil && !a.config.Entra.issued(token):
		return errAzureToken
	}
	return nil
}

func (a *Azure) hasSubscription(id string) bool {
	return slices.Contains(a.config.Subscriptions, id) ||
		slices.ContainsFunc(a.galleries, func(g *azureGallery) bool { return strings.EqualFold(g.Subscription, id) })
}

// azureErrorBody is https://learn.microsoft.com/en-us/rest/api/compute/gallery-images/list-by-gallery, CloudError.
type azureErrorBody struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func writeAzureError(w http.ResponseWriter, err azureError) {
	if err.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer authorization_uri="https://login.microsoftonline.com/", error="invalid_token"`)
	}
	var body azureErrorBody
	body.Error.Code, body.Error.Message = err.code, err.message
	writeAzure(w, err.status, body)
}

func writeAzure(w http.ResponseWriter, status int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic(fmt.Sprintf("clouds: encoding %T: %v", body, err)) // the types of this package can all be encoded
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone needs no more
}
