// Package vsphere looks for virtual machine templates in a folder of a vCenter, as Cluster API's provider for vSphere looks them
// up, or for items of a content library.
package vsphere

import (
	"context"
	"fmt"
	"time"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// Options are what a look needs beside the settings. The zero value has no credentials, and is right for production otherwise.
type Options struct {
	// Getenv reads the variables that govc reads, see [New]; nil means that none is set.
	Getenv func(string) string
	// MaxBackoff bounds the wait before a request is sent again; 0 means a minute.
	MaxBackoff time.Duration
}

// New returns a source for every vCenter of the settings; its location is the host and port of the vCenter's address. Nothing is
// called yet.
//
// The environment is the one of govc (vmware/govmomi, govc/README.md): GOVC_URL where the settings have no address,
// GOVC_USERNAME and GOVC_PASSWORD or files that hold them, GOVC_INSECURE, GOVC_TLS_CA_CERTS and GOVC_TLS_KNOWN_HOSTS. Where the
// settings have a prefix, PREFIX_GOVC_… comes before each. What is missing or wrong there is the error of every look, so that
// other providers are still looked at. The error of New is about the settings.
func New(settings imageset.VSphere, opts Options) ([]inventory.Source, error) {
	env := environment{get: opts.Getenv, prefix: settings.Prefix}
	addresses := settings.URLs
	if len(addresses) == 0 {
		addresses = []string{settings.URL}
	}
	var sources []inventory.Source
	seen := make(map[string]bool)
	for _, address := range addresses {
		account, err := env.account(address)
		if err != nil {
			return nil, err
		}
		if seen[account.location] {
			return nil, fmt.Errorf("the vCenter %s is given twice", account.location)
		}
		seen[account.location] = true
		sources = append(sources, &vcenter{account: account, settings: settings, maxBackoff: opts.MaxBackoff})
	}
	return sources, nil
}

// vcenter is the source of one vCenter.
type vcenter struct {
	account    account
	settings   imageset.VSphere
	maxBackoff time.Duration
}

func (v *vcenter) Locations() []string { return []string{v.account.location} }

// Look logs in, asks about everything in the folder or library at once, and logs out again.
func (v *vcenter) Look(ctx context.Context, images []inventory.Image) (inventory.Findings, error) {
	if v.account.problem != nil {
		return nil, v.account.problem
	}
	client, err := v.account.client()
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	if v.settings.Library != "" {
		return v.lookInLibrary(ctx, client, images)
	}
	return v.lookInFolder(ctx, client, images)
}

// logoutTime bounds the logout, which also happens when the look's own time is up. It is short, as whoever cancelled is waiting;
// vCenter ends a session that stays behind when it has not been used for a while.
const logoutTime = 2 * time.Second

// logout ends a session. That it couldn't be ended changes nothing about what was found.
func logout(ctx context.Context, end func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), logoutTime)
	defer cancel()
	_ = end(ctx)
}

// keepSure drops the findings of half an answer, but for the images that the consumer certainly finds: what else a finding says
// may be otherwise in the other half.
func keepSure(findings inventory.Findings, sure map[string]bool) inventory.Findings {
	for lookup := range findings {
		if !sure[lookup] {
			delete(findings, lookup)
		}
	}
	return findings
}
