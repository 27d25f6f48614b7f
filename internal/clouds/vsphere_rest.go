package clouds

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vapi/library"
	"github.com/vmware/govmomi/vapi/rest"
)

// restOperation names a request as the interface's documentation does, without com.vmware. It is empty for what the server does
// not know.
func restOperation(r *http.Request) string {
	path := strings.TrimPrefix(r.URL.Path, rest.Path+"/com/vmware/")
	if before, _, ok := strings.Cut(path, "/id:"); ok {
		path = before + "/id"
	}
	return map[string]string{
		"POST cis/session": "cis.session.create", "DELETE cis/session": "cis.session.delete",
		"POST content/library?find":      "content.library.find",
		"GET content/library/item":       "content.library.item.list",
		"POST content/library/item?find": "content.library.item.find",
		"GET content/library/item/id":    "content.library.item.get",
	}[r.Method+" "+path+restAction(r)]
}

func restAction(r *http.Request) string {
	if action := r.URL.Query().Get("~action"); action != "" {
		return "?" + action
	}
	return ""
}

// ServeHTTP answers one request.
func (s *vsphereREST) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	operation := restOperation(r)
	if operation == "cis.session.create" {
		s.login(w, r)
		return
	}
	session := r.Header.Get("vmware-api-session-id")
	if !s.sessions[session] {
		refuseREST(w, Unauthenticated)
		return
	}
	switch operation {
	case "cis.session.delete":
		delete(s.sessions, session)
	case "content.library.find":
		s.findLibrary(w, r)
	case "content.library.item.list":
		s.listItems(w, r)
	case "content.library.item.find":
		s.findItem(w, r)
	case "content.library.item.get":
		s.getItem(w, r)
	default:
		restError(w, http.StatusNotFound, "operation_not_found")
	}
}

func (s *vsphereREST) login(w http.ResponseWriter, r *http.Request) {
	user, password, ok := r.BasicAuth()
	if !ok || user != s.user || password != s.password {
		refuseREST(w, Unauthenticated)
		return
	}
	id := s.newID()
	s.sessions[id] = true
	restValue(w, id)
}

// restSpec is the body of both find operations. Names in it match whatever their case.
type restSpec struct {
	Spec struct {
		Name      string `json:"name"`
		LibraryID string `json:"library_id"`
	} `json:"spec"`
}

func (s *vsphereREST) findLibrary(w http.ResponseWriter, r *http.Request) {
	var spec restSpec
	if json.NewDecoder(r.Body).Decode(&spec) != nil || spec.Spec.Name == "" {
		restError(w, http.StatusBadRequest, "invalid_argument")
		return
	}
	ids := []string{}
	for _, l := range s.find(spec.Spec.Name) {
		ids = append(ids, l.id)
	}
	restValue(w, ids)
}

func (s *vsphereREST) listItems(w http.ResponseWriter, r *http.Request) {
	s.restItems(w, r.URL.Query().Get("library_id"), func(library.Item) bool { return true })
}

func (s *vsphereREST) findItem(w http.ResponseWriter, r *http.Request) {
	var spec restSpec
	if json.NewDecoder(r.Body).Decode(&spec) != nil || spec.Spec.Name == "" {
		restError(w, http.StatusBadRequest, "invalid_argument")
		return
	}
	s.restItems(w, spec.Spec.LibraryID, func(i library.Item) bool { return strings.EqualFold(i.Name, spec.Spec.Name) })
}

// restItems answers with the IDs of those items of a library that match.
func (s *vsphereREST) restItems(w http.ResponseWriter, id string, match func(library.Item) bool) {
	n := slices.IndexFunc(s.libraries, func(l *vsphereLibrary) bool { return l.id == id })
	if n < 0 {
		restError(w, http.StatusNotFound, "not_found")
		return
	}
	ids := []string{}
	for _, i := range s.libraries[n].items {
		if match(i) {
			ids = append(ids, i.ID)
		}
	}
	restValue(w, ids)
}

func (s *vsphereREST) getItem(w http.ResponseWriter, r *http.Request) {
	_, id, _ := strings.Cut(r.URL.Path, "/id:")
	for _, l := range s.libraries {
		for _, i := range l.items {
			if i.ID == id {
				restValue(w, i)
				return
			}
		}
	}
	restError(w, http.StatusNotFound, "not_found")
}

func restValue(w http.ResponseWriter, value any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"value": value}) // a client that is gone needs no more
}

// refuseREST answers a fault that is the interface's own.
func refuseREST(w http.ResponseWriter, f Fault) {
	switch f {
	case Forbidden:
		restError(w, http.StatusForbidden, "unauthorized")
	case Unauthenticated:
		restError(w, http.StatusUnauthorized, "unauthenticated")
	default:
		restError(w, http.StatusInternalServerError, "internal_server_error")
	}
}

// restError answers as the interface's errors look:
// https://developer.broadcom.com/xapis/vsphere-automation-api/latest/api/structures/com_vmware_vapi_std_errors/
func restError(w http.ResponseWriter, status int, kind string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"type": "com.vmware.vapi.std.errors." + kind, "value": map[string]any{"messages": []any{}},
	})
}
