package clouds

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/fault"
	"github.com/vmware/govmomi/find"
	"github.com/vmware/govmomi/object"
	"github.com/vmware/govmomi/property"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/types"
)

const vsphereUser, vspherePassword = "administrator@vsphere.local", "vmware"

// loginVSphere logs in with govmomi's own client, and out again when the test is over.
func loginVSphere(t *testing.T, v *VSphere) *govmomi.Client {
	t.Helper()
	c, err := govmomi.NewClient(t.Context(), vsphereURL(t, v, vspherePassword), true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Logout(context.Background()) })
	return c
}

func vsphereURL(t *testing.T, v *VSphere, password string) *url.URL {
	t.Helper()
	u, err := url.Parse(start(t, v).URL + "/sdk")
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(vsphereUser, password)
	return u
}

// faultOf is the name of a fault's type, or the error's text where it is none.
func faultOf(err error) string {
	var f types.BaseMethodFault
	if _, ok := fault.As(err, &f); ok {
		return strings.TrimPrefix(fmt.Sprintf("%T", f), "*types.")
	}
	return fmt.Sprint(err)
}

// TestVSphereFinder looks for machines as Cluster API's provider for vSphere does.
func TestVSphereFinder(t *testing.T) {
	t.Parallel()
	v := NewVSphere(VSphereConfig{})
	template := v.AddMachine("/dc/vm/templates", VirtualMachine{Name: "image"})
	v.AddMachine("/dc/vm/templates/old", VirtualMachine{Name: "twice", Plain: true, Running: true})
	v.AddMachine("/dc/vm/templates", VirtualMachine{Name: "twice", Connection: "orphaned"})
	removed := v.AddMachine("/dc/vm", VirtualMachine{Name: "removed"})
	if !v.RemoveMachine(removed) || v.RemoveMachine(removed) {
		t.Error("a machine can't be removed exactly once")
	}
	c := loginVSphere(t, v)
	finder := find.NewFinder(c.Client)
	dc, err := finder.Datacenter(t.Context(), "dc")
	if err != nil {
		t.Fatal(err)
	}
	finder.SetDatacenter(dc)
	for name, want := range map[string]string{
		"image":                    template,
		"/dc/vm/templates/image":   template,
		"twice":                    "path 'twice' resolves to multiple vms",
		"removed":                  "vm 'removed' not found",
		"/dc/vm/templates/missing": "vm '/dc/vm/templates/missing' not found",
	} {
		vm, err := finder.VirtualMachine(t.Context(), name)
		got := fmt.Sprint(err)
		if err == nil {
			got = vm.Reference().Value
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func vsphereMachines(t *testing.T, c *govmomi.Client, ids ...string) []mo.VirtualMachine {
	t.Helper()
	var refs []types.ManagedObjectReference
	for _, id := range ids {
		refs = append(refs, types.ManagedObjectReference{Type: "VirtualMachine", Value: id})
	}
	var machines []mo.VirtualMachine
	if err := property.DefaultCollector(c.Client).Retrieve(t.Context(), refs, nil, &machines); err != nil {
		t.Fatal(err)
	}
	return machines
}

func TestVSphereMachines(t *testing.T) {
	t.Parallel()
	v := NewVSphere(VSphereConfig{})
	c := loginVSphere(t, v)
	var got []string
	for _, m := range []VirtualMachine{
		{Name: "a"}, {Name: `a/b\c%d`, Plain: true, Running: true}, {Name: "c", Creating: true, Connection: "invalid"},
	} {
		vm := vsphereMachines(t, c, v.AddMachine("/dc/vm", m))[0]
		got = append(got, fmt.Sprintln(vm.Name, vm.Config != nil && vm.Config.Template, vm.Config != nil, vm.Runtime.ConnectionState, vm.Runtime.PowerState))
	}
	want := []string{
		"a true true connected poweredOff\n",
		"a%2fb%5cc%25d false true connected poweredOn\n",
		"c false false invalid poweredOff\n",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	id := v.AddMachine("/dc/vm", VirtualMachine{Name: "c"}) // in place of the other
	refs, err := find.NewFinder(c.Client).VirtualMachineList(t.Context(), "/dc/vm/c")
	if err != nil || len(refs) != 1 || refs[0].Reference().Value != id {
		t.Errorf("got %v and %v, want %s only", refs, err, id)
	}
}

// vsphereRetrieve asks for a property of the machines, with pages of a size.
func vsphereRetrieve(t *testing.T, c *govmomi.Client, size int32, path string, ids ...string) [][]types.ObjectContent {
	t.Helper()
	spec := types.PropertyFilterSpec{PropSet: []types.PropertySpec{{Type: "VirtualMachine", PathSet: []string{path}}}}
	for _, id := range ids {
		spec.ObjectSet = append(spec.ObjectSet, types.ObjectSpec{Obj: types.ManagedObjectReference{Type: "VirtualMachine", Value: id}})
	}
	collector := c.ServiceContent.PropertyCollector
	first, err := methods.RetrievePropertiesEx(t.Context(), c, &types.RetrievePropertiesEx{
		This: collector, SpecSet: []types.PropertyFilterSpec{spec}, Options: types.RetrieveOptions{MaxObjects: size},
	})
	if err != nil {
		t.Fatal(err)
	}
	all, token := [][]types.ObjectContent{first.Returnval.Objects}, first.Returnval.Token
	for token != "" {
		next, err := methods.ContinueRetrievePropertiesEx(t.Context(), c, &types.ContinueRetrievePropertiesEx{This: collector, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		all, token = append(all, next.Returnval.Objects), next.Returnval.Token
	}
	return all
}

func TestVSpherePages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit int
		size  int32
		want  []int
	}{
		"no limit":         {0, 0, []int{7}},
		"asked for":        {0, 3, []int{3, 3, 1}},
		"the vCenter's":    {2, 0, []int{2, 2, 2, 1}},
		"less than wanted": {5, 6, []int{5, 2}},
		"more than wanted": {5, 4, []int{4, 3}},
		"exactly":          {7, 7, []int{7}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := NewVSphere(VSphereConfig{PageLimit: c.limit})
			var ids []string
			for i := range 7 {
				ids = append(ids, v.AddMachine("/dc/vm", VirtualMachine{Name: fmt.Sprint(i)}))
			}
			var got []int
			for _, page := range vsphereRetrieve(t, loginVSphere(t, v), c.size, "name", ids...) {
				got = append(got, len(page))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestVSphereProperties holds that hidden properties come as missing and unset ones don't come, on every page.
func TestVSphereProperties(t *testing.T) {
	t.Parallel()
	v := NewVSphere(VSphereConfig{})
	c := loginVSphere(t, v)
	var ids []string
	for i, m := range []VirtualMachine{{}, {Hidden: []string{"config.template"}}, {Creating: true}} {
		for n := range 2 {
			m.Name = fmt.Sprint(i, n)
			ids = append(ids, v.AddMachine("/dc/vm", m))
		}
	}
	for _, size := range []int32{6, 1} {
		var got []string
		for _, o := range slices.Concat(vsphereRetrieve(t, c, size, "config.template", ids...)...) {
			text := fmt.Sprint(len(o.PropSet))
			for _, p := range o.MissingSet {
				text += fmt.Sprintf(" %s %T", p.Path, p.Fault.Fault)
			}
			got = append(got, text)
		}
		const hidden = "0 config.template *types.NoPermission"
		if diff := cmp.Diff([]string{"1", "1", hidden, hidden, "0", "0"}, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", size, diff)
		}
	}
}

func TestVSphereRecords(t *testing.T) {
	t.Parallel()
	v := NewVSphere(VSphereConfig{})
	c := loginVSphere(t, v)
	if _, err := object.NewSearchIndex(c.Client).FindByInventoryPath(t.Context(), "dc/vm"); err != nil {
		t.Fatal(err)
	}
	host := c.URL().Host
	want := []Request{
		{Location: host, Operation: "RetrieveServiceContent", Params: url.Values{}},
		{Location: host, Operation: "Login", Params: url.Values{}},
		{Location: host, Operation: "FindByInventoryPath", Params: url.Values{"inventoryPath": {"dc/vm"}}},
	}
	if diff := cmp.Diff(want, v.Requests()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestVSphereRefusesNonsense(t *testing.T) {
	t.Parallel()
	v := NewVSphere(VSphereConfig{})
	server := start(t, v)
	for name, c := range map[string]struct {
		method, path, body string
		want               int
	}{
		"no SOAP":      {http.MethodPost, "/sdk", "hello", http.StatusInternalServerError},
		"another verb": {http.MethodGet, "/sdk", "", http.StatusMethodNotAllowed},
		"another path": {http.MethodPost, "/elsewhere", "", http.StatusNotFound},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, server.URL+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != c.want {
			t.Errorf("%s: got %d, want %d", name, resp.StatusCode, c.want)
		}
	}
}

func TestVSphereFolderPanics(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"", "/dc", "/dc/host/x", "templates"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			defer func() {
				if recover() == nil {
					t.Error("there is no panic")
				}
			}()
			NewVSphere(VSphereConfig{}).AddFolder(path)
		})
	}
}

// TestVSphereChanges adds and removes machines while clients list them; the race detector tells whether that goes well.
func TestVSphereChanges(t *testing.T) {
	t.Parallel()
	v := NewVSphere(VSphereConfig{})
	v.AddFolder("/dc/vm/templates")
	c := loginVSphere(t, v)
	done := make(chan error)
	go func() {
		for range 20 {
			if _, err := find.NewFinder(c.Client).VirtualMachineList(context.Background(), "/dc/vm/..."); err != nil && !errors.As(err, new(*find.NotFoundError)) {
				done <- err
				return
			}
		}
		done <- nil
	}()
	for i := range 50 {
		v.RemoveMachine(v.AddMachine(fmt.Sprintf("/dc/vm/templates/%d", i%3), VirtualMachine{Name: "a"}))
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}
