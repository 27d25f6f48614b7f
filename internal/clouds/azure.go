package clouds

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// AzureConfig is what an Azure server can't change while it runs.
type AzureConfig struct {
	// Entra issues the tokens that are accepted. nil: every bearer token is.
	Entra *AzureEntra
	// Subscriptions exist beside those of the galleries, as that of somebody who only reads community galleries.
	Subscriptions []string
	// PageLimit is the most image definitions in one answer. 0: no limit.
	PageLimit int
	// RetryAfter is how long throttled clients are told to wait, in whole seconds.
	RetryAfter time.Duration
}

// An AzureGallery is a compute gallery. No two of a server have the same name.
type AzureGallery struct {
	Subscription  string
	ResourceGroup string
	Name          string
	PublicName    string // as a community gallery; default: it is none
}

// An AzureDefinition is an image definition of a gallery. Fields left empty get the default that their comment names.
type AzureDefinition struct {
	Name             string
	HyperVGeneration string // V1 or V2 (default)
	Architecture     string // x64 (default) or Arm64
}

// An AzureVersion is one version of an image definition. Fields left empty get the default that their comment names.
type AzureVersion struct {
	Name      string            // MAJOR.MINOR.PATCH
	State     string            // Succeeded (default), Creating, Updating, Migrating, Failed or Deleting
	Regions   map[string]string // "West Europe": Completed, Replicating, Failed or Unknown
	Published time.Time         // default: the first of January 2024
	EndOfLife time.Time         // zero: none
}

// Azure answers Azure Resource Manager's reads of compute galleries: GalleryImages_ListByGallery, GalleryImageVersions_Get,
// CommunityGalleryImages_List and CommunityGalleryImageVersions_Get. It refuses everything else. The location of a
// request is the gallery's name, or the region in which a community gallery is read. Clients send tokens over TLS only.
// See https://learn.microsoft.com/en-us/rest/api/compute/gallery-image-versions/get
type Azure struct {
	Behaviour
	config  AzureConfig
	handler http.Handler

	mu        sync.Mutex
	galleries []*azureGallery
}

type azureGallery struct {
	AzureGallery
	definitions []*azureDefinition // by name, which is the order of answers
}

type azureDefinition struct {
	AzureDefinition
	versions []AzureVersion
}

// NewAzure returns a server without galleries.
func NewAzure(c AzureConfig) *Azure {
	c.Subscriptions = slices.Clone(c.Subscriptions)
	a := &Azure{config: c}
	a.handler = a.wrap(a, http.HandlerFunc(a.answer))
	return a
}

// ServeHTTP answers one request.
func (a *Azure) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.handler.ServeHTTP(w, r) }

// AddGallery adds an empty gallery.
func (a *Azure) AddGallery(g AzureGallery) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.galleries = append(a.galleries, &azureGallery{AzureGallery: g})
}

// PutDefinition adds an image definition to a gallery, or replaces the one of its name, whose versions stay. It panics if there is
// no such gallery, as that is a mistake in a test.
func (a *Azure) PutDefinition(gallery string, d AzureDefinition) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.gallery(gallery).define(d).AzureDefinition = d.complete()
}

// PutVersion adds a version to an image definition, or replaces the one of its name. A definition that is missing is added with
// the defaults. It panics as PutDefinition does.
func (a *Azure) PutVersion(gallery, definition string, v AzureVersion) {
	a.mu.Lock()
	defer a.mu.Unlock()
	v.State = cmp.Or(v.State, "Succeeded")
	v.Regions = maps.Clone(v.Regions)
	if v.Published.IsZero() {
		v.Published = time.Date(2024, time.January, 1, 0, 0, 0, 0, time.UTC)
	}
	d := a.gallery(gallery).define(AzureDefinition{Name: definition})
	d.versions = slices.DeleteFunc(d.versions, func(old AzureVersion) bool { return old.Name == v.Name })
	d.versions = append(d.versions, v)
}

// RemoveVersion takes a version out of an image definition. It reports whether there was one.
func (a *Azure) RemoveVersion(gallery, definition, version string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	d := a.gallery(gallery).definition(definition)
	if d == nil {
		return false
	}
	before := len(d.versions)
	d.versions = slices.DeleteFunc(d.versions, func(v AzureVersion) bool { return v.Name == version })
	return len(d.versions) < before
}

// gallery finds what a test asks for. The caller holds the lock.
func (a *Azure) gallery(name string) *azureGallery {
	for _, g := range a.galleries {
		if g.Name == name {
			return g
		}
	}
	panic(fmt.Sprintf("clouds: no such gallery: %q", name))
}

// definition returns nil where there is none. Azure's names don't distinguish case.
func (g *azureGallery) definition(name string) *azureDefinition {
	for _, d := range g.definitions {
		if strings.EqualFold(d.Name, name) {
			return d
		}
	}
	return nil
}

// define returns the definition of the name, a new one where there is none.
func (g *azureGallery) define(d AzureDefinition) *azureDefinition {
	if old := g.definition(d.Name); old != nil {
		return old
	}
	added := &azureDefinition{AzureDefinition: d.complete()}
	g.definitions = append(g.definitions, added)
	slices.SortFunc(g.definitions, func(a, b *azureDefinition) int { return strings.Compare(a.Name, b.Name) })
	return added
}

func (d AzureDefinition) complete() AzureDefinition {
	d.HyperVGeneration = cmp.Or(d.HyperVGeneration, "V2")
	d.Architecture = cmp.Or(d.Architecture, "x64")
	return d
}

// version returns false where there is none.
func (d *azureDefinition) version(name string) (AzureVersion, bool) {
	i := slices.IndexFunc(d.versions, func(v AzureVersion) bool { return v.Name == name })
	if i < 0 {
		return AzureVersion{}, false
	}
	return d.versions[i], true
}

// replicated reports whether the version can be used in a region.
func (v AzureVersion) replicated(region string) bool {
	for name, state := range v.Regions {
		if azureRegion(name) == azureRegion(region) {
			return v.State == "Succeeded" && state == "Completed"
		}
	}
	return false
}

// azureRegion brings "West Europe" and "westeurope" into one form.
func azureRegion(name string) string { return strings.ToLower(strings.ReplaceAll(name, " ", "")) }
