package vsphere_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// library is a source that looks at the content library "images" of the vCenter at url.
func library(t *testing.T, url string) inventory.Source {
	t.Helper()
	return newSource(t, imageset.VSphere{URL: url + "/sdk", Library: "images"}, getenv())
}

// TestItems says what each state of an item is to the consumer.
func TestItems(t *testing.T) {
	t.Parallel()
	created := time.Date(2024, 7, 2, 13, 35, 34, 0, time.UTC)
	const (
		date    = "2024-07-02T13:35:34Z"
		partial = "the item's files are not all there: it is being uploaded; remove it if not"
		wrong   = "the item of this name is neither an OVF nor a template: an upload would stop at its name"
	)
	for name, c := range map[string]struct {
		item    clouds.LibraryItem
		state   inventory.State
		created string
		note    string
	}{
		"OVF":             {clouds.LibraryItem{}, inventory.Present, date, ""},
		"template":        {clouds.LibraryItem{Type: "vm-template", Empty: true}, inventory.Present, date, ""},
		"subscribed":      {clouds.LibraryItem{Subscribed: true}, inventory.Present, date, ""},
		"without files":   {clouds.LibraryItem{Empty: true}, inventory.Pending, date, partial},
		"not all files":   {clouds.LibraryItem{Uncached: true}, inventory.Pending, date, partial},
		"not downloaded":  {clouds.LibraryItem{Uncached: true, Subscribed: true}, inventory.Pending, date, "the item's files have not been downloaded from the library that this one subscribes to"},
		"another type":    {clouds.LibraryItem{Type: "iso"}, inventory.Absent, "", wrong},
		"an unknown type": {clouds.LibraryItem{Type: secret}, inventory.Absent, "", wrong},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVCenter()
			c.item.Name, c.item.Created = "image", created
			id := v.AddItem("images", c.item)
			v.AddItem("others", clouds.LibraryItem{Name: "elsewhere"})
			url := start(t, v)
			findings, err := library(t, url).Look(t.Context(), images("image", "Image", "elsewhere"))
			if err != nil {
				t.Fatal(err)
			}
			want := inventory.Finding{Location: host(url), State: c.state, Created: c.created}
			if c.state != inventory.Absent {
				want.ID = id
			}
			if c.note != "" {
				want.Notes = []string{c.note}
			}
			absent := []inventory.Finding{{Location: host(url), State: inventory.Absent}}
			if diff := cmp.Diff(inventory.Findings{"image": {want}, "Image": absent, "elsewhere": absent}, findings); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestLibraryRequests counts what 77 names cost, of which 7 are there.
func TestLibraryRequests(t *testing.T) {
	t.Parallel()
	for items, want := range map[int]map[string]int{
		7:   {"content.library.item.list": 1, "content.library.item.get": 7},
		77:  {"content.library.item.list": 1, "content.library.item.get": 77},
		300: {"content.library.item.list": 1, "content.library.item.find": 77, "content.library.item.get": 7},
	} {
		t.Run(fmt.Sprint(items), func(t *testing.T) {
			t.Parallel()
			v := newVCenter()
			for i := range items {
				name := fmt.Sprintf("other-%d", i)
				if i < 7 {
					name = fmt.Sprintf("image-%d", i)
				}
				v.AddItem("images", clouds.LibraryItem{Name: name})
			}
			names := make([]string, 77)
			for i := range names {
				names[i] = fmt.Sprintf("image-%d", i)
			}
			source := library(t, start(t, v))
			result := inventory.Gather(t.Context(), []inventory.Target{{Source: source, Images: images(names...)}}, inventory.Options{})[0]
			want["cis.session.create"], want["content.library.find"], want["cis.session.delete"] = 1, 1, 1
			got, present := map[string]int{}, 0
			for _, o := range operations(v) {
				got[o]++
			}
			for _, n := range names {
				if result.Findings[n][0].State == inventory.Present {
					present++
				}
			}
			if diff := cmp.Diff(want, got); diff != "" || result.Err != nil || present != 7 || int(result.Calls) != len(v.Requests()) {
				t.Errorf("%d are present, %d calls, error %v (-want +got):\n%s", present, result.Calls, result.Err, diff)
			}
		})
	}
}

// TestLibraryFaults breaks the vCenter beginning with one of a look's six requests.
func TestLibraryFaults(t *testing.T) {
	t.Parallel()
	const (
		in, find, read = "logging in to HOST: ", "finding the content library images: ", "reading the items of the content library images: "
		nonsense       = "the answer is incomplete or not one of a vCenter"
	)
	for _, c := range []struct {
		fault clouds.Fault
		from  int
		want  string
	}{
		{clouds.Forbidden, 1, find + "HTTP 403"},
		{clouds.Unauthenticated, 1, in + "HTTP 401"},
		{clouds.Unauthenticated, 3, read + "HTTP 401"},
		{clouds.ThrottledOnce, 1, ""},
		{clouds.ThrottledOnce, 4, ""},
		{clouds.Throttled, 1, in + "HTTP 503"},
		{clouds.ServerError, 2, find + "HTTP 500"},
		{clouds.ServerError, 4, read + "HTTP 500"},
		{clouds.Unavailable, 3, read + "HTTP 503"},
		{clouds.Reset, 4, read + "connection reset by peer"},
		{clouds.Truncated, 1, in + "the answer ended early"},
		{clouds.Truncated, 3, read + "the answer ended early"},
		{clouds.Garbage, 1, in + nonsense},
		{clouds.Garbage, 2, find + nonsense},
		{clouds.Garbage, 4, read + nonsense},
	} {
		t.Run(fmt.Sprintf("%s %d", c.fault, c.from), func(t *testing.T) {
			t.Parallel()
			v := newVCenter()
			v.AddItem("images", clouds.LibraryItem{Name: "image"})
			url := start(t, v)
			v.FailFrom(host(url), c.from, c.fault)
			findings, err := library(t, url).Look(t.Context(), images("image", "missing"))
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), host(url), "HOST")
			}
			if got != c.want || (err == nil) != (len(findings) == 2) || err != nil && len(findings) > 0 {
				t.Errorf("got %+v and %q, want %q", findings, got, c.want)
			}
		})
	}
}

// TestLibraryAnswers holds that what is no answer, though it is JSON, is an error.
func TestLibraryAnswers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ where, answer, want string }{
		"an empty object":  {"/content/library/item", `{}`, "reading the items of the content library images: the answer is incomplete or not one of a vCenter"},
		"null":             {"/content/library/item", `{"value":null}`, "reading the items of the content library images: the answer is incomplete or not one of a vCenter"},
		"another type":     {"/content/library/item", `{"value":"x"}`, "reading the items of the content library images: the answer is incomplete or not one of a vCenter"},
		"an empty item":    {"/id:", `{"value":{}}`, "reading the items of the content library images: the answer is incomplete or not one of a vCenter"},
		"another item":     {"/id:", `{"value":{"id":"x","name":"image"}}`, "reading the items of the content library images: the answer is incomplete or not one of a vCenter"},
		"no library":       {"find", `{"value":[]}`, "finding the content library images: it does not exist, or the account may not see it"},
		"too many":         {"find", `{"value":["a","b"]}`, "finding the content library images: there are 2 of this name"},
		"an empty session": {"/cis/session", `{}`, "logging in to HOST: the answer is incomplete or not one of a vCenter"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVCenter()
			v.AddItem("images", clouds.LibraryItem{Name: "image"})
			url := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if strings.Contains(r.URL.String(), c.where) && r.Method != http.MethodDelete {
					_, _ = io.WriteString(w, c.answer)
					return
				}
				v.ServeHTTP(w, r)
			}))
			findings, err := library(t, url).Look(t.Context(), images("image"))
			if err == nil || len(findings) > 0 {
				t.Fatalf("got %+v and %v, want an error", findings, err)
			}
			if got := strings.ReplaceAll(err.Error(), host(url), "HOST"); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
			if n := v.Sessions(); n != 0 {
				t.Errorf("%d sessions are still open", n)
			}
		})
	}
}

// TestItemRemoved has an item that is removed between the list and its reading. Its library has a name in other letters.
func TestItemRemoved(t *testing.T) {
	t.Parallel()
	v := newVCenter()
	for _, name := range []string{"removed", "there"} {
		v.AddItem("IMAGES", clouds.LibraryItem{Name: name})
	}
	var once sync.Once
	url := start(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/id:") {
			once.Do(func() { v.AddItem("images", clouds.LibraryItem{Name: "removed"}) }) // under another ID
		}
		v.ServeHTTP(w, r)
	}))
	findings, err := library(t, url).Look(t.Context(), images("removed", "there"))
	if err != nil || findings["removed"][0].State != inventory.Absent || findings["there"][0].State != inventory.Present {
		t.Errorf("got %+v and %v", findings, err)
	}
}

func TestNoLibrary(t *testing.T) {
	t.Parallel()
	v := newVCenter()
	v.AddItem("others", clouds.LibraryItem{Name: "image"})
	findings, err := library(t, start(t, v)).Look(t.Context(), images("image"))
	if want := "finding the content library images: it does not exist, or the account may not see it"; err == nil || err.Error() != want || len(findings) > 0 {
		t.Errorf("got %+v and %v, want %s", findings, err, want)
	}
	if n := v.Sessions(); n != 0 {
		t.Errorf("%d sessions are still open", n)
	}
}
