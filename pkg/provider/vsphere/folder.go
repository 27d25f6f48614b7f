package vsphere

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/methods"
	"github.com/vmware/govmomi/vim25/soap"
	"github.com/vmware/govmomi/vim25/types"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// pageSize bounds the objects of one answer. vCenter may make pages smaller still.
const pageSize = 500

// lookInFolder asks for the machines of the folder and of all folders below it, with five requests for up to pageSize of them.
//
// Folders below count because the consumer has a name only: Cluster API's provider for vSphere gives it to govmomi's finder, which
// looks for a name without a slash in all folders of the datacenter, and takes it if there is one only
// (kubernetes-sigs/cluster-api-provider-vsphere, pkg/services/govmomi/template/template.go).
//
// The account needs to read everything in the folder. What it has no permission to see at all, vCenter leaves out without a word.
func (v *vcenter) lookInFolder(ctx context.Context, client *soap.Client, images []inventory.Image) (inventory.Findings, error) {
	v.use(client, soapAnswer)
	s, err := login(ctx, client, v.account)
	if err != nil {
		return nil, err
	}
	defer logout(ctx, s.logout)
	folder, err := s.find(ctx, v.settings.Folder)
	if err != nil {
		return nil, err
	}
	objects, err := s.machines(ctx, folder)
	l := newListing(v.account.location, v.settings.Folder, folder, objects)
	if err == nil {
		err = l.unreadable()
	} else {
		err = fmt.Errorf("listing the virtual machines in %s: %w", v.settings.Folder, tidy(err))
	}
	findings, sure := l.judge(images)
	if err != nil {
		return keepSure(findings, sure), err
	}
	return findings, nil
}

// soapSession is a session of the SOAP interface.
type soapSession struct {
	client  *soap.Client
	content types.ServiceContent
}

// call runs a method. An envelope without an answer in it is an error here; the SDK would hand on nil.
func call[Req, Res any](ctx context.Context, client *soap.Client,
	method func(context.Context, soap.RoundTripper, *Req) (*Res, error), req *Req,
) (*Res, error) {
	res, err := method(ctx, client, req)
	if err == nil && res == nil {
		err = errNotVCenter
	}
	return res, err
}

func login(ctx context.Context, client *soap.Client, a account) (*soapSession, error) {
	content, err := call(ctx, client, methods.RetrieveServiceContent, &types.RetrieveServiceContent{This: vim25.ServiceInstance})
	if err == nil && (content.Returnval.SessionManager == nil || content.Returnval.SearchIndex == nil) {
		err = errNotVCenter
	}
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", a.location, tidy(err))
	}
	s := &soapSession{client: client, content: content.Returnval}
	password, _ := a.user.Password()
	_, err = call(ctx, client, methods.Login, &types.Login{
		This: *s.content.SessionManager, UserName: a.user.Username(), Password: password,
	})
	if err != nil {
		return nil, fmt.Errorf("logging in to %s: %w", a.location, tidy(err))
	}
	return s, nil
}

func (s *soapSession) logout(ctx context.Context) error {
	_, err := call(ctx, s.client, methods.Logout, &types.Logout{This: *s.content.SessionManager})
	return err
}

// find returns the folder of an inventory path. In its documentation paths begin without a slash
// (https://developer.broadcom.com/xapis/vsphere-web-services-api/latest/vim.SearchIndex.html, findByInventoryPath).
func (s *soapSession) find(ctx context.Context, path string) (types.ManagedObjectReference, error) {
	found, err := call(ctx, s.client, methods.FindByInventoryPath, &types.FindByInventoryPath{
		This: *s.content.SearchIndex, InventoryPath: strings.Trim(path, "/"),
	})
	switch {
	case err != nil:
		err = tidy(err)
	case found.Returnval == nil:
		err = errors.New("it does not exist, or the account may not see it")
	case found.Returnval.Type != "Folder":
		err = errors.New("it is not a folder")
	default:
		return *found.Returnval, nil
	}
	return types.ManagedObjectReference{}, fmt.Errorf("finding the folder %s: %w", path, err)
}

// machines returns the virtual machines in a folder and those below it, with their tasks. Beside an error it returns what came
// before it.
func (s *soapSession) machines(ctx context.Context, folder types.ManagedObjectReference) ([]types.ObjectContent, error) {
	collector := s.content.PropertyCollector
	first, err := call(ctx, s.client, methods.RetrievePropertiesEx, &types.RetrievePropertiesEx{
		This: collector, SpecSet: []types.PropertyFilterSpec{inFolder(folder)},
		Options: types.RetrieveOptions{MaxObjects: pageSize},
	})
	if err != nil || first.Returnval == nil { // there is nothing in the folder
		return nil, err
	}
	objects, token := first.Returnval.Objects, first.Returnval.Token
	for token != "" {
		next, err := call(ctx, s.client, methods.ContinueRetrievePropertiesEx,
			&types.ContinueRetrievePropertiesEx{This: collector, Token: token})
		if err != nil {
			return objects, err
		}
		objects, token = append(objects, next.Returnval.Objects...), next.Returnval.Token
	}
	return objects, nil
}

// inFolder selects the machines in a folder and in all folders below it, and their recent tasks. It needs no container view,
// which would take a call to make and leave something to clean up.
func inFolder(folder types.ManagedObjectReference) types.PropertyFilterSpec {
	const children = "children"
	return types.PropertyFilterSpec{
		PropSet: []types.PropertySpec{
			{Type: "VirtualMachine", PathSet: []string{
				propName, propParent, propTemplate, propCreated, propConnection, propPower, propTasks,
			}},
			{Type: "Task", PathSet: []string{propState}},
		},
		ObjectSet: []types.ObjectSpec{{
			Obj: folder, Skip: types.NewBool(true),
			SelectSet: []types.BaseSelectionSpec{&types.TraversalSpec{
				SelectionSpec: types.SelectionSpec{Name: children}, Type: "Folder", Path: "childEntity",
				SelectSet: []types.BaseSelectionSpec{
					&types.SelectionSpec{Name: children},
					&types.TraversalSpec{Type: "VirtualMachine", Path: propTasks},
				},
			}},
		}},
	}
}
