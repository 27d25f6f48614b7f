package clouds

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/types"
)

// A VirtualMachine is a template, unless it says otherwise, in a folder of a vCenter.
type VirtualMachine struct {
	Name       string    // unique in its folder; the vCenter escapes it
	Plain      bool      // a virtual machine that is no template
	Creating   bool      // it has no configuration yet
	Running    bool      // it is powered on
	Task       string    // state of a task on it: queued, running, success or error; default: no task
	Connection string    // connected (default), disconnected, inaccessible, invalid or orphaned
	Created    time.Time // default: one second later than the machine added before
	Hidden     []string  // properties that the account may not read, such as config.template
}

// vsphereMachine is a machine in the simulator's inventory. The embedded type comes first: the simulator looks for it there.
type vsphereMachine struct {
	simulator.VirtualMachine
	folder *simulator.Folder
	hidden []string
}

// vsphereEscape is how vCenter writes names:
// https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/vim.ManagedEntity.html, name.
var vsphereEscape = strings.NewReplacer("%", "%25", "/", "%2f", `\`, "%5c")

// AddMachine puts a machine into a folder, such as /dc/vm/templates, and returns its ID. Folders are made where they are
// missing. A machine of that name in that folder is replaced.
func (v *VSphere) AddMachine(folder string, m VirtualMachine) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	parent := v.folder(folder)
	registry := v.service.Context.Map
	if old, ok := registry.FindByName(vsphereEscape.Replace(m.Name), parent.ChildEntity).(*vsphereMachine); ok {
		v.remove(old)
	}
	machine := v.machine(m)
	machine.folder = parent
	registry.PutEntity(parent, machine)
	parent.ChildEntity = append(parent.ChildEntity, machine.Self)
	v.machines[machine.Self.Value] = machine
	return machine.Self.Value
}

// RemoveMachine takes a machine away. It reports whether there was one of this ID.
func (v *VSphere) RemoveMachine(id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	m, ok := v.machines[id]
	if ok {
		v.remove(m)
	}
	return ok
}

// AddFolder makes a folder, and those above it, where they are missing.
func (v *VSphere) AddFolder(path string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.folder(path)
}

func (v *VSphere) remove(m *vsphereMachine) {
	delete(v.machines, m.Self.Value)
	simulator.RemoveReference(&m.folder.ChildEntity, m.Self)
	v.service.Context.Map.Remove(v.service.Context, m.Self)
}

// machine makes what the simulator has in its inventory of a machine.
func (v *VSphere) machine(m VirtualMachine) *vsphereMachine {
	machine := &vsphereMachine{hidden: m.Hidden}
	machine.Self.Type = "VirtualMachine" // by itself the simulator would take the Go type's name
	machine.Name = vsphereEscape.Replace(m.Name)
	machine.Runtime.ConnectionState = types.VirtualMachineConnectionState(cmp.Or(m.Connection, "connected"))
	machine.Runtime.PowerState = types.VirtualMachinePowerStatePoweredOff
	if m.Running {
		machine.Runtime.PowerState = types.VirtualMachinePowerStatePoweredOn
	}
	if !m.Creating {
		created := m.Created
		if created.IsZero() {
			created = time.Date(2024, time.January, 1, 0, 0, len(v.machines), 0, time.UTC)
		}
		machine.Config = &types.VirtualMachineConfigInfo{Name: machine.Name, Template: !m.Plain, CreateDate: &created}
	}
	if m.Task != "" {
		task := &simulator.Task{}
		task.Info.State = types.TaskInfoState(m.Task)
		machine.RecentTask = []types.ManagedObjectReference{v.service.Context.Map.Put(task).Reference()}
	}
	return machine
}

// folder finds or makes a folder. It panics if the path can't be that of a folder of virtual machines, as that is a mistake in
// a test.
func (v *VSphere) folder(path string) *simulator.Folder {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	if len(parts) < 2 || parts[1] != "vm" {
		panic(fmt.Sprintf("clouds: %q is not a path like /dc/vm/templates", path))
	}
	registry := v.service.Context.Map
	folder := registry.Get(v.datacenter(parts[0]).VmFolder).(*simulator.Folder)
	for _, name := range parts[2:] {
		next, ok := registry.FindByName(name, folder.ChildEntity).(*simulator.Folder)
		if !ok {
			made := folder.CreateFolder(v.service.Context, &types.CreateFolder{Name: name}).(*methods.CreateFolderBody)
			next = registry.Get(made.Res.Returnval).(*simulator.Folder)
		}
		folder = next
	}
	return folder
}

func (v *VSphere) datacenter(name string) *simulator.Datacenter {
	registry := v.service.Context.Map
	root := registry.Get(v.root).(*simulator.Folder)
	if dc, ok := registry.FindByName(name, root.ChildEntity).(*simulator.Datacenter); ok {
		return dc
	}
	made := root.CreateDatacenter(v.service.Context, &types.CreateDatacenter{Name: name}).(*methods.CreateDatacenterBody)
	return registry.Get(made.Res.Returnval).(*simulator.Datacenter)
}
