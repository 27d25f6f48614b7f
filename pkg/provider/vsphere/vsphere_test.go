package vsphere_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/vsphere"
)

const (
	folder = "/dc/vm/templates"
	user   = "svc-nodeimage"
	secret = "not-to-be-shown"
)

func newVCenter() *clouds.VSphere {
	v := clouds.NewVSphere(clouds.VSphereConfig{User: user, Password: secret})
	v.AddFolder(folder)
	return v
}

func start(t *testing.T, cloud http.Handler) string {
	t.Helper()
	server := clouds.Start(cloud)
	t.Cleanup(server.Close)
	return server.URL
}

func host(url string) string { _, h, _ := strings.Cut(url, "://"); return h }

// getenv reads from a list of NAME=value, with the credentials beneath.
func getenv(list ...string) func(string) string {
	return func(name string) string {
		for _, entry := range append(list, "GOVC_USERNAME="+user, "GOVC_PASSWORD="+secret) {
			if key, value, _ := strings.Cut(entry, "="); key == name {
				return value
			}
		}
		return ""
	}
}

func newSource(t *testing.T, settings imageset.VSphere, getenv func(string) string) inventory.Source {
	t.Helper()
	sources, err := vsphere.New(settings, vsphere.Options{Getenv: getenv, MaxBackoff: time.Millisecond})
	if err != nil || len(sources) != 1 {
		t.Fatalf("got %d sources and %v, want one", len(sources), err)
	}
	return sources[0]
}

func images(names ...string) []inventory.Image {
	all := make([]inventory.Image, len(names))
	for i, n := range names {
		all[i].Lookup = n
	}
	return all
}

// look asks the folder of the vCenter at url.
func look(ctx context.Context, t *testing.T, url string, names ...string) (inventory.Findings, error) {
	t.Helper()
	return newSource(t, imageset.VSphere{URL: url + "/sdk", Folder: folder}, getenv()).Look(ctx, images(names...))
}

func operations(v *clouds.VSphere) (all []string) {
	for _, r := range v.Requests() {
		all = append(all, r.Operation)
	}
	return all
}

// TestRequests counts what 77 names cost, where a folder with some machines comes in some pages.
func TestRequests(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ machines, limit, pages int }{
		"empty":       {0, 0, 1},
		"one page":    {77, 77, 1},
		"two pages":   {78, 77, 2},
		"three pages": {200, 90, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := clouds.NewVSphere(clouds.VSphereConfig{User: user, Password: secret, PageLimit: c.limit})
			v.AddFolder(folder)
			for i := range c.machines {
				v.AddMachine(folder, clouds.VirtualMachine{Name: fmt.Sprintf("image-%d", i)})
			}
			names := make([]string, 77)
			for i := range names {
				names[i] = fmt.Sprintf("image-%d", i)
			}
			source := newSource(t, imageset.VSphere{URL: start(t, v), Folder: folder}, getenv())
			result := inventory.Gather(t.Context(), []inventory.Target{{Source: source, Images: images(names...)}}, inventory.Options{})[0]
			want := []string{"RetrieveServiceContent", "Login", "FindByInventoryPath", "RetrievePropertiesEx"}
			for range c.pages - 1 {
				want = append(want, "ContinueRetrievePropertiesEx")
			}
			want = append(want, "Logout")
			if diff := cmp.Diff(want, operations(v)); diff != "" || result.Err != nil {
				t.Errorf("%v (-want +got):\n%s", result.Err, diff)
			}
			if result.Calls != int64(len(want)) {
				t.Errorf("%d requests were counted, want %d", result.Calls, len(want))
			}
			if got := v.Requests()[3].Params.Get("maxObjects"); got != "500" {
				t.Errorf("a page may have %s objects, want 500", got)
			}
		})
	}
}

// except answers requests whose body has the text in another way.
func except(text string, answer http.HandlerFunc, cloud http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if strings.Contains(string(body)+r.URL.Path, text) {
			answer(w, r)
			return
		}
		cloud.ServeHTTP(w, r)
	})
}

// hang waits until the client is gone.
func hang(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // the server only sees the client go when it has read everything
	<-r.Context().Done()
}

func envelope(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" `+
			`xmlns:xsd="http://www.w3.org/2001/XMLSchema"><Body>`+body+`</Body></Envelope>`)
	}
}

// TestLogout holds that no session stays behind, however a look ends.
func TestLogout(t *testing.T) {
	t.Parallel()
	type ending struct {
		name   string
		where  string
		answer http.HandlerFunc
		ctx    func(context.Context) (context.Context, context.CancelFunc)
	}
	whole := func(ctx context.Context) (context.Context, context.CancelFunc) { return context.WithCancel(ctx) }
	short := func(ctx context.Context) (context.Context, context.CancelFunc) {
		return context.WithTimeout(ctx, 100*time.Millisecond)
	}
	fault := envelope(`<Fault><faultcode>x</faultcode><detail><f xsi:type="NoPermission"></f></detail></Fault>`)
	for _, c := range []ending{
		{"well", "nothing", nil, whole},
		{"no permission for the folder", "FindByInventoryPath", fault, whole},
		{"no permission for the machines", "RetrievePropertiesEx", fault, whole},
		{"garbage", "RetrievePropertiesEx", envelope("<a/>"), whole},
		{"deadline", "RetrievePropertiesEx", hang, short},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v := newVCenter()
			url := start(t, except(c.where, c.answer, v))
			ctx, cancel := c.ctx(t.Context())
			defer cancel()
			if _, err := look(ctx, t, url, "a"); (err == nil) != (c.answer == nil) {
				t.Errorf("got the error %v", err)
			}
			if n := v.Sessions(); n != 0 {
				t.Errorf("%d sessions are still open; requests: %v", n, operations(v))
			}
			if ops := operations(v); ops[len(ops)-1] != "Logout" {
				t.Errorf("the last request was %s", ops[len(ops)-1])
			}
		})
	}
}

// TestLogoutAfterCancel cancels the run while the vCenter lists its machines.
func TestLogoutAfterCancel(t *testing.T) {
	t.Parallel()
	v := newVCenter()
	ctx, cancel := context.WithCancel(t.Context())
	url := start(t, except("RetrievePropertiesEx", func(w http.ResponseWriter, r *http.Request) { cancel(); hang(w, r) }, v))
	if _, err := look(ctx, t, url, "a"); err == nil {
		t.Error("there is no error")
	}
	if n := v.Sessions(); n != 0 {
		t.Errorf("%d sessions are still open", n)
	}
}

// TestLogoutHangs holds that a vCenter that does not answer the logout does not keep the findings.
func TestLogoutHangs(t *testing.T) {
	t.Parallel()
	v := newVCenter()
	v.AddMachine(folder, clouds.VirtualMachine{Name: "a"})
	findings, err := look(t.Context(), t, start(t, except("<Logout", hang, v)), "a")
	if err != nil || findings["a"][0].State != inventory.Present {
		t.Errorf("got %+v and %v", findings, err)
	}
}

// TestAnswers holds that what is no answer of a vCenter is an error, and what it says.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const nonsense = "the answer is incomplete or not one of a vCenter"
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(code)
			_, _ = io.Copy(w, r.Body)
		}
	}
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, s) }
	}
	for name, c := range map[string]struct {
		where  string
		answer http.HandlerFunc
		want   string
	}{
		"nothing":           {"RetrieveServiceContent", text(""), "connecting to HOST: the answer ended early"},
		"JSON":              {"RetrieveServiceContent", text(`{"value": []}`), "connecting to HOST: the answer ended early"},
		"a web page":        {"RetrieveServiceContent", text("<html><p>Sign in"), "connecting to HOST: " + nonsense},
		"an empty envelope": {"RetrieveServiceContent", envelope(""), "connecting to HOST: " + nonsense},
		"another answer":    {"RetrieveServiceContent", envelope(`<LoginResponse xmlns="urn:vim25"/>`), "connecting to HOST: " + nonsense},
		"no content":        {"RetrieveServiceContent", envelope(`<RetrieveServiceContentResponse xmlns="urn:vim25"/>`), "connecting to HOST: " + nonsense},
		"no session manager": {"RetrieveServiceContent", envelope(`<RetrieveServiceContentResponse xmlns="urn:vim25"><returnval>` +
			`<searchIndex type="SearchIndex">SearchIndex</searchIndex></returnval></RetrieveServiceContentResponse>`), "connecting to HOST: " + nonsense},
		"an unknown fault":   {"<Login", envelope(`<Fault><faultstring>` + secret + `</faultstring></Fault>`), "logging in to HOST: a fault of an unknown kind"},
		"no login":           {"<Login", envelope(""), "logging in to HOST: " + nonsense},
		"a redirection":      {"<Login", status(http.StatusTemporaryRedirect), "logging in to HOST: HTTP 307"},
		"a proxy's refusal":  {"<Login", status(http.StatusForbidden), "logging in to HOST: HTTP 403"},
		"a web page for 500": {"<Login", status(http.StatusInternalServerError), "logging in to HOST: " + nonsense},
		"no machines":        {"RetrievePropertiesEx", envelope(""), "listing the virtual machines in " + folder + ": " + nonsense},
		"not even a name": {"RetrievePropertiesEx", envelope(`<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval><objects>` +
			`<obj type="VirtualMachine">vm-7</obj><propSet><name>name</name><val xsi:type="xsd:int">7</val></propSet></objects></returnval>` +
			`</RetrievePropertiesExResponse>`), "the names of these virtual machines in " + folder + " can't be read: vm-7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := start(t, except(c.where, c.answer, newVCenter()))
			findings, err := look(t.Context(), t, url, "a")
			if err == nil || len(findings) > 0 {
				t.Fatalf("got %+v and %v, want an error", findings, err)
			}
			if got := strings.ReplaceAll(err.Error(), host(url), "HOST"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), secret) || strings.Contains(fmt.Sprint(errors.Unwrap(err)), secret) {
				t.Errorf("the password shows in %v", err)
			}
		})
	}
}

// TestThrottled counts the attempts at a request that the vCenter never has the capacity for.
func TestThrottled(t *testing.T) {
	t.Parallel()
	v := newVCenter()
	url := start(t, v)
	v.Fail(host(url), clouds.Throttled)
	if _, err := look(t.Context(), t, url, "a"); err == nil {
		t.Error("there is no error")
	}
	if got := len(v.Requests()); got != 4 {
		t.Errorf("%d requests, want 4", got)
	}
}

// TestThrottledAndCancelled holds that the pauses between attempts, of 7 s together, end with the context.
func TestThrottledAndCancelled(t *testing.T) {
	t.Parallel()
	v := newVCenter()
	url := start(t, v)
	v.Fail(host(url), clouds.Throttled)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	sources, err := vsphere.New(imageset.VSphere{URL: url, Folder: folder}, vsphere.Options{Getenv: getenv()})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sources[0].Look(ctx, images("a")); err == nil {
		t.Error("there is no error")
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the look took %s after a deadline of 50 ms", took)
	}
}

func TestEmptyFolder(t *testing.T) {
	t.Parallel()
	// This is how vCenter says that there is nothing.
	nothing := envelope(`<RetrievePropertiesExResponse xmlns="urn:vim25"></RetrievePropertiesExResponse>`)
	findings, err := look(t.Context(), t, start(t, except("RetrievePropertiesEx", nothing, newVCenter())), "a")
	if err != nil || findings["a"][0].State != inventory.Absent {
		t.Errorf("got %+v and %v, want absent", findings, err)
	}
}
