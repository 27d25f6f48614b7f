package clouds

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// VCDConfig is what a Cloud Director server can't change while it runs.
type VCDConfig struct {
	// Org is the organisation that requests count for which tell none, such as the question for the API versions that
	// every client begins with. Default: none.
	Org string
	// Versions are the API versions that the server speaks. Default: those of Cloud Director 10.6.
	Versions []string
	// PageLimit is the most records in one page, whatever pageSize asks for. Default, and most: 128.
	PageLimit int
}

// A VCDTemplate is a vApp template in a catalog. Fields left empty get the default that their comment names.
type VCDTemplate struct {
	ID       string    // a UUID; default: the next free one
	Name     string    // not unique
	Status   string    // POWERED_OFF (default), UNRESOLVED, FAILED_CREATION, …; "-" leaves it out of answers
	Busy     bool      // a task is at work on it
	Disabled bool      // it is not enabled
	Expired  bool      // its storage lease has ended
	Created  time.Time // default: one second later than the template added before
}

// VCD answers what a tenant of VMware Cloud Director needs to log in, with a password or an API token, and to query the
// catalogs and vApp templates that the organisation may see. It refuses everything else. The location of faults and
// requests is the organisation. Clients expect it behind TLS.
// See https://developer.broadcom.com/xapis/vmware-cloud-director-api/37.0/ and
// https://developer.broadcom.com/xapis/vmware-cloud-director-openapi/latest/
type VCD struct {
	Behaviour
	config    VCDConfig
	xml, json http.Handler // the same answers, with refusals in the format of the API that was asked
	answers   atomic.Int64 // numbers the request IDs

	mu       sync.Mutex
	made     int // numbers organisations, catalogs, templates and sessions
	orgs     map[string]*vcdOrg
	catalogs []*vcdCatalog
	sessions map[string]string // organisation by access token
}

type vcdOrg struct {
	id        string
	passwords map[string]string // by user
	tokens    map[string]bool   // API tokens
}

type vcdCatalog struct {
	id, org, name string
	sharedWith    []string
	templates     []VCDTemplate
}

// NewVCD returns a server without organisations.
func NewVCD(c VCDConfig) *VCD {
	if len(c.Versions) == 0 {
		// giantswarm/image-distribution-operator docs/vcd-api-research.md: 10.6 speaks 37.x, 38.x and 39.x.
		c.Versions = []string{"37.0", "37.1", "37.2", "38.0", "38.1", "39.0"}
	}
	c.PageLimit = min(cmp.Or(c.PageLimit, vcdPageSize), vcdPageSize)
	v := &VCD{config: c, orgs: map[string]*vcdOrg{}, sessions: map[string]string{}}
	v.xml = v.wrap(vcdAPI{v, writeVCDError}, v.answering(writeVCDError))
	v.json = v.wrap(vcdAPI{v, writeVCDErrorJSON}, v.answering(writeVCDErrorJSON))
	return v
}

// ServeHTTP answers one request.
func (v *VCD) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if isVCDJSON(r) {
		v.json.ServeHTTP(w, r)
		return
	}
	v.xml.ServeHTTP(w, r)
}

// AddUser lets a user log in with a password. It makes the organisation if there is none.
func (v *VCD) AddUser(org, user, password string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.org(org).passwords[user] = password
}

// AddAPIToken lets somebody get access tokens for an API token. It makes the organisation if there is none.
func (v *VCD) AddAPIToken(org, token string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.org(org).tokens[token] = true
}

// AddCatalog makes an empty catalog, which other organisations may read too. It makes the organisation if there is none.
func (v *VCD) AddCatalog(org, name string, sharedWith ...string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.org(org)
	v.catalogs = append(v.catalogs, &vcdCatalog{id: v.uuid(), org: org, name: name, sharedWith: slices.Clone(sharedWith)})
}

// AddTemplate puts a vApp template into a catalog and returns its ID. A template with the same ID is replaced. It panics if
// there is no such catalog, as that is a mistake in a test.
func (v *VCD) AddTemplate(org, catalog string, t VCDTemplate) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.catalog(org, catalog)
	if c == nil {
		panic(fmt.Sprintf("clouds: organisation %q has no catalog %q", org, catalog))
	}
	t = v.complete(t)
	if n := slices.IndexFunc(c.templates, func(o VCDTemplate) bool { return o.ID == t.ID }); n >= 0 {
		c.templates[n] = t
		return t.ID
	}
	c.templates = append(c.templates, t)
	return t.ID
}

// RemoveTemplate takes a vApp template out of a catalog. It reports whether there was one.
func (v *VCD) RemoveTemplate(org, catalog, id string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	c := v.catalog(org, catalog)
	if c == nil {
		return false
	}
	before := len(c.templates)
	c.templates = slices.DeleteFunc(c.templates, func(t VCDTemplate) bool { return t.ID == id })
	return len(c.templates) < before
}

// Sessions returns how many sessions are open: logged in, and not logged out yet.
func (v *VCD) Sessions() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.sessions)
}

// org returns an organisation, a new one if need be. The caller holds the lock.
func (v *VCD) org(name string) *vcdOrg {
	if v.orgs[name] == nil {
		v.orgs[name] = &vcdOrg{id: v.uuid(), passwords: map[string]string{}, tokens: map[string]bool{}}
	}
	return v.orgs[name]
}

// catalog returns a catalog or nil. The caller holds the lock.
func (v *VCD) catalog(org, name string) *vcdCatalog {
	for _, c := range v.catalogs {
		if c.org == org && c.name == name {
			return c
		}
	}
	return nil
}

// complete fills in the defaults of a template. The caller holds the lock.
func (v *VCD) complete(t VCDTemplate) VCDTemplate {
	if t.ID == "" {
		t.ID = v.uuid()
	}
	t.Status = cmp.Or(t.Status, "POWERED_OFF")
	if t.Created.IsZero() {
		t.Created = time.Date(2024, time.January, 1, 0, 0, v.made, 0, time.UTC)
	}
	return t
}

// uuid returns the next UUID. The caller holds the lock.
func (v *VCD) uuid() string {
	v.made++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", v.made)
}
