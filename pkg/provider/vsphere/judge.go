package vsphere

import (
	"fmt"
	"slices"
	"strings"

	"github.com/vmware/govmomi/vim25/types"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// judgeName makes a finding of the machines that have an image's name. There can be one in the folder itself, as names are
// unique in a folder, and any number below. The one in the folder counts: consumers that look up by path find it, whatever is
// below. It tells whether there is one.
func (l *listing) judgeName(machines []machine) (finding inventory.Finding, direct bool) {
	if len(machines) == 0 {
		return inventory.Finding{Location: l.location, State: inventory.Absent}, false
	}
	i := slices.IndexFunc(machines, func(m machine) bool { return m.parent == l.folder })
	switch {
	case i < 0 && len(machines) > 1:
		note := fmt.Sprintf("%s are all below %s, so a lookup by this name is ambiguous: remove all but one", ids(machines), l.path)
		return inventory.Finding{Location: l.location, State: inventory.Unknown, Notes: []string{note}}, false
	case i < 0:
		finding = l.judgeOne(machines[0])
		finding.Notes = append(finding.Notes, machines[0].id+" is in a folder below "+l.path+", where a lookup by path does not find it")
		return finding, false
	}
	finding = l.judgeOne(machines[i])
	if others := slices.Delete(slices.Clone(machines), i, i+1); len(others) > 0 {
		finding.Notes = append(finding.Notes, ids(others)+" below "+l.path+" has this name too, so a lookup by name alone is ambiguous")
	}
	return finding, true
}

func ids(machines []machine) string {
	all := make([]string, len(machines))
	for i, m := range machines {
		all[i] = m.id
	}
	return strings.Join(all, ", ")
}

func (l *listing) judgeOne(m machine) inventory.Finding {
	state, note := l.verdict(m)
	finding := inventory.Finding{Location: l.location, State: state}
	if state != inventory.Absent {
		finding.ID, finding.Created = m.id, inventory.Time(m.created)
	}
	if note != "" {
		finding.Notes = []string{m.id + " " + note}
	}
	return finding
}

// verdict holds one machine against what the consumer can clone.
func (l *listing) verdict(m machine) (inventory.State, string) {
	if len(m.hidden) > 0 {
		return inventory.Unknown, "does not tell everything: " + strings.Join(m.hidden, ", ")
	}
	if state, note := reachable(m.connection); state != inventory.Present {
		return state, note
	}
	switch {
	case !m.configured:
		// "often also unavailable during the initial phases of virtual machine creation": VirtualMachine's property config.
		return inventory.Pending, "has no configuration yet: it is being created"
	case m.template:
		return inventory.Present, ""
	}
	return l.unfinished(m)
}

// reachable translates the states of
// https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/vim.VirtualMachine.ConnectionState.html. Where a host or a
// disk is away, which may be for a moment only, nobody can tell what the template is worth.
func reachable(state types.VirtualMachineConnectionState) (inventory.State, string) {
	switch state {
	case types.VirtualMachineConnectionStateConnected:
		return inventory.Present, ""
	case types.VirtualMachineConnectionStateOrphaned:
		return inventory.Failed, "is orphaned, that is, gone from its host: remove it from the inventory"
	case types.VirtualMachineConnectionStateInvalid:
		return inventory.Failed, "is invalid, that is, its configuration is corrupted: remove it"
	case types.VirtualMachineConnectionStateDisconnected:
		return inventory.Unknown, "can't be checked, because its host is disconnected"
	case types.VirtualMachineConnectionStateInaccessible:
		return inventory.Unknown, "can't be checked, because its files are inaccessible"
	}
	return inventory.Unknown, "is in a connection state that this version does not know"
}

// unfinished judges a machine that is no template. Builds and imports have the image's name all along and become a template last
// (hashicorp/packer-plugin-vsphere, builder/vsphere/common/step_template.go; giantswarm/image-distribution-operator,
// pkg/vsphere/client.go): a task that goes on shows an import, an export or a clone, a running machine shows a build.
//
// A machine where nothing happens counts as absent, not as failed: it is whole and may be somebody's, such as a template that was
// converted for an update, and must not be overwritten. A build then stops at Packer's own check of the name, before it costs
// anything (builder/vsphere/driver/vm.go there), and the note says why.
func (l *listing) unfinished(m machine) (inventory.State, string) {
	for _, ref := range m.tasks {
		switch state, ok := l.tasks[ref]; {
		case !ok:
			return inventory.Unknown, "is no template, and the state of its tasks can't be read"
		case state == types.TaskInfoStateQueued || state == types.TaskInfoStateRunning:
			return inventory.Pending, "is no template yet, and a task on it is " + string(state)
		}
	}
	if m.power == types.VirtualMachinePowerStatePoweredOn {
		return inventory.Pending, "is running and no template yet, as during a build: remove it if there is none"
	}
	return inventory.Absent, "is a virtual machine, not a template: a build would stop at its name"
}
