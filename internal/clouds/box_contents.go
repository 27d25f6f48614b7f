package clouds

import (
	"cmp"
	"maps"
	"slices"
)

// regions are those with images, in order.
func (e *EC2) regions() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Sorted(maps.Keys(e.images))
}

// named returns the IDs of the images in a region that have the name and the owner of another.
func (e *EC2) named(region string, a AMI) []string {
	owner := cmp.Or(a.Owner, e.config.Account)
	var ids []string
	for _, i := range e.region(region) {
		if i.Name == a.Name && i.Owner == owner {
			ids = append(ids, i.ID)
		}
	}
	return ids
}

func (e *EC2) removeAll() {
	e.mu.Lock()
	defer e.mu.Unlock()
	clear(e.images)
}

// contents are the objects of all buckets.
func (s *S3) contents() map[string]map[string]S3Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]map[string]S3Object{}
	for name, b := range s.buckets {
		all[name] = maps.Clone(b.objects)
	}
	return all
}

func (s *S3) removeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.buckets {
		clear(b.objects)
	}
}

// names are those of all machines, as the vCenter writes them, in order.
func (v *VSphere) names() []string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	names := []string{}
	for _, m := range v.machines {
		names = append(names, m.Name)
	}
	return slices.Sorted(slices.Values(names))
}

// has reports whether a folder, which is made where it is missing, has a machine of the name.
func (v *VSphere) has(folder, name string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	parent := v.folder(folder)
	for _, m := range v.machines {
		if m.folder == parent && m.Name == vsphereEscape.Replace(name) {
			return true
		}
	}
	return false
}

func (v *VSphere) removeAll() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, m := range v.machines {
		v.remove(m)
	}
}
