package clouds

import (
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vapi/rest"
)

// refuse answers as vCenter does: the proxy in front of it (Envoy) says that it has no capacity (503), everything else comes
// from the interface that was asked. Whoever has credentials without permissions can still log in and out.
func (c *vsphereCall) refuse(w http.ResponseWriter, f Fault) {
	switch {
	case f == Throttled:
		vsphereProxy(w, "upstream connect error or disconnect/reset before headers. reset reason: overflow")
	case f == Unavailable:
		vsphereProxy(w, "no healthy upstream")
	case c.allowed(f):
		c.vcenter.answer(w, c.request)
	case strings.HasPrefix(c.request.URL.Path, rest.Path+"/"):
		refuseREST(w, f)
	default:
		c.refuseSOAP(w, f)
	}
}

// allowed tells what needs no permission, or no session.
func (c *vsphereCall) allowed(f Fault) bool {
	switch f {
	case Forbidden:
		return slices.Contains([]string{"RetrieveServiceContent", "Login", "Logout", "cis.session.create", "cis.session.delete"}, c.operation)
	case Unauthenticated:
		return c.operation == "RetrieveServiceContent"
	}
	return false
}

func vsphereProxy(w http.ResponseWriter, text string) {
	w.Header().Set("Content-Type", "text/plain")
	w.Header().Set("Server", "envoy")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, text)
}

// refuseSOAP answers with a fault of https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/.
func (c *vsphereCall) refuseSOAP(w http.ResponseWriter, f Fault) {
	const denied = `<object type="Folder">group-d1</object><privilegeId>System.Read</privilegeId>`
	switch {
	case f == Forbidden:
		soapFault(w, "NoPermission", "Permission to perform this operation was denied.", denied)
	case f == Unauthenticated && c.operation == "Login":
		soapFault(w, "InvalidLogin", "Cannot complete login due to an incorrect user name or password.", "")
	case f == Unauthenticated:
		soapFault(w, "NotAuthenticated", "The session is not authenticated.", denied)
	default:
		soapFault(w, "SystemError", "A general system error occurred: Internal error", `<reason>Internal error</reason>`)
	}
}

func soapFault(w http.ResponseWriter, kind, text, detail string) {
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = fmt.Fprintf(w, xml.Header+`<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" `+
		`xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><soapenv:Body><soapenv:Fault><faultcode>ServerFaultCode</faultcode>`+
		`<faultstring>%[2]s</faultstring><detail><%[1]sFault xmlns="urn:vim25" xsi:type="%[1]s">%[3]s</%[1]sFault></detail>`+
		`</soapenv:Fault></soapenv:Body></soapenv:Envelope>`, kind, text, detail)
}
