package clouds

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/vapi/library"
)

// A LibraryItem is an item of a content library.
type LibraryItem struct {
	Name       string
	Type       string    // ovf (default), vm-template, iso, …
	Size       int64     // of its files; default: 1 GiB
	Empty      bool      // it has no files
	Uncached   bool      // its files are not all there
	Subscribed bool      // it comes from the library of another vCenter
	Created    time.Time // default: one second later than the item added before
}

// vsphereREST is the REST interface as far as sessions and reading content libraries goes. It is our own, because the items of
// govmomi's simulator of it are always whole, and an empty list is null there.
// See https://developer.broadcom.com/xapis/vsphere-automation-api/latest/content/library/
type vsphereREST struct {
	user, password string

	mu        sync.Mutex
	made      int // numbers everything that gets an ID
	sessions  map[string]bool
	libraries []*vsphereLibrary
}

type vsphereLibrary struct {
	id, name string
	items    []library.Item
}

func newVSphereREST(user, password string) *vsphereREST {
	return &vsphereREST{user: user, password: password, sessions: map[string]bool{}}
}

// AddLibrary makes a content library where there is none of that name. Upper and lower case are the same in names.
func (v *VSphere) AddLibrary(name string) {
	v.rest.mu.Lock()
	defer v.rest.mu.Unlock()
	v.rest.library(name)
}

// AddItem puts an item into a content library, which is made where it is missing, and returns the item's ID. An item of that
// name in that library is replaced.
func (v *VSphere) AddItem(into string, i LibraryItem) string {
	v.rest.mu.Lock()
	defer v.rest.mu.Unlock()
	l := v.rest.library(into)
	l.items = slices.DeleteFunc(l.items, func(old library.Item) bool { return old.Name == i.Name })
	item := v.rest.item(l, i)
	l.items = append(l.items, item)
	return item.ID
}

// library finds or makes a library. The caller holds the lock.
func (s *vsphereREST) library(name string) *vsphereLibrary {
	if found := s.find(name); len(found) > 0 {
		return found[0]
	}
	l := &vsphereLibrary{id: s.newID(), name: name}
	s.libraries = append(s.libraries, l)
	return l
}

func (s *vsphereREST) find(name string) []*vsphereLibrary {
	var found []*vsphereLibrary
	for _, l := range s.libraries {
		if strings.EqualFold(l.name, name) {
			found = append(found, l)
		}
	}
	return found
}

func (s *vsphereREST) newID() string {
	s.made++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.made)
}

func (s *vsphereREST) item(l *vsphereLibrary, i LibraryItem) library.Item {
	item := library.Item{
		ID: s.newID(), LibraryID: l.id, Name: i.Name, Type: cmp.Or(i.Type, "ovf"), Cached: !i.Uncached,
		CreationTime: &i.Created,
	}
	if i.Created.IsZero() {
		*item.CreationTime = time.Date(2024, time.January, 1, 0, 0, s.made, 0, time.UTC)
	}
	if !i.Empty && !i.Uncached {
		item.Size = cmp.Or(i.Size, 1<<30)
	}
	if i.Subscribed {
		item.SourceID = s.newID()
	}
	return item
}

func (s *vsphereREST) openSessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}
