package provider_test

import (
	"strings"
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/vsphere"
)

func vspherePlace(t *testing.T) *place {
	const folder, user, secret = "/dc/vm/templates", "svc-nodeimage", "not-to-be-shown"
	vcenter := clouds.NewVSphere(clouds.VSphereConfig{User: user, Password: secret, PageLimit: 3})
	vcenter.AddFolder(folder)
	server := clouds.Start(vcenter)
	t.Cleanup(server.Close)
	environment := map[string]string{"GOVC_USERNAME": user, "GOVC_PASSWORD": secret}
	sources, err := vsphere.New(imageset.VSphere{URL: server.URL + "/sdk", Folder: folder}, vsphere.Options{
		MaxBackoff: time.Millisecond,
		Getenv:     func(name string) string { return environment[name] },
	})
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(server.URL, "http://")
	states := map[inventory.State]clouds.VirtualMachine{
		inventory.Present: {}, inventory.Pending: {Creating: true}, inventory.Failed: {Connection: "orphaned"},
	}
	return &place{
		source: sources[0], location: host, behaviour: &vcenter.Behaviour, faultAt: host,
		put: func(image inventory.Image, state inventory.State) {
			machine := states[state]
			machine.Name = image.Lookup
			vcenter.AddMachine(folder, machine)
		},
		lookalike: func(image inventory.Image) {
			vcenter.AddMachine(folder, clouds.VirtualMachine{Name: image.Lookup, Plain: true})
			vcenter.AddMachine("/dc/vm/others", clouds.VirtualMachine{Name: image.Lookup})
		},
		pages: func() {}, // three machines a page, from the start
		operations: []string{
			"RetrieveServiceContent", "Login", "FindByInventoryPath", "RetrievePropertiesEx",
			"ContinueRetrievePropertiesEx", "Logout",
		},
		secret: secret,
	}
}

// vsphereLibraryPlace is a content library, whose items are there or not.
func vsphereLibraryPlace(t *testing.T) *place {
	const library, user, secret = "images", "svc-nodeimage", "not-to-be-shown"
	vcenter := clouds.NewVSphere(clouds.VSphereConfig{User: user, Password: secret})
	vcenter.AddLibrary(library)
	server := clouds.Start(vcenter)
	t.Cleanup(server.Close)
	environment := map[string]string{"GOVC_USERNAME": user, "GOVC_PASSWORD": secret}
	sources, err := vsphere.New(imageset.VSphere{URL: server.URL + "/sdk", Library: library}, vsphere.Options{
		MaxBackoff: time.Millisecond,
		Getenv:     func(name string) string { return environment[name] },
	})
	if err != nil {
		t.Fatal(err)
	}
	host := strings.TrimPrefix(server.URL, "http://")
	return &place{
		source: sources[0], location: host, behaviour: &vcenter.Behaviour, faultAt: host,
		put: func(image inventory.Image, _ inventory.State) {
			vcenter.AddItem(library, clouds.LibraryItem{Name: image.Lookup})
		},
		operations: []string{
			"cis.session.create", "content.library.find", "content.library.item.list", "content.library.item.find",
			"content.library.item.get", "cis.session.delete",
		},
		secret: secret,
	}
}
