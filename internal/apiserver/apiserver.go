// Package apiserver serves Leases and PipelineRuns the way a Kubernetes API server does, as far as claims need it: names that are
// taken, resource versions, preconditions, refusals as Status objects; and it misbehaves on request. Nothing here is part of what
// nodeimage does at work.
package apiserver

import (
	"cmp"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
)

// Token is the bearer token that the server knows.
const Token = "a-token-of-the-test"

// The resources.
const (
	Leases       = "leases"
	PipelineRuns = "pipelineruns"
)

// Object is an object of the API. Metadata is the part that the server itself looks at.
type Object struct {
	Metadata Metadata        `json:"metadata"`
	Spec     json.RawMessage `json:"spec,omitempty"`
	Status   json.RawMessage `json:"status,omitempty"`
}

// Metadata is that of an object.
type Metadata struct {
	Name            string            `json:"name,omitempty"`
	Namespace       string            `json:"namespace,omitempty"`
	UID             string            `json:"uid,omitempty"`
	ResourceVersion string            `json:"resourceVersion,omitempty"`
	Labels          map[string]string `json:"labels,omitempty"`
	Annotations     map[string]string `json:"annotations,omitempty"`
	OwnerReferences []Owner           `json:"ownerReferences,omitempty"`
}

// Owner is an owner reference.
type Owner struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	UID        string `json:"uid"`
}

// key is where an object lies.
type key struct{ resource, namespace, name string }

// Server is the API server. Its methods may be called while it serves.
type Server struct {
	mu       sync.Mutex
	objects  map[key]Object
	version  int // of the last change
	faults   map[string]Fault
	requests []string
	hooks    []*hook
	http     *httptest.Server
}

// hook is something that happens before a request is answered.
type hook struct {
	request string // such as "GET leases"
	left    int    // requests until then, that one included
	do      func()
}

// Start serves over TLS on a free port of this machine until Close.
func Start() *Server {
	s := &Server{objects: make(map[key]Object), faults: make(map[string]Fault)}
	s.http = httptest.NewUnstartedServer(s)
	s.http.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError) // it would tell of clients that hang up
	s.http.StartTLS()
	return s
}

// Close ends the server.
func (s *Server) Close() { s.http.Close() }

// URL is where it serves, such as https://127.0.0.1:41235.
func (s *Server) URL() string { return s.http.URL }

// Environment is what Kubernetes sets in every container for its clients to find the API server.
func (s *Server) Environment() []string {
	address, port, _ := net.SplitHostPort(s.http.Listener.Addr().String())
	return []string{"KUBERNETES_SERVICE_HOST=" + address, "KUBERNETES_SERVICE_PORT=" + port}
}

// Mount writes the files of a service account into a folder, as the kubelet does.
func (s *Server) Mount(dir, namespace string) error {
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.http.Certificate().Raw})
	write := func(name string, content []byte) error { return os.WriteFile(filepath.Join(dir, name), content, 0o600) }
	return errors.Join(os.MkdirAll(dir, 0o755), write("token", []byte(Token+"\n")), write("ca.crt", ca), write("namespace", []byte(namespace)))
}

// PutRun puts a PipelineRun there, in place of what has its name. Succeeded is the status of that condition: True, False, Unknown, or
// "" for a run that has not been picked up yet.
func (s *Server) PutRun(namespace, name, uid, succeeded string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := Object{Metadata: Metadata{Name: name, Namespace: namespace, UID: uid}, Status: json.RawMessage(`{}`)}
	if succeeded != "" {
		o.Status = json.RawMessage(fmt.Sprintf(`{"conditions": [{"type": "Succeeded", "status": %q}]}`, succeeded))
	}
	s.put(key{PipelineRuns, namespace, name}, o)
}

// PutRunWithTimeout is PutRun for a run that has not ended and may take so long.
func (s *Server) PutRunWithTimeout(namespace, name, uid, timeout string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.put(key{PipelineRuns, namespace, name}, Object{
		Metadata: Metadata{Name: name, Namespace: namespace, UID: uid},
		Spec:     json.RawMessage(fmt.Sprintf(`{"timeouts": {"pipeline": %q}}`, timeout)),
	})
}

// DeleteRun deletes a PipelineRun, but not what it owns: the garbage collector comes later.
func (s *Server) DeleteRun(namespace, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key{PipelineRuns, namespace, name})
}

// Leases are the Leases of a namespace, by name.
func (s *Server) Leases(namespace string) []Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []Object
	for k, o := range s.objects {
		if k.resource == Leases && k.namespace == namespace {
			all = append(all, o)
		}
	}
	slices.SortFunc(all, func(a, b Object) int { return cmp.Compare(a.Metadata.Name, b.Metadata.Name) })
	return all
}

// EditLeases changes the specs of all Leases of a namespace, as kubectl edit does: field by field.
func (s *Server) EditLeases(namespace string, fields map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, o := range maps.Clone(s.objects) {
		if k.resource != Leases || k.namespace != namespace {
			continue
		}
		spec := map[string]any{}
		if err := json.Unmarshal(o.Spec, &spec); err != nil {
			panic(err) // it was decoded when it came
		}
		maps.Copy(spec, fields)
		o.Spec, _ = json.Marshal(spec)
		s.put(k, o)
	}
}

// Requests are the requests so far, such as "POST leases".
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// At lets something happen once, before the server answers the nth request of a kind, such as "POST leases", counted from now.
func (s *Server) At(request string, n int, do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, &hook{request, n, do})
}

// arrived notes a request, and lets happen what is due.
func (s *Server) arrived(request string) {
	var due []func()
	s.mu.Lock()
	s.requests = append(s.requests, request)
	for _, h := range s.hooks {
		if h.request != request {
			continue
		}
		if h.left--; h.left == 0 {
			due = append(due, h.do)
		}
	}
	s.mu.Unlock()
	for _, do := range due {
		do()
	}
}

// put stores an object under a new version, and returns it as it is stored.
func (s *Server) put(k key, o Object) Object {
	s.version++
	o.Metadata.ResourceVersion = strconv.Itoa(s.version)
	if o.Metadata.UID == "" {
		o.Metadata.UID = fmt.Sprintf("00000000-0000-4000-8000-%012d", s.version)
	}
	s.objects[k] = o
	return o
}
