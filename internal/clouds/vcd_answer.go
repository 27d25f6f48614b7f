package clouds

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// vcdError is an error as Cloud Director answers it. Without a code the answer has no body.
type vcdError struct {
	status        int
	code, message string
}

func (e vcdError) Error() string { return e.code + ": " + e.message }

// The codes are those that public code and issues show, such as
// https://github.com/vmware-archive/container-service-extension/pull/1360 for the first one.
var (
	errVCDForbidden = vcdError{
		http.StatusForbidden, "ACCESS_TO_RESOURCE_IS_FORBIDDEN",
		"Either you need some or all of the following rights [Base] to perform operations [VAPP_VIEW] or the target entity is invalid.",
	}
	// https://developer.broadcom.com/xapis/vmware-cloud-director-openapi/39.0/cloudapi/1.0.0/sessions/post says that a 401
	// has no content.
	errVCDUnauthenticated = vcdError{status: http.StatusUnauthorized}
	errVCDNotFound        = vcdError{http.StatusNotFound, "NOT_FOUND", "The resource was not found."}
)

// vcdBadRequest refuses what the caller did wrong.
func vcdBadRequest(format string, args ...any) error {
	return vcdError{http.StatusBadRequest, "BAD_REQUEST", fmt.Sprintf(format, args...)}
}

// vcdFaults are the answers to the faults that Cloud Director has words for. What it answers when it throttles is not
// documented; 429 is one of the statuses that VMware's own client expects (go-vcloud-director, govcd/api.go).
var vcdFaults = map[Fault]vcdError{
	Forbidden:       errVCDForbidden,
	Unauthenticated: errVCDUnauthenticated,
	Throttled:       {http.StatusTooManyRequests, "TOO_MANY_REQUESTS", "Too many requests."},
	ServerError:     {http.StatusInternalServerError, "INTERNAL_SERVER_ERROR", "Unable to perform this action. Contact your cloud administrator."},
	Unavailable:     {http.StatusServiceUnavailable, "SERVICE_UNAVAILABLE", "The service is unavailable."},
}

// vcdAPI is one of the two APIs: they are the same to Behaviour but for the format of refusals.
type vcdAPI struct {
	*VCD
	fail func(http.ResponseWriter, string, vcdError)
}

func (a vcdAPI) refuse(w http.ResponseWriter, f Fault) { a.fail(w, a.requestID(), vcdFaults[f]) }

func (v *VCD) requestID() string {
	return fmt.Sprintf("00000000-0000-4000-9000-%012x", v.answers.Add(1))
}

// identify finds the organisation in the path, the login's name or the session, and counts the rest for the configured one.
func (v *VCD) identify(r *http.Request) Request {
	_, org, _ := vcdBasicAuth(r)
	for _, other := range []string{vcdTokenOrg(r), v.session(r), v.config.Org} {
		if org == "" {
			org = other
		}
	}
	operation := r.Method + " " + r.URL.Path
	var params url.Values // only a query's: those of a login are its credentials
	switch {
	case vcdTokenOrg(r) != "":
		operation = r.Method + " /oauth/tenant/{org}/token"
	case r.URL.Path == "/api/query":
		params, _ = parseVCDParams(r.URL.RawQuery)
		operation = "query " + params.Get("type")
	}
	return Request{Location: org, Operation: operation, Params: params}
}

// answering is the right answer, be it a refusal.
func (v *VCD) answering(fail func(http.ResponseWriter, string, vcdError)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := v.perform(w, r); err != nil {
			refused, ok := errors.AsType[vcdError](err)
			if !ok {
				refused = vcdFaults[ServerError]
			}
			fail(w, v.requestID(), refused)
		}
	})
}

// perform does what is asked, or returns why not; then nothing has been written yet.
func (v *VCD) perform(w http.ResponseWriter, r *http.Request) error {
	if vcdTokenOrg(r) != "" && r.Method == http.MethodPost {
		return v.refresh(w, r)
	}
	routes := map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /api/versions":                       v.versions,
		"POST /api/sessions":                      v.login,
		"POST /cloudapi/1.0.0/sessions":           v.login,
		"DELETE /api/session":                     v.logout,
		"DELETE /cloudapi/1.0.0/sessions/current": v.logout,
		"GET /api/org":                            v.orgList,
		"GET /api/query":                          v.query,
	}
	route, ok := routes[r.Method+" "+r.URL.Path]
	if ok {
		return route(w, r)
	}
	for known := range routes {
		if strings.HasSuffix(known, " "+r.URL.Path) {
			return vcdError{http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "The method is not allowed."}
		}
	}
	return errVCDNotFound
}

// versions needs no session. https://developer.broadcom.com/xapis/vmware-cloud-director-api/37.0/doc/types/SupportedVersionsType.html
func (v *VCD) versions(w http.ResponseWriter, r *http.Request) error {
	var body vcdVersions
	for _, version := range v.config.Versions {
		body.Versions = append(body.Versions, vcdVersion{
			Version: version, LoginURL: vcdBase(r) + "/cloudapi/1.0.0/sessions",
			ProviderLoginURL: vcdBase(r) + "/cloudapi/1.0.0/sessions/provider",
		})
	}
	return writeVCD(w, http.StatusOK, body)
}

// orgList answers with the only organisation that a tenant sees, its own.
func (v *VCD) orgList(w http.ResponseWriter, r *http.Request) error {
	org, err := v.authorize(r)
	if err != nil {
		return err
	}
	v.mu.Lock()
	id := v.orgs[org].id
	v.mu.Unlock()
	return writeVCD(w, http.StatusOK, vcdOrgList{Orgs: []vcdReference{{
		Href: vcdBase(r) + "/api/org/" + id, Type: "application/vnd.vmware.vcloud.org+xml", Name: org,
	}}})
}

// writeVCDError answers with an error as the older API does, in XML.
func writeVCDError(w http.ResponseWriter, id string, e vcdError) {
	headVCDError(w, id, e)
	if e.code == "" {
		w.WriteHeader(e.status)
		return
	}
	_ = writeVCD(w, e.status, vcdErrorBody{Major: e.status, Minor: e.code, Message: "[ " + id + " ] " + e.message})
}

// writeVCDErrorJSON answers with an error as the newer APIs do
// (https://developer.broadcom.com/xapis/vmware-cloud-director-openapi/latest/data-structures/Error) and OAuth
// (https://datatracker.ietf.org/doc/html/rfc6749#section-5.2), whose codes are in lower case.
func writeVCDErrorJSON(w http.ResponseWriter, id string, e vcdError) {
	headVCDError(w, id, e)
	switch {
	case e.code == "":
		w.WriteHeader(e.status)
	case e.code == strings.ToLower(e.code):
		_ = writeVCDJSON(w, e.status, map[string]string{"error": e.code, "error_description": e.message})
	default:
		_ = writeVCDJSON(w, e.status, map[string]any{"minorErrorCode": e.code, "message": "[ " + id + " ] " + e.message, "stackTrace": nil})
	}
}

func headVCDError(w http.ResponseWriter, id string, e vcdError) {
	w.Header().Set("X-Vmware-Vcloud-Request-Id", id)
	if e.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "1")
	}
}

func writeVCD(w http.ResponseWriter, status int, body any) error {
	text, err := xml.Marshal(body)
	if err != nil {
		return fmt.Errorf("encoding %T: %w", body, err)
	}
	w.Header().Set("Content-Type", "application/*+xml;charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header+string(text)) // a client that is gone needs no more
	return nil
}

type vcdErrorBody struct {
	XMLName xml.Name `xml:"http://www.vmware.com/vcloud/v1.5 Error"`
	Major   int      `xml:"majorErrorCode,attr"`
	Minor   string   `xml:"minorErrorCode,attr"`
	Message string   `xml:"message,attr"`
}

type vcdVersions struct {
	XMLName  xml.Name     `xml:"http://www.vmware.com/vcloud/versions SupportedVersions"`
	Versions []vcdVersion `xml:"VersionInfo"`
}

type vcdVersion struct {
	Version          string `xml:"Version"`
	LoginURL         string `xml:"LoginUrl"`
	ProviderLoginURL string `xml:"ProviderLoginUrl"`
}

type vcdSession struct {
	XMLName xml.Name `xml:"http://www.vmware.com/vcloud/v1.5 Session"`
	User    string   `xml:"user,attr"`
	Org     string   `xml:"org,attr"`
	Href    string   `xml:"href,attr"`
}

type vcdOrgList struct {
	XMLName xml.Name       `xml:"http://www.vmware.com/vcloud/v1.5 OrgList"`
	Orgs    []vcdReference `xml:"Org"`
}

type vcdReference struct {
	Href string `xml:"href,attr"`
	Type string `xml:"type,attr"`
	Name string `xml:"name,attr"`
}
