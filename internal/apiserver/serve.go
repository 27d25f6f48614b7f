package apiserver

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Fault is how requests go wrong.
type Fault string

// The faults.
const (
	Forbidden Fault = "forbidden" // the service account may not
	Internal  Fault = "internal"  // the server's own fault
	Half      Fault = "half"      // the answer breaks off
	NoAnswer  Fault = "no-answer" // it closes the connection
	NotThere  Fault = "not-there" // the resource is not served at all, which the server says without a Status
	Busy      Fault = "busy"      // throttled, once
	Lost      Fault = "lost"      // does what it was asked for, and closes the connection
	Nonsense  Fault = "nonsense"  // a success that says nothing, as of a captive portal
)

// Fail lets requests go wrong from now on: those of a method, or all with "", to a resource. "" ends it.
func (s *Server) Fail(method, resource string, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[method+" "+resource] = fault
}

// ServeHTTP answers a request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	k, ok := keyOf(r.URL.Path)
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.arrived(r.Method + " " + k.resource)
	s.mu.Lock()
	defer s.mu.Unlock()
	fault := cmp.Or(s.faults[r.Method+" "+k.resource], s.faults[" "+k.resource])
	if s.misbehave(w, r, k, fault) {
		return
	}
	status, body := s.answer(r, k)
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	switch fault {
	case Lost:
		panic(http.ErrAbortHandler)
	case Half:
		w.Header().Set("Content-Length", fmt.Sprint(len(text)))
		text = text[:len(text)/2]
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(text)
}

// misbehave refuses a request, and reports whether it did.
func (s *Server) misbehave(w http.ResponseWriter, r *http.Request, k key, fault Fault) bool {
	refuse := func(code int, reason string) bool {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(status(code, reason, k))
		return true
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+Token:
		return refuse(http.StatusUnauthorized, "Unauthorized")
	case fault == Forbidden:
		return refuse(http.StatusForbidden, "Forbidden")
	case fault == Internal:
		return refuse(http.StatusInternalServerError, "InternalError")
	case fault == Busy:
		delete(s.faults, r.Method+" "+k.resource)
		delete(s.faults, " "+k.resource)
		w.Header().Set("Retry-After", "1")
		return refuse(http.StatusTooManyRequests, "TooManyRequests")
	case fault == NotThere:
		http.NotFound(w, r)
		return true
	case fault == NoAnswer:
		panic(http.ErrAbortHandler)
	case fault == Nonsense:
		_, _ = w.Write([]byte("{}"))
		return true
	}
	return false
}

// keyOf takes apart /apis/GROUP/v1/namespaces/NAMESPACE/RESOURCE[/NAME].
func keyOf(path string) (key, bool) {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	groups := map[string]string{Leases: "coordination.k8s.io", PipelineRuns: "tekton.dev"}
	if len(parts) < 6 || len(parts) > 7 || parts[0] != "apis" || parts[2] != "v1" || parts[3] != "namespaces" || groups[parts[5]] != parts[1] {
		return key{}, false
	}
	k := key{resource: parts[5], namespace: parts[4]}
	if len(parts) == 7 {
		k.name = parts[6]
	}
	return k, true
}

// answer does what a request asks for.
func (s *Server) answer(r *http.Request, k key) (int, any) {
	current, there := s.objects[k]
	switch {
	case r.Method == http.MethodPost && k.name == "":
		return s.create(r, k)
	case !there && r.Method != http.MethodPut:
		return refusal(http.StatusNotFound, "NotFound", k)
	case r.Method == http.MethodGet:
		return http.StatusOK, current
	case r.Method == http.MethodPut:
		return s.update(r, k, current)
	case r.Method == http.MethodDelete:
		return s.delete(r, k, current)
	}
	return refusal(http.StatusMethodNotAllowed, "MethodNotAllowed", k)
}

func (s *Server) create(r *http.Request, k key) (int, any) {
	var o Object
	if json.NewDecoder(r.Body).Decode(&o) != nil || o.Metadata.ResourceVersion != "" {
		return refusal(http.StatusBadRequest, "BadRequest", k)
	}
	k.name, o.Metadata.Namespace = o.Metadata.Name, k.namespace
	if !valid(o) {
		return refusal(http.StatusUnprocessableEntity, "Invalid", k)
	}
	if _, taken := s.objects[k]; taken {
		return refusal(http.StatusConflict, "AlreadyExists", k)
	}
	o.Metadata.UID = ""
	return http.StatusCreated, s.put(k, o)
}

// update replaces an object whose version is the one that the request has. A Lease may be made so too; not one with a UID, which is a
// precondition (registry/generic/registry/store.go in k8s.io/apiserver, and AllowCreateOnUpdate in
// kubernetes/kubernetes pkg/registry/coordination/lease/strategy.go).
func (s *Server) update(r *http.Request, k key, current Object) (int, any) {
	var o Object
	if json.NewDecoder(r.Body).Decode(&o) != nil || o.Metadata.Name != k.name {
		return refusal(http.StatusBadRequest, "BadRequest", k)
	}
	sent := o.Metadata
	if !valid(o) || sent.ResourceVersion == "" {
		return refusal(http.StatusUnprocessableEntity, "Invalid", k)
	}
	if sent.UID != "" && sent.UID != current.Metadata.UID || current.Metadata.UID != "" && sent.ResourceVersion != current.Metadata.ResourceVersion {
		return refusal(http.StatusConflict, "Conflict", k)
	}
	o.Metadata.UID, o.Metadata.Namespace = current.Metadata.UID, k.namespace
	return http.StatusOK, s.put(k, o)
}

func (s *Server) delete(r *http.Request, k key, current Object) (int, any) {
	var options struct {
		Preconditions struct {
			UID             string `json:"uid"`
			ResourceVersion string `json:"resourceVersion"`
		} `json:"preconditions"`
	}
	if r.ContentLength != 0 && json.NewDecoder(r.Body).Decode(&options) != nil {
		return refusal(http.StatusBadRequest, "BadRequest", k)
	}
	has, wants := current.Metadata, options.Preconditions
	if wants.UID != "" && wants.UID != has.UID || wants.ResourceVersion != "" && wants.ResourceVersion != has.ResourceVersion {
		return refusal(http.StatusConflict, "Conflict", k)
	}
	delete(s.objects, k)
	return http.StatusOK, map[string]any{"kind": "Status", "apiVersion": "v1", "status": "Success"}
}

func refusal(code int, reason string, k key) (int, any) { return code, status(code, reason, k) }

// status is a Status object that says no
// (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/).
func status(code int, reason string, k key) map[string]any {
	return map[string]any{
		"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code, "reason": reason,
		"message": fmt.Sprintf("%s %q: %s", k.resource, k.name, strings.ToLower(reason)),
		"details": map[string]any{"name": k.name, "kind": k.resource},
	}
}
