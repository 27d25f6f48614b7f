package vsphere

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/vmware/govmomi/vapi/library"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
	"golang.org/x/sync/errgroup"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// concurrency bounds the requests for items that are under way at a time.
const concurrency = 8

// lookInLibrary asks for the items of a content library over the REST interface. It has no operation that brings several items,
// so a look takes four requests, and one for every item or, where the library has more items than images are looked for, one for
// every image and every image found.
func (v *vcenter) lookInLibrary(ctx context.Context, client *soap.Client, images []inventory.Image) (inventory.Findings, error) {
	c := rest.NewClient(&vim25.Client{Client: client})
	v.use(c.Client, restAnswer)
	if err := c.Login(ctx, v.account.user); err != nil {
		return nil, fmt.Errorf("logging in to %s: %w", v.account.location, tidy(err))
	}
	defer logout(ctx, c.Logout)
	l := contentLibrary{name: v.settings.Library, manager: library.NewManager(c)}
	if err := l.find(ctx); err != nil {
		return nil, err
	}
	items, err := l.items(ctx, images)
	if err != nil {
		err = fmt.Errorf("reading the items of the content library %s: %w", l.name, tidy(err))
	}
	findings, sure := judgeItems(v.account.location, items, images)
	if err != nil {
		return keepSure(findings, sure), err
	}
	return findings, nil
}

// contentLibrary is a content library that is being looked at.
type contentLibrary struct {
	name    string
	id      string
	manager *library.Manager
}

// find looks the library up. vCenter takes upper and lower case for the same in names of libraries.
func (l *contentLibrary) find(ctx context.Context) error {
	ids, err := l.manager.FindLibrary(ctx, library.Find{Name: l.name})
	switch {
	case err != nil:
		err = tidy(err)
	case len(ids) == 0:
		err = errors.New("it does not exist, or the account may not see it")
	case len(ids) > 1:
		err = fmt.Errorf("there are %d of this name", len(ids))
	default:
		l.id = ids[0]
		return nil
	}
	return fmt.Errorf("finding the content library %s: %w", l.name, err)
}

// items returns the items that can be images, and maybe more. Beside an error it returns those that could be read.
func (l *contentLibrary) items(ctx context.Context, images []inventory.Image) ([]library.Item, error) {
	ids, err := l.manager.ListLibraryItems(ctx, l.id)
	if err != nil {
		return nil, err
	}
	if len(ids) <= len(images) {
		return collect(ctx, ids, l.item)
	}
	return collect(ctx, images, l.named)
}

// collect asks for each, some at a time, and returns what all of them brought, in their order.
func collect[T any](ctx context.Context, each []T, ask func(context.Context, T) ([]library.Item, error)) ([]library.Item, error) {
	found := make([][]library.Item, len(each))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(concurrency)
	for i, e := range each {
		group.Go(func() (err error) {
			found[i], err = ask(ctx, e)
			return err
		})
	}
	err := group.Wait()
	return slices.Concat(found...), err
}

// named returns the items of an image's name, whatever its case.
func (l *contentLibrary) named(ctx context.Context, image inventory.Image) ([]library.Item, error) {
	ids, err := l.manager.FindLibraryItems(ctx, library.FindItem{LibraryID: l.id, Name: image.Lookup})
	if err != nil {
		return nil, err
	}
	var items []library.Item
	for _, id := range ids {
		item, err := l.item(ctx, id)
		if err != nil {
			return items, err
		}
		items = append(items, item...)
	}
	return items, nil
}

// item returns the item, or none if it was removed since it was listed.
func (l *contentLibrary) item(ctx context.Context, id string) ([]library.Item, error) {
	item, err := l.manager.GetLibraryItem(ctx, id)
	var status statusError
	switch {
	case errors.As(err, &status) && status == http.StatusNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case item.ID != id || item.Name == "":
		return nil, errNotVCenter
	}
	return []library.Item{*item}, nil
}

func judgeItems(location string, items []library.Item, images []inventory.Image) (inventory.Findings, map[string]bool) {
	named := make(map[string][]library.Item)
	for _, item := range items {
		named[item.Name] = append(named[item.Name], item)
	}
	findings, sure := make(inventory.Findings, len(images)), make(map[string]bool)
	for _, image := range images {
		finding := judgeItem(named[image.Lookup])
		finding.Location = location
		findings.Add(image, finding)
		sure[image.Lookup] = finding.State == inventory.Present
	}
	return findings, sure
}

// judgeItem makes a finding of the items that have an image's name, of which vCenter allows one.
func judgeItem(items []library.Item) inventory.Finding {
	switch len(items) {
	case 0:
		return inventory.Finding{State: inventory.Absent}
	case 1:
	default:
		return inventory.Finding{State: inventory.Unknown, Notes: []string{fmt.Sprintf("%d items have this name", len(items))}}
	}
	item := items[0]
	state, note := itemVerdict(item)
	finding := inventory.Finding{State: state}
	if state != inventory.Absent {
		finding.ID = item.ID
		if item.CreationTime != nil {
			finding.Created = inventory.Time(*item.CreationTime)
		}
	}
	if note != "" {
		finding.Notes = []string{note}
	}
	return finding
}

// itemVerdict holds an item against what can be deployed. An upload makes the item first, and its files show when all of them are
// there (https://developer.broadcom.com/xapis/vsphere-automation-api/latest/content/library/item-update_session/). An upload that
// was given up looks the same, so a library knows no failed images.
func itemVerdict(i library.Item) (inventory.State, string) {
	deployable := i.Type == library.ItemTypeOVF || i.Type == library.ItemTypeVMTX
	switch {
	case i.Type != "" && !deployable:
		return inventory.Absent, "the item of this name is neither an OVF nor a template: an upload would stop at its name"
	case !i.Cached && i.SourceID != "":
		return inventory.Pending, "the item's files have not been downloaded from the library that this one subscribes to"
	case !i.Cached, !deployable, i.Type == library.ItemTypeOVF && i.Size == 0:
		return inventory.Pending, "the item's files are not all there: it is being uploaded; remove it if not"
	}
	return inventory.Present, ""
}
