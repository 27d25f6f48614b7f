package vsphere

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// The properties that a look asks for
// (https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/vim.VirtualMachine.html). config.createDate exists since
// vSphere 6.7.
const (
	propName       = "name"
	propParent     = "parent"
	propTemplate   = "config.template"
	propCreated    = "config.createDate"
	propConnection = "runtime.connectionState"
	propPower      = "runtime.powerState"
	propTasks      = "recentTask"
	propState      = "info.state" // of a task
)

// machine is a virtual machine as far as it decides about an image.
type machine struct {
	id         string
	name       string // "" where it can't be read
	parent     types.ManagedObjectReference
	configured bool // config is set
	template   bool
	created    time.Time
	connection types.VirtualMachineConnectionState
	power      types.VirtualMachinePowerState
	tasks      []types.ManagedObjectReference
	hidden     []string // properties that were kept back, with the fault's name
}

func newMachine(o types.ObjectContent) machine {
	m := machine{id: o.Obj.Value}
	for _, p := range o.PropSet {
		m.set(p)
	}
	for _, p := range o.MissingSet {
		m.hidden = append(m.hidden, fmt.Sprintf("%s (%s)", p.Path, missingFault(p)))
	}
	slices.Sort(m.hidden)
	return m
}

func missingFault(p types.MissingProperty) string {
	if p.Fault.Fault == nil {
		return "no reason given"
	}
	return faultName(p.Fault.Fault)
}

// set takes over a property. One of another type than documented stays unset.
func (m *machine) set(p types.DynamicProperty) {
	switch value := p.Val.(type) {
	case string:
		if p.Name == propName {
			m.name = unescaped.Replace(value)
		}
	case bool:
		if p.Name == propTemplate {
			m.configured, m.template = true, value
		}
	case time.Time:
		if p.Name == propCreated && value.Unix() > 0 { // 1970 is what machines older than the property have
			m.created = value
		}
	case types.ManagedObjectReference:
		if p.Name == propParent {
			m.parent = value
		}
	case types.VirtualMachineConnectionState:
		m.connection = value
	case types.VirtualMachinePowerState:
		m.power = value
	case types.ArrayOfManagedObjectReference:
		m.tasks = value.ManagedObjectReference
	}
}

// unescaped undoes how vSphere writes three characters in names
// (https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/vim.ManagedEntity.html, name).
var unescaped = strings.NewReplacer("%25", "%", "%2f", "/", "%2F", "/", "%5c", `\`, "%5C", `\`)

// listing is everything that is in a folder.
type listing struct {
	location string
	path     string
	folder   types.ManagedObjectReference
	machines map[string][]machine                                 // by name
	nameless []machine                                            // whose name can't be read
	tasks    map[types.ManagedObjectReference]types.TaskInfoState // those whose state can be read
}

func newListing(location, path string, folder types.ManagedObjectReference, objects []types.ObjectContent) *listing {
	l := &listing{
		location: location, path: path, folder: folder,
		machines: make(map[string][]machine), tasks: make(map[types.ManagedObjectReference]types.TaskInfoState),
	}
	for _, o := range objects {
		switch o.Obj.Type {
		case "VirtualMachine":
			l.add(newMachine(o))
		case "Task":
			l.addTask(o)
		}
	}
	for _, machines := range l.machines {
		slices.SortFunc(machines, func(a, b machine) int { // vm-9 before vm-10
			return cmp.Or(cmp.Compare(len(a.id), len(b.id)), cmp.Compare(a.id, b.id))
		})
	}
	return l
}

func (l *listing) add(m machine) {
	if m.name == "" {
		l.nameless = append(l.nameless, m)
		return
	}
	l.machines[m.name] = append(l.machines[m.name], m)
}

func (l *listing) addTask(o types.ObjectContent) {
	for _, p := range o.PropSet {
		if state, ok := p.Val.(types.TaskInfoState); ok && p.Name == propState {
			l.tasks[o.Obj] = state
		}
	}
}

// unreadable is an error where a machine doesn't tell its name: it could be any of those that were not found.
func (l *listing) unreadable() error {
	if len(l.nameless) == 0 {
		return nil
	}
	ids := make([]string, len(l.nameless))
	for i, m := range l.nameless {
		ids[i] = m.id
	}
	slices.Sort(ids)
	return errors.New("the names of these virtual machines in " + l.path + " can't be read: " + strings.Join(ids, ", "))
}

// judge makes a finding for every image. It also tells of which images the finding holds whatever else there may be.
func (l *listing) judge(images []inventory.Image) (inventory.Findings, map[string]bool) {
	findings, sure := make(inventory.Findings, len(images)), make(map[string]bool)
	for _, image := range images {
		finding, direct := l.judgeName(l.machines[image.Lookup])
		findings.Add(image, finding)
		sure[image.Lookup] = direct && finding.State == inventory.Present
	}
	return findings, sure
}
