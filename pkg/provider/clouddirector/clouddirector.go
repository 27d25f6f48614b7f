// Package clouddirector looks for vApp templates in a catalog of VMware Cloud Director, as Cluster API's provider for it
// (CAPVCD) looks them up.
//
// One look logs in, asks for the catalog, lists its templates in pages of 128, and logs out: five requests for up to 128
// templates, however many names are looked for, and one more for each further page. With an API token it takes one more to log
// in.
//
// VMware's SDK logs in, names the API version and makes the requests. It can't be cancelled, tells errors apart by their text
// only, tries nothing again, and takes an empty page for an empty catalog; what the package adds makes up for that. The SDK's
// debugging switches (GOVCD_LOG, GOVCD_SHOW_REQ and so on: go-vcloud-director, util/LOGGING.md) stay the user's own: nothing here
// turns them on, and GOVCD_SHOW_REQ prints API tokens.
package clouddirector

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// Options are what a look needs beside the settings. The zero value has no environment, and so finds no credentials.
type Options struct {
	// Getenv reads the environment: VCD_URL, VCD_API_TOKEN, VCD_USER, VCD_PASSWORD and VCD_ALLOW_UNVERIFIED_SSL, by the
	// names and meanings of the Terraform provider (https://registry.terraform.io/providers/vmware/vcd/latest/docs), each
	// first with the settings' prefix.
	Getenv func(string) string
	// MaxBackoff bounds the wait between two attempts at a request, also where the server asks for a longer one; 0 means a
	// minute.
	MaxBackoff time.Duration
}

// New returns one source, for the catalog of the settings. Nothing is called yet. The error names every setting and variable that
// is missing or wrong, never its value.
func New(settings imageset.CloudDirector, opts Options) ([]inventory.Source, error) {
	account, err := newAccount(settings, opts.Getenv)
	if err != nil {
		return nil, err
	}
	transport := newTransport(account.unverified)
	return []inventory.Source{&catalog{
		name: settings.Catalog, account: account, transport: transport,
		wire: &wire{inventory.RetryBusy(inventory.CountRequests(transport), opts.MaxBackoff)},
	}}, nil
}

// catalog is the source of one catalog.
type catalog struct {
	name      string
	account   account
	transport *http.Transport
	wire      http.RoundTripper
}

func (c *catalog) Locations() []string { return []string{c.account.org + "/" + c.name} }

// Look lists all templates of the catalog and finds the names among them: the query service can be asked for one name at a time
// only.
func (c *catalog) Look(ctx context.Context, images []inventory.Image) (inventory.Findings, error) {
	defer c.transport.CloseIdleConnections()
	s := newSession(c.account, c.wire)
	defer s.logOut(ctx)
	if err := s.logIn(ctx, c.account); err != nil {
		return nil, fmt.Errorf("logging in to organisation %s: %w", c.account.org, tidy(err))
	}
	scope, err := s.findCatalog(ctx, c.account.org, c.name)
	if err != nil {
		return nil, fmt.Errorf("looking for catalog %s of organisation %s: %w", c.name, c.account.org, tidy(err))
	}
	templates, err := s.templates(ctx, c.name)
	if err != nil {
		return nil, fmt.Errorf("listing the vApp templates of catalog %s: %w", c.Locations()[0], tidy(err))
	}
	findings := make(inventory.Findings, len(images))
	for _, image := range images {
		finding := scope.judge(templates[image.Lookup])
		finding.Location = c.Locations()[0]
		findings.Add(image, finding)
	}
	return findings, nil
}
