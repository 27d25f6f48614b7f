package azure

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// errAnswer is what a proxy or a captive portal gets for its page, and a server that left out what its API promises.
var errAnswer = errors.New("the answer is incomplete or not one of Azure")

// refusal is a refusal in Azure's words: the status and the code that documents it.
type refusal struct {
	status int
	code   string // "" where the answer has none, as one that isn't Azure's
}

func (r *refusal) Error() string {
	if r.code == "" {
		return fmt.Sprintf("HTTP %d", r.status)
	}
	return fmt.Sprintf("%s (HTTP %d)", r.code, r.status)
}

// missing says that Azure answered with one of these codes that there is no such thing. A status alone says nothing: 404 is also
// what proxies answer, and what Azure answers about a subscription or a resource group.
func missing(err error, codes ...string) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.status == http.StatusNotFound && slices.Contains(codes, r.code)
}

// tidy keeps of an error what is the same every time and can't hold a secret: codes and statuses, or the cause. What servers write
// in their own words stays out. The response is that of the last attempt, or nil.
func tidy(ctx context.Context, err error, response *http.Response) error {
	if ctx.Err() != nil {
		return errors.New(inventory.Cause(ctx.Err()))
	}
	if token, ok := errors.AsType[*tokenError](err); ok {
		return fmt.Errorf("getting a token: %w", token.tidy())
	}
	if refused, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return &refusal{refused.StatusCode, code(refused.ErrorCode)}
	}
	switch {
	case response == nil:
		return errors.New(inventory.Cause(err))
	case response.StatusCode == http.StatusOK:
		return errAnswer // the SDK's decoder says what it missed in words only
	}
	return &refusal{status: response.StatusCode}
}

var codePattern = regexp.MustCompile(`^[A-Za-z]{2,64}$`)

// code lets an error code through and nothing else that a server may write in its place. Azure's codes are letters only, which no
// token and no client secret is (https://learn.microsoft.com/en-us/azure/azure-resource-manager/troubleshooting/common-deployment-errors).
func code(text string) string {
	if !codePattern.MatchString(text) {
		return ""
	}
	return text
}

// credential marks the errors of another one, as the SDK's types don't tell all of them from the errors of requests.
type credential struct{ azcore.TokenCredential }

func (c credential) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := c.TokenCredential.GetToken(ctx, options)
	if err != nil {
		err = &tokenError{err}
	}
	return token, err
}

// tokenError is why there is no token.
type tokenError struct{ err error }

func (e *tokenError) Error() string { return "no token: " + e.err.Error() }

// oauthCodes are those of https://www.rfc-editor.org/rfc/rfc6749#section-5.2, and what Entra adds to them
// (https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow).
var oauthCodes = []string{
	"invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
	"invalid_scope", "invalid_resource", "interaction_required", "temporarily_unavailable", "server_error",
}

// tidy says who refused a token and why: with OAuth's code, and the number of Entra's, which can be looked up at
// https://login.microsoftonline.com/error.
func (e *tokenError) tidy() error {
	failed, ok := errors.AsType[*azidentity.AuthenticationFailedError](e.err)
	switch {
	case !ok:
		return errors.New("no usable credential is set up")
	case failed.RawResponse == nil:
		return errors.New("the credential that is set up could not get one")
	}
	var body struct {
		Code  string `json:"error"`
		Codes []int  `json:"error_codes"`
	}
	if text, err := runtime.Payload(failed.RawResponse); err == nil {
		_ = json.Unmarshal(text, &body) // what isn't Entra's answer has no codes
	}
	reason := fmt.Sprintf("HTTP %d", failed.RawResponse.StatusCode)
	if slices.Contains(oauthCodes, body.Code) {
		reason = fmt.Sprintf("%s (%s)", body.Code, reason)
	}
	if len(body.Codes) > 0 {
		reason = fmt.Sprintf("AADSTS%d, %s", body.Codes[0], reason)
	}
	return errors.New(reason)
}
