package clouddirector

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/vmware/go-vcloud-director/v3/govcd"
	"github.com/vmware/go-vcloud-director/v3/types/v56"
)

const (
	// apiVersion is the one that the SDK is made for; Cloud Director 10.4 and later speak it
	// (go-vcloud-director, govcd/api_vcd.go, minApiVersion).
	apiVersion = "37.0"
	// logOutTime is what logging out may take, and farewell what of it is left when the look's own time is up: less than
	// inventory.Gather waits for a look that is late.
	logOutTime = 5 * time.Second
	farewell   = 200 * time.Millisecond
)

const (
	errNotUnderstood told = "the answer is incomplete or not one of Cloud Director"
	errNoToken       told = "the answer to the login has no access token"
	errNoVersion     told = "there is no login for API version " + apiVersion + ", which Cloud Director has from 10.4 on"
)

// session is one login. It serves one look and must not be used by two goroutines.
type session struct {
	client *govcd.VCDClient
	wire   http.RoundTripper
	last   string // path of the last request that a method of the SDK made
}

// newSession makes the SDK's client by hand. Its constructor would read variables and write to a global from them
// (GOVCD_API_VERSION), and number requests across clients; both race where several look at the same time.
func newSession(a account, wire http.RoundTripper) *session {
	return &session{wire: wire, client: &govcd.VCDClient{Client: govcd.Client{
		APIVersion: apiVersion,
		VCDHREF:    a.api,
		UserAgent:  "nodeimage",
		Http:       http.Client{Transport: wire},
	}}}
}

// logIn opens the session: with the API token, for which OAuth gives an access token, or with user and password.
func (s *session) logIn(ctx context.Context, a account) error {
	err := s.call(ctx, func() error {
		if a.token != "" {
			return s.client.SetToken(a.org, govcd.ApiTokenHeader, a.token)
		}
		return s.client.Authenticate(a.user, a.password, a.org)
	})
	switch {
	case err == errNotUnderstood && s.endedAtVersions():
		return errNoVersion
	case err != nil:
		return err
	case s.client.Client.VCDToken == "":
		return errNoToken
	}
	return nil
}

// endedAtVersions tells whether the server's API versions were understood, and no request came after them.
func (s *session) endedAtVersions() bool {
	_, err := s.client.Client.MaxSupportedVersion()
	return err == nil && strings.HasSuffix(s.last, "/versions")
}

// call runs a method of the SDK, which makes its requests without a context and makes text of their errors: the requests get ctx,
// and the error is the one with its type. The SDK's own text may hold what the server sent, and is dropped.
func (s *session) call(ctx context.Context, method func() error) error {
	var failed error
	s.client.Client.Http.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := s.wire.RoundTrip(r.WithContext(ctx))
		failed, s.last = err, r.URL.Path
		return resp, err
	})
	defer func() { s.client.Client.Http.Transport = s.wire }()
	switch err := method(); {
	case err == nil:
		return nil
	case failed != nil:
		return failed
	}
	return errNotUnderstood
}

// logOut ends the session, also one that an API token opened; the API token itself stays valid. What is left open ends by itself,
// after half an hour without requests as a rule, so that an error here is of no consequence.
//
// The SDK's own Disconnect sends DELETE to the address of the login, which the API does not have. This is
// https://developer.broadcom.com/xapis/provider-infrastructure-apis/latest/cloudapi/1.0.0/sessions/current/delete.
func (s *session) logOut(ctx context.Context) {
	client := &s.client.Client
	if client.VCDToken == "" {
		return
	}
	address, err := client.OpenApiBuildEndpoint(types.OpenApiPathVersion1_0_0, types.OpenApiEndpointSessionCurrent)
	if err != nil {
		return
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	r := client.NewRequest(nil, http.MethodDelete, *address, nil).WithContext(ctx)
	r.Header.Set("Accept", types.JSONMime+";version="+client.APIVersion)
	if resp, err := client.Http.Do(r); err == nil {
		resp.Body.Close()
	}
}

// afterwards is a context for what has to be done when the work that ctx bounds is over, one way or the other.
func afterwards(ctx context.Context) (context.Context, context.CancelFunc) {
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), logOutTime)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(farewell, cancel) })
	return after, func() { stop(); cancel() }
}
