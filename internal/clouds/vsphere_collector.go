package clouds

import (
	"slices"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/mo"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"
)

// vsphereCollector is the simulator's property collector, corrected where the real one does otherwise: properties that may not
// be read come as missing, with the fault, and unset ones don't come at all, not on later pages either. The simulator makes one
// of its type for every session, so it has no state.
type vsphereCollector struct{ simulator.PropertyCollector }

// RetrievePropertiesEx brings the first page.
func (c *vsphereCollector) RetrievePropertiesEx(ctx *simulator.Context, r *types.RetrievePropertiesEx) soap.HasFault {
	body := c.PropertyCollector.RetrievePropertiesEx(ctx, r)
	if first, ok := body.(*methods.RetrievePropertiesExBody); ok && first.Res != nil {
		correctObjects(ctx.Map, first.Res.Returnval.Objects)
	}
	return body
}

// ContinueRetrievePropertiesEx brings one more page.
func (c *vsphereCollector) ContinueRetrievePropertiesEx(ctx *simulator.Context, r *types.ContinueRetrievePropertiesEx) soap.HasFault {
	body := c.PropertyCollector.ContinueRetrievePropertiesEx(ctx, r)
	if next, ok := body.(*methods.ContinueRetrievePropertiesExBody); ok && next.Res != nil {
		correctObjects(ctx.Map, next.Res.Returnval.Objects)
	}
	return body
}

func correctObjects(registry *simulator.Registry, objects []types.ObjectContent) {
	for i := range objects {
		o := &objects[i]
		machine, _ := registry.Get(o.Obj).(*vsphereMachine)
		hidden := func(p types.DynamicProperty) bool { return machine != nil && slices.Contains(machine.hidden, p.Name) }
		for _, p := range o.PropSet {
			if hidden(p) {
				o.MissingSet = append(o.MissingSet, deniedProperty(o.Obj, p.Name))
			}
		}
		o.PropSet = slices.DeleteFunc(o.PropSet, func(p types.DynamicProperty) bool { return p.Val == nil || hidden(p) })
	}
}

func deniedProperty(object types.ManagedObjectReference, path string) types.MissingProperty {
	fault := &types.NoPermission{Object: &object, PrivilegeId: "System.Read"}
	return types.MissingProperty{Path: path, Fault: types.LocalizedMethodFault{Fault: fault}}
}

// limitVSpherePages is the policy that may keep pages smaller than a caller wants them:
// https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/vmodl.query.PropertyCollector.RetrieveOptions.html
func limitVSpherePages(limit int) func(*simulator.Context, *simulator.Method) (mo.Reference, types.BaseMethodFault) {
	return func(_ *simulator.Context, m *simulator.Method) (mo.Reference, types.BaseMethodFault) {
		r, ok := m.Body.(*types.RetrievePropertiesEx)
		if ok && limit > 0 && (r.Options.MaxObjects <= 0 || int(r.Options.MaxObjects) > limit) {
			r.Options.MaxObjects = int32(limit)
		}
		return nil, nil
	}
}
