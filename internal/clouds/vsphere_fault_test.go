package clouds

import (
	"errors"
	"net/url"
	"testing"

	"github.com/vmware/govmomi"
	"github.com/vmware/govmomi/object"
)

func TestVSphereSessions(t *testing.T) {
	t.Parallel()
	v := NewVSphere(VSphereConfig{})
	u := vsphereURL(t, v, vspherePassword)
	_, err := govmomi.NewClient(t.Context(), &url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, User: url.UserPassword(vsphereUser, "wrong")}, true)
	if got := faultOf(err); got != "InvalidLogin" || v.Sessions() != 0 {
		t.Errorf("a wrong password gives %s and %d sessions", got, v.Sessions())
	}
	c, err := govmomi.NewClient(t.Context(), u, true)
	if err != nil || v.Sessions() != 1 {
		t.Fatalf("got %v and %d sessions, want 1", err, v.Sessions())
	}
	if err := c.Logout(t.Context()); err != nil || v.Sessions() != 0 {
		t.Errorf("got %v and %d sessions, want 0", err, v.Sessions())
	}
	_, err = object.NewSearchIndex(c.Client).FindByInventoryPath(t.Context(), "dc")
	if got := faultOf(err); got != "NotAuthenticated" {
		t.Errorf("without a session: got %s", got)
	}
}

// TestVSphereFaults has the first request after the login fail, and the login itself.
func TestVSphereFaults(t *testing.T) {
	t.Parallel()
	for f, want := range map[Fault]struct{ call, login string }{
		Forbidden:       {"NoPermission", "<nil>"},
		Unauthenticated: {"NotAuthenticated", "InvalidLogin"},
		ServerError:     {"SystemError", "SystemError"},
		Throttled:       {"503 Service Unavailable", "503 Service Unavailable"},
		Unavailable:     {"503 Service Unavailable", "503 Service Unavailable"},
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			v := NewVSphere(VSphereConfig{})
			u := vsphereURL(t, v, vspherePassword)
			c, err := govmomi.NewClient(t.Context(), u, true)
			if err != nil {
				t.Fatal(err)
			}
			v.Fail(u.Host, f)
			_, err = object.NewSearchIndex(c.Client).FindByInventoryPath(t.Context(), "dc")
			if got := vsphereStatus(err); got != want.call {
				t.Errorf("a call: got %s, want %s", got, want.call)
			}
			_, err = govmomi.NewClient(t.Context(), u, true)
			if got := vsphereStatus(err); got != want.login {
				t.Errorf("the login: got %s, want %s", got, want.login)
			}
		})
	}
}

func vsphereStatus(err error) string {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err.Error()
	}
	return faultOf(err)
}
