package release

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/name"
)

// lookups says under which name an image set has a release's provider: that of the Cluster API provider whose charts look the
// image up. Without one the provider's clusters have no image of ours: EKS nodes run Amazon Linux (giantswarm/cluster-eks), AKS nodes
// are Azure's own.
func lookups() map[string]string {
	return map[string]string{
		"aws": "capa", "azure": "capz", "vsphere": "capv", "cloud-director": "capvcd", "proxmox": "capmox", "eks": "", "aks": "",
	}
}

// arm64Since is the major version of the first AWS releases whose workers may have arm64 processors (giantswarm/cluster-aws, MachinePools in
// v8.5.0, Karpenter in v8.9.0).
const arm64Since = 35

// Map says at which providers of the image set a release's provider has its images, where that is not told by their names. An empty
// list means that releases of the provider are not checked.
type Map map[string][]string

// Add adds a mapping in the form PROVIDER=NAME[,NAME…], such as aws=capa,capa-china. The set, where it is not nil, has to have the
// names. The error continues a sentence that begins with the value.
func (m Map) Add(value string, set *imageset.ImageSet) error {
	provider, list, found := strings.Cut(value, "=")
	if !found || provider == "" {
		return errors.New("must be PROVIDER=NAME[,NAME…], such as aws=capa,capa-china")
	}
	if _, twice := m[provider]; twice {
		return fmt.Errorf("%s is given twice", provider)
	}
	m[provider] = []string{}
	if list == "" {
		return nil
	}
	var unknown []string
	for _, n := range strings.Split(list, ",") {
		if set != nil && !has(set, n) {
			unknown = append(unknown, strconv.Quote(n))
		}
		m[provider] = append(m[provider], n)
	}
	if unknown != nil {
		return fmt.Errorf("the image set does not have %s, but %s", strings.Join(unknown, ", "), listed(set))
	}
	return nil
}

func has(set *imageset.ImageSet, provider string) bool {
	_, ok := set.Providers[provider]
	return ok
}

func listed(set *imageset.ImageSet) string {
	return strings.Join(slices.Sorted(maps.Keys(set.Providers)), ", ")
}

// providers are the image set's providers that must have a release's image: those of the mapping, or else, by name, the one that is
// called like the Cluster API provider and those that are called like it with a dash behind: capa, capa-arm64, capa-china. Either
// way those for arm64 count only for releases that have such workers. The problem says why there are none; unneeded why none are
// needed.
func (m Map) providers(r Release, set *imageset.ImageSet) (found []string, unneeded, problem string) {
	if given, ok := m[r.Provider]; ok {
		if len(given) == 0 {
			return nil, "releases of " + r.Provider + " are not to be checked", ""
		}
		if found = r.booting(given, set); len(found) == 0 {
			return nil, fmt.Sprintf("releases of %s before %d have no arm64 workers", r.Provider, arm64Since), ""
		}
		return found, "", ""
	}
	id, known := lookups()[r.Provider]
	switch {
	case !known:
		return nil, "", fmt.Sprintf("the provider %q is none of %s (--provider-map %s=NAME says where its images are)",
			r.Provider, strings.Join(slices.Sorted(maps.Keys(lookups())), ", "), r.Provider)
	case id == "":
		return nil, "clusters of " + r.Provider + " have no node image of their own", ""
	}
	if found = r.booting(named(id, set), set); len(found) == 0 {
		return nil, "", fmt.Sprintf("the image set has no provider %s or %s-…, but %s (--provider-map %s=NAME says where the images of %s are)",
			id, id, listed(set), r.Provider, r.Provider)
	}
	return found, "", ""
}

func named(id string, set *imageset.ImageSet) []string {
	var out []string
	for _, p := range slices.Sorted(maps.Keys(set.Providers)) {
		if p == id || strings.HasPrefix(p, id+"-") {
			out = append(out, p)
		}
	}
	return out
}

// booting are the providers whose images the release's clusters boot.
func (r Release) booting(providers []string, set *imageset.ImageSet) []string {
	var out []string
	for _, p := range providers {
		if arm64 := set.Providers[p].Architecture() == name.ARM64; !arm64 || r.Provider != "aws" || r.Version.Major() >= arm64Since {
			out = append(out, p)
		}
	}
	return out
}
