package clouds

import (
	"bytes"
	"cmp"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/simulator/vpx"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vim25/types"
)

// VSphereConfig is what a vCenter can't change while it runs.
type VSphereConfig struct {
	User, Password string // of its only account. Default: administrator@vsphere.local and vmware
	// PageLimit is the most objects in one answer of the property collector, whatever its caller asks for. 0: no limit.
	PageLimit int
}

// VSphere is a vCenter: virtual machines in folders behind the SOAP interface (/sdk), and content libraries behind the REST
// interface (/rest). The SOAP interface is govmomi's simulator with an empty inventory, made to do what the real one does
// beyond it: pages have a limit, properties can be hidden, a machine need not have a configuration.
//
// The location of faults and requests is the host and port that a request is for, as clients call the vCenter.
type VSphere struct {
	Behaviour
	service *simulator.Service
	root    types.ManagedObjectReference // the folder of the datacenters
	rest    *vsphereREST

	mu       sync.RWMutex // held for writing while the inventory changes
	machines map[string]*vsphereMachine
}

// NewVSphere returns a vCenter without anything in it.
func NewVSphere(c VSphereConfig) *VSphere {
	c.User = cmp.Or(c.User, "administrator@vsphere.local")
	c.Password = cmp.Or(c.Password, "vmware")
	ctx, instance := simulator.NewServiceInstance(simulator.NewContext(), vsphereServices(), vpx.RootFolder)
	collector := &vsphereCollector{}
	collector.Self = instance.Content.PropertyCollector
	ctx.Map.Put(collector)
	ctx.Map.Handler = limitVSpherePages(c.PageLimit)

	v := &VSphere{
		service: simulator.New(ctx, instance), root: instance.Content.RootFolder,
		rest: newVSphereREST(c.User, c.Password), machines: map[string]*vsphereMachine{},
	}
	v.service.Listen = &url.URL{User: url.UserPassword(c.User, c.Password)}
	v.service.RegisterSDK(ctx.Map)
	return v
}

// vsphereServices are those of the simulator's services that reading an inventory takes. The others would cost time at every
// start, and that of licences changes a global variable of the simulator.
func vsphereServices() types.ServiceContent {
	all := vpx.ServiceContent
	return types.ServiceContent{
		About: all.About, RootFolder: all.RootFolder, PropertyCollector: all.PropertyCollector, ViewManager: all.ViewManager,
		SearchIndex: all.SearchIndex, SessionManager: all.SessionManager, EventManager: all.EventManager, Setting: all.Setting,
	}
}

// ServeHTTP answers one request.
func (v *VSphere) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	call := &vsphereCall{vcenter: v, request: r}
	v.wrap(call, http.HandlerFunc(v.answer)).ServeHTTP(w, r)
}

func (v *VSphere) answer(w http.ResponseWriter, r *http.Request) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if strings.HasPrefix(r.URL.Path, rest.Path+"/") {
		v.rest.ServeHTTP(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/xml; charset=utf-8")
	v.service.ServeMux.ServeHTTP(w, r)
}

// Sessions returns how many sessions are open, of both interfaces.
func (v *VSphere) Sessions() int {
	registry := v.service.Context.Map
	view := &simulator.Session{Registry: simulator.NewRegistry(), Map: registry}
	manager := view.Get(registry.SessionManager().Reference()).(*simulator.SessionManager)
	return len(manager.SessionList) + v.rest.openSessions()
}

// vsphereCall is one request. It is a protocol of its own, because what a vCenter refuses, and how, depends on what is asked.
type vsphereCall struct {
	vcenter   *VSphere
	request   *http.Request
	operation string
}

func (c *vsphereCall) identify(r *http.Request) Request {
	body, _ := io.ReadAll(r.Body) // what is cut short is refused by the real answer
	r.Body = io.NopCloser(bytes.NewReader(body))
	operation, params := c.vcenter.operation(r, body)
	c.operation = operation
	return Request{Location: r.Host, Operation: operation, Params: params}
}

// operation names a request: the SOAP method, or the REST interface's service and operation. Of a SOAP method's parameters only
// those are kept that tests ask for, so that no credentials are among them.
func (v *VSphere) operation(r *http.Request, body []byte) (string, url.Values) {
	if strings.HasPrefix(r.URL.Path, rest.Path+"/") {
		return restOperation(r), r.URL.Query()
	}
	method, err := simulator.UnmarshalBody(types.TypeFunc(), body)
	if err != nil {
		return "", nil
	}
	params := url.Values{}
	switch body := method.Body.(type) {
	case *types.FindByInventoryPath:
		params.Set("inventoryPath", body.InventoryPath)
	case *types.RetrievePropertiesEx:
		params.Set("maxObjects", strconv.Itoa(int(body.Options.MaxObjects)))
	}
	return method.Name, params
}
