package clouds

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// vcdBearer is the header in which a login answers the access token, and in which clients may send it back.
const vcdBearer = "X-Vmware-Vcloud-Access-Token"

// login answers POST /cloudapi/1.0.0/sessions, and the older POST /api/sessions.
// See https://developer.broadcom.com/xapis/vmware-cloud-director-openapi/39.0/cloudapi/1.0.0/sessions/post
func (v *VCD) login(w http.ResponseWriter, r *http.Request) error {
	if err := v.acceptable(r); err != nil {
		return err
	}
	user, org, password := vcdBasicAuth(r)
	v.mu.Lock()
	known := v.orgs[org]
	ok := known != nil && user != "" && known.passwords[user] == password && password != ""
	v.mu.Unlock()
	if !ok {
		return errVCDUnauthenticated
	}
	token := v.openSession(org)
	w.Header().Set(vcdBearer, token)
	w.Header().Set("X-Vmware-Vcloud-Token-Type", "Bearer")
	if isVCDJSON(r) {
		return writeVCDJSON(w, http.StatusOK, map[string]any{
			"id":                        "urn:vcloud:session:" + token[len(token)-36:],
			"user":                      map[string]string{"name": user},
			"org":                       map[string]string{"name": org, "id": "urn:vcloud:org:" + known.id},
			"sessionIdleTimeoutMinutes": 30,
		})
	}
	return writeVCD(w, http.StatusOK, vcdSession{User: user, Org: org, Href: vcdBase(r) + "/api/session"})
}

// refresh answers POST /oauth/tenant/{org}/token: an access token for an API token, which OAuth calls refresh token
// (https://datatracker.ietf.org/doc/html/rfc6749#section-6). The provider's own path is not served.
func (v *VCD) refresh(w http.ResponseWriter, r *http.Request) error {
	if r.PostFormValue("grant_type") != "refresh_token" {
		return vcdError{http.StatusBadRequest, "unsupported_grant_type", "The grant type is not supported."}
	}
	org := vcdTokenOrg(r)
	v.mu.Lock()
	known := v.orgs[org]
	ok := known != nil && known.tokens[r.PostFormValue("refresh_token")]
	v.mu.Unlock()
	if !ok {
		return vcdError{http.StatusBadRequest, "invalid_grant", "The refresh token is invalid, expired or revoked."}
	}
	return writeVCDJSON(w, http.StatusOK, map[string]any{
		"access_token": v.openSession(org), "token_type": "Bearer", "expires_in": 3600, "refresh_token": nil,
	})
}

// logout answers DELETE /cloudapi/1.0.0/sessions/current, and the older DELETE /api/session.
// See https://developer.broadcom.com/xapis/provider-infrastructure-apis/latest/cloudapi/1.0.0/sessions/current/delete
func (v *VCD) logout(w http.ResponseWriter, r *http.Request) error {
	if _, err := v.authorize(r); err != nil {
		return err
	}
	v.mu.Lock()
	delete(v.sessions, vcdToken(r))
	v.mu.Unlock()
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// openSession returns a new access token. Real ones are JSON web tokens of several hundred characters.
func (v *VCD) openSession(org string) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	token := "eyJhbGciOiJSUzI1NiJ9." + v.uuid()
	v.sessions[token] = org
	return token
}

// authorize returns the organisation whose session a request belongs to.
func (v *VCD) authorize(r *http.Request) (org string, err error) {
	if err := v.acceptable(r); err != nil {
		return "", err
	}
	if org = v.session(r); org == "" {
		return "", errVCDUnauthenticated
	}
	return org, nil
}

// session returns the organisation of a request's session, "" without one.
func (v *VCD) session(r *http.Request) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.sessions[vcdToken(r)]
}

// vcdToken returns the access token of a request.
func vcdToken(r *http.Request) string {
	if scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, "Bearer") {
		return token
	}
	return r.Header.Get(vcdBearer)
}

// vcdBasicAuth returns what a login says: USER@ORG and the password.
func vcdBasicAuth(r *http.Request) (user, org, password string) {
	name, password, _ := r.BasicAuth()
	if i := strings.LastIndex(name, "@"); i >= 0 {
		return name[:i], name[i+1:], password
	}
	return "", "", ""
}

// vcdTokenOrg returns the organisation in /oauth/tenant/{org}/token, "" for any other path.
func vcdTokenOrg(r *http.Request) string {
	rest, isTenant := strings.CutPrefix(r.URL.Path, "/oauth/tenant/")
	org, isToken := strings.CutSuffix(rest, "/token")
	if !isTenant || !isToken || strings.Contains(org, "/") {
		return ""
	}
	return org
}

// acceptable refuses a request for an API version that the server does not speak
// (https://github.com/vmware/go-vcloud-director/issues/477 has the message).
func (v *VCD) acceptable(r *http.Request) error {
	kind, version, _ := strings.Cut(r.Header.Get("Accept"), ";version=")
	wanted := []string{"application/*", "application/*+xml"}
	if isVCDJSON(r) {
		wanted = []string{"application/*", "application/json"}
	}
	if !slices.Contains(wanted, kind) || !slices.Contains(v.config.Versions, version) {
		return vcdError{http.StatusNotAcceptable, "NOT_ACCEPTABLE", "The request has invalid accept header: Invalid API version " +
			"requested. Supported API versions are: [" + strings.Join(v.config.Versions, ", ") + "]"}
	}
	return nil
}

// isVCDJSON tells the APIs that speak JSON from the older one, which speaks XML.
func isVCDJSON(r *http.Request) bool {
	return strings.HasPrefix(r.URL.Path, "/cloudapi/") || strings.HasPrefix(r.URL.Path, "/oauth/")
}

// vcdBase is the address by which the client knows the server.
func vcdBase(r *http.Request) string {
	if r.TLS == nil {
		return "http://" + r.Host
	}
	return "https://" + r.Host
}

func writeVCDJSON(w http.ResponseWriter, status int, body any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding %T: %w", body, err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text) // a client that is gone needs no more
	return nil
}
