package clouds

import (
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/vmware/govmomi/vapi/library"
	"github.com/vmware/govmomi/vapi/rest"
	"github.com/vmware/govmomi/vim25"
	"github.com/vmware/govmomi/vim25/soap"
)

// vsphereLibraries returns govmomi's own client of the REST interface, not logged in.
func vsphereLibraries(t *testing.T, v *VSphere) (*library.Manager, *url.Userinfo) {
	t.Helper()
	u := vsphereURL(t, v, vspherePassword)
	return library.NewManager(rest.NewClient(&vim25.Client{Client: soap.NewClient(u, true)})), u.User
}

func TestVSphereLibraries(t *testing.T) {
	t.Parallel()
	v := NewVSphere(VSphereConfig{})
	v.AddLibrary("empty")
	old := v.AddItem("images", LibraryItem{Name: "a", Type: "iso"})
	a := v.AddItem("images", LibraryItem{Name: "a"}) // in place of the other
	b := v.AddItem("Images", LibraryItem{Name: "b", Uncached: true, Subscribed: true})
	m, user := vsphereLibraries(t, v)
	if err := m.Login(t.Context(), user); err != nil {
		t.Fatal(err)
	}
	libraries, err := m.FindLibrary(t.Context(), library.Find{Name: "IMAGES"})
	if err != nil || len(libraries) != 1 {
		t.Fatalf("got %v and %v, want one library", libraries, err)
	}
	ids, err := m.ListLibraryItems(t.Context(), libraries[0])
	if diff := cmp.Diff([]string{a, b}, ids); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	ids, err = m.FindLibraryItems(t.Context(), library.FindItem{LibraryID: libraries[0], Name: "B"})
	if diff := cmp.Diff([]string{b}, ids); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	whole, err := m.GetLibraryItem(t.Context(), a)
	if err != nil || !whole.Cached || whole.Size == 0 || whole.Type != "ovf" || whole.SourceID != "" || whole.CreationTime.IsZero() {
		t.Errorf("got %+v and %v", whole, err)
	}
	half, err := m.GetLibraryItem(t.Context(), b)
	if err != nil || half.Cached || half.Size != 0 || half.SourceID == "" {
		t.Errorf("got %+v and %v", half, err)
	}
	if _, err := m.GetLibraryItem(t.Context(), old); !rest.IsStatusError(err, 404) {
		t.Errorf("the replaced item: got %v, want 404", err)
	}
	if err := m.Logout(t.Context()); err != nil || v.Sessions() != 0 {
		t.Errorf("got %v and %d sessions, want 0", err, v.Sessions())
	}
}

func TestVSphereLibraryFaults(t *testing.T) {
	t.Parallel()
	for f, want := range map[Fault]struct{ call, login int }{
		None:            {200, 200},
		Forbidden:       {403, 200},
		Unauthenticated: {401, 401},
		ServerError:     {500, 500},
		Throttled:       {503, 503},
		Unavailable:     {503, 503},
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			v := NewVSphere(VSphereConfig{})
			m, user := vsphereLibraries(t, v)
			if err := m.Login(t.Context(), user); err != nil {
				t.Fatal(err)
			}
			v.Fail(m.URL().Host, f)
			if _, err := m.FindLibrary(t.Context(), library.Find{Name: "a"}); !hasStatus(err, want.call) {
				t.Errorf("a call: got %v, want %d", err, want.call)
			}
			if err := m.Login(t.Context(), user); !hasStatus(err, want.login) {
				t.Errorf("the login: got %v, want %d", err, want.login)
			}
		})
	}
}

func hasStatus(err error, status int) bool {
	return status == 200 && err == nil || rest.IsStatusError(err, status)
}

func TestVSphereLibraryRefuses(t *testing.T) {
	t.Parallel()
	v := NewVSphere(VSphereConfig{})
	m, _ := vsphereLibraries(t, v)
	if _, err := m.FindLibrary(t.Context(), library.Find{Name: "a"}); !rest.IsStatusError(err, 401) {
		t.Errorf("without a session: got %v", err)
	}
	if err := m.Login(t.Context(), url.UserPassword(vsphereUser, "wrong")); !rest.IsStatusError(err, 401) {
		t.Errorf("a wrong password: got %v", err)
	}
	if err := m.Login(t.Context(), url.UserPassword(vsphereUser, vspherePassword)); err != nil {
		t.Fatal(err)
	}
	if _, err := m.ListLibraryItems(t.Context(), "missing"); !rest.IsStatusError(err, 404) {
		t.Errorf("a missing library: got %v", err)
	}
	if _, err := m.ListLibraries(t.Context()); !rest.IsStatusError(err, 404) {
		t.Errorf("an operation that nodeimage doesn't use: got %v", err)
	}
	if _, err := m.FindLibrary(t.Context(), library.Find{}); err == nil {
		t.Error("a search for nothing is answered")
	}
}
