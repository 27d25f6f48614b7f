package vsphere_test

import (
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/vsphere"
)

// only reads from a list of NAME=value, with nothing beneath.
func only(list ...string) func(string) string {
	return func(name string) string {
		for _, entry := range list {
			if key, value, _ := strings.Cut(entry, "="); key == name {
				return value
			}
		}
		return ""
	}
}

// TestEnvironment logs in with what the environment says. HOST stands for the server.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const url, right = "http://HOST/sdk", "GOVC_PASSWORD=" + secret
	for name, c := range map[string]struct {
		url    string // of the settings
		prefix string
		env    []string
		want   string // the error
	}{
		"user and password":      {url, "", []string{"GOVC_USERNAME=" + user, right}, ""},
		"password in a file":     {url, "", []string{"GOVC_USERNAME=" + user, "GOVC_PASSWORD=" + file}, ""},
		"address, too":           {"", "", []string{"GOVC_URL=http://HOST", "GOVC_USERNAME=" + user, right}, ""},
		"all in the address":     {"", "", []string{"GOVC_URL=http://" + user + ":" + secret + "@HOST/sdk"}, ""},
		"address and user":       {"", "", []string{"GOVC_URL=http://" + user + "@HOST/sdk", right}, ""},
		"password beats URL":     {"", "", []string{"GOVC_URL=http://" + user + ":old@HOST/sdk", right}, ""},
		"settings beat GOVC_URL": {url, "", []string{"GOVC_URL=http://other:old@other.example/sdk", "GOVC_USERNAME=" + user, right}, ""},
		"prefix":                 {url, "LILLE", []string{"LILLE_GOVC_USERNAME=" + user, "LILLE_GOVC_PASSWORD=" + secret}, ""},
		"prefix goes first":      {url, "LILLE", []string{"LILLE_GOVC_USERNAME=" + user, "GOVC_USERNAME=other", right}, ""},
		"prefix for the address": {"", "LILLE", []string{"LILLE_GOVC_URL=http://HOST/sdk", "GOVC_URL=http://other.example/sdk", "GOVC_USERNAME=" + user, right}, ""},
		"another prefix":         {url, "", []string{"LILLE_GOVC_USERNAME=" + user, right}, "logging in to vCenter: GOVC_USERNAME is not set"},
		"wrong password":         {url, "", []string{"GOVC_USERNAME=" + user, "GOVC_PASSWORD=old"}, "logging in to HOST: InvalidLogin"},
		"nothing":                {url, "", nil, "logging in to vCenter: GOVC_USERNAME is not set; GOVC_PASSWORD is not set"},
		"nothing with a prefix":  {url, "LILLE", nil, "logging in to vCenter: neither LILLE_GOVC_USERNAME nor GOVC_USERNAME is set; neither LILLE_GOVC_PASSWORD nor GOVC_PASSWORD is set"},
		"no address":             {"", "", []string{"GOVC_USERNAME=" + user, right}, "logging in to vCenter: the image set has no url, and GOVC_URL is not set"},
		"broken address":         {"", "", []string{"GOVC_URL=http://u:" + secret + "%zz@HOST", "GOVC_USERNAME=" + user, right}, "logging in to vCenter: GOVC_URL is not an address like https://vcenter.example/sdk"},
		"address without host":   {"", "", []string{"GOVC_URL=https:///" + secret, "GOVC_USERNAME=" + user, right}, "logging in to vCenter: GOVC_URL is not an address like https://vcenter.example/sdk"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVCenter()
			v.AddMachine(folder, clouds.VirtualMachine{Name: "image"})
			server := host(start(t, v))
			for i := range c.env {
				c.env[i] = strings.Replace(c.env[i], "HOST", server, 1)
			}
			settings := imageset.VSphere{URL: strings.Replace(c.url, "HOST", server, 1), Folder: folder, Prefix: c.prefix}
			findings, err := newSource(t, settings, only(c.env...)).Look(t.Context(), images("image"))
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), server, "HOST")
			}
			if got != c.want || err == nil && findings["image"][0].State != inventory.Present {
				t.Errorf("got %+v and the error %q, want %q", findings, got, c.want)
			}
		})
	}
}

func TestLocations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings imageset.VSphere
		env      []string
		want     []string
	}{
		"one":                {imageset.VSphere{URL: "https://vcenter.example/sdk"}, nil, []string{"vcenter.example"}},
		"with a port":        {imageset.VSphere{URL: "https://vcenter.example:8443/sdk"}, nil, []string{"vcenter.example:8443"}},
		"several":            {imageset.VSphere{URLs: []string{"https://a.example", "https://b.example"}}, nil, []string{"a.example", "b.example"}},
		"of the environment": {imageset.VSphere{}, []string{"GOVC_URL=" + user + ":" + secret + "@c.example"}, []string{"c.example"}},
		"none":               {imageset.VSphere{}, nil, []string{"GOVC_URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sources, err := vsphere.New(c.settings, vsphere.Options{Getenv: only(c.env...)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, s := range sources {
				got = append(got, s.Locations()...)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for want, settings := range map[string]imageset.VSphere{
		"the vCenter a.example is given twice":                                 {URLs: []string{"https://a.example", "https://b.example", "https://a.example/sdk"}},
		"the address of a vCenter is not one like https://vcenter.example/sdk": {URLs: []string{"https://u:" + secret + "%zz@a.example"}},
	} {
		if _, err := vsphere.New(settings, vsphere.Options{}); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// TestOneVCenterDown holds that what is wrong with one vCenter doesn't keep another's answer.
func TestOneVCenterDown(t *testing.T) {
	t.Parallel()
	var urls []string
	for _, fault := range []clouds.Fault{clouds.None, clouds.Unavailable} {
		v := newVCenter()
		v.AddMachine(folder, clouds.VirtualMachine{Name: "image"})
		urls = append(urls, start(t, v))
		v.Fail(host(urls[len(urls)-1]), fault)
	}
	options := vsphere.Options{Getenv: getenv(), MaxBackoff: 1}
	sources, err := vsphere.New(imageset.VSphere{URLs: urls, Folder: folder}, options)
	if err != nil {
		t.Fatal(err)
	}
	var got []inventory.State
	for _, r := range inventory.Gather(t.Context(), []inventory.Target{
		{Source: sources[0], Images: images("image")}, {Source: sources[1], Images: images("image")},
	}, inventory.Options{}) {
		got = append(got, r.Findings["image"][0].State)
	}
	if diff := cmp.Diff([]inventory.State{inventory.Present, inventory.Unknown}, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestCertificates connects to a vCenter whose certificate no authority has signed.
func TestCertificates(t *testing.T) {
	t.Parallel()
	v := newVCenter()
	v.AddMachine(folder, clouds.VirtualMachine{Name: "image"})
	server := clouds.StartTLS(v)
	t.Cleanup(server.Close)
	authority, hosts := trust(t, server)
	for name, c := range map[string]struct{ env, want string }{
		"unknown":     {"", "connecting to HOST: the server's certificate is signed by an unknown authority"},
		"not checked": {"GOVC_INSECURE=1", ""},
		"authority":   {"GOVC_TLS_CA_CERTS=" + authority, ""},
		"thumbprint":  {"GOVC_TLS_KNOWN_HOSTS=" + hosts, ""},
		"no file":     {"GOVC_TLS_CA_CERTS=/does/not/exist", "reading GOVC_TLS_CA_CERTS: open /does/not/exist: no such file or directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			settings := imageset.VSphere{URL: server.URL, Folder: folder}
			_, err := newSource(t, settings, getenv(c.env)).Look(t.Context(), images("image"))
			got := ""
			if err != nil {
				got = strings.ReplaceAll(err.Error(), host(server.URL), "HOST")
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// trust writes the server's certificate, and its thumbprint as govc's about.cert -thumbprint prints it, into files.
func trust(t *testing.T, server *httptest.Server) (authority, hosts string) {
	t.Helper()
	authority, hosts = filepath.Join(t.TempDir(), "ca.pem"), filepath.Join(t.TempDir(), "known_hosts")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	sum := sha256.Sum256(server.Certificate().Raw)
	thumbprint := strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":")
	for file, content := range map[string]string{authority: string(block), hosts: host(server.URL) + " " + thumbprint + "\n"} {
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return authority, hosts
}

// TestUserIsNoFile logs in as a user who is called like a file in the working directory.
func TestUserIsNoFile(t *testing.T) {
	t.Parallel()
	const name = "account_test.go"
	if _, err := os.Stat(name); err != nil {
		t.Fatal(err)
	}
	v := clouds.NewVSphere(clouds.VSphereConfig{User: name, Password: secret})
	v.AddFolder(folder)
	settings := imageset.VSphere{URL: start(t, v) + "/sdk", Folder: folder}
	_, err := newSource(t, settings, only("GOVC_USERNAME="+name, "GOVC_PASSWORD="+secret)).Look(t.Context(), images("image"))
	if err != nil {
		t.Error(err)
	}
}
