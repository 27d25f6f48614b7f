package clouddirector_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/clouddirector"
)

func TestNewProblems(t *testing.T) {
	t.Parallel()
	const (
		url       = "https://vcd.example/api"
		noAddress = "there is no address: give cloudDirector.url in the image set, or set VCD_URL"
	)
	token := map[string]string{"VCD_API_TOKEN": "secret"}
	for name, c := range map[string]struct {
		settings imageset.CloudDirector
		env      map[string]string
		want     string
	}{
		"nothing": {want: noAddress + "; there are no credentials: set VCD_API_TOKEN, or VCD_USER and VCD_PASSWORD"},
		"nothing, with a prefix": {
			settings: imageset.CloudDirector{Prefix: "LILLE"},
			want: noAddress[:len(noAddress)-len("VCD_URL")] + "LILLE_VCD_URL or VCD_URL; there are no credentials: " +
				"set LILLE_VCD_API_TOKEN, or LILLE_VCD_USER and LILLE_VCD_PASSWORD, or VCD_API_TOKEN, or VCD_USER and VCD_PASSWORD",
		},
		"everything wrong": {
			env: map[string]string{"VCD_URL": "secret", "VCD_USER": "secret", "VCD_ALLOW_UNVERIFIED_SSL": "secret"},
			want: "VCD_URL is not an address like https://vcd.example/api; VCD_USER is set, but VCD_PASSWORD is not; " +
				"VCD_ALLOW_UNVERIFIED_SSL must be true or false",
		},
		"no user": {
			settings: imageset.CloudDirector{URL: url}, env: map[string]string{"VCD_PASSWORD": "secret"},
			want: "VCD_PASSWORD is set, but VCD_USER is not",
		},
		"half an account with the prefix": {
			settings: imageset.CloudDirector{URL: url, Prefix: "LILLE"},
			env:      map[string]string{"LILLE_VCD_USER": "secret", "VCD_USER": "secret", "VCD_PASSWORD": "secret"},
			want:     "LILLE_VCD_USER is set, but LILLE_VCD_PASSWORD is not",
		},
		"no TLS": {
			settings: imageset.CloudDirector{URL: "http://vcd.example/api"}, env: token,
			want: "cloudDirector.url must begin with https, because credentials are sent there",
		},
		"password in the address": {
			settings: imageset.CloudDirector{Prefix: "LILLE"},
			env:      map[string]string{"LILLE_VCD_URL": "https://me:secret@vcd.example/api", "VCD_API_TOKEN": "secret"},
			want:     "LILLE_VCD_URL has a user or password in it; use the variables for credentials",
		},
		"address that can't be parsed": {
			settings: imageset.CloudDirector{URL: "https://secret\x7f"}, env: token,
			want: "cloudDirector.url is not an address like https://vcd.example/api",
		},
		"right": {settings: imageset.CloudDirector{URL: url}, env: token},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got string
			sources, err := clouddirector.New(c.settings, clouddirector.Options{Getenv: func(name string) string { return c.env[name] }})
			if err != nil {
				got = err.Error()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if strings.Contains(got, "secret") || (err == nil) != (len(sources) == 1) {
				t.Errorf("got %d sources and %q", len(sources), got)
			}
		})
	}
}

func TestZeroOptions(t *testing.T) {
	t.Parallel()
	_, err := clouddirector.New(imageset.CloudDirector{URL: "https://vcd.example"}, clouddirector.Options{})
	if err == nil || !strings.HasPrefix(err.Error(), "there are no credentials") {
		t.Errorf("got %v", err)
	}
}

// TestAddress has the address where it may stand, and as it may be written.
func TestAddress(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		setting, variable, suffix string
	}{
		"setting":                    {setting: "here", suffix: "/api"},
		"setting before variables":   {setting: "here", variable: "https://elsewhere.invalid"},
		"variable":                   {variable: "here"},
		"variable with /api":         {variable: "here", suffix: "/api"},
		"variable with /api/":        {variable: "here", suffix: "/api/"},
		"variable with a last slash": {variable: "here", suffix: "/"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vcd := newVCD()
			vcd.AddTemplate(org, images, clouds.VCDTemplate{Name: "image"})
			server := clouds.StartTLS(vcd)
			t.Cleanup(server.Close)
			place := func(s string) string { return strings.Replace(s, "here", server.URL+c.suffix, 1) }
			env := environment("VCD_URL", place(c.variable))
			sources, err := clouddirector.New(imageset.CloudDirector{URL: place(c.setting), Org: org, Catalog: images},
				clouddirector.Options{Getenv: func(name string) string { return env[name] }})
			if err != nil {
				t.Fatal(err)
			}
			if f, problem := find(t, sources[0], "image"); problem != "" || f.State != inventory.Present {
				t.Errorf("%s %s", f.State, problem)
			}
		})
	}
}

// TestPrefix has two accounts in the environment, of which the one with the prefix must be used, whole or not at all.
func TestPrefix(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env  map[string]string
		want string // what logs in
	}{
		"password before a token without prefix": {
			map[string]string{"LILLE_VCD_USER": user, "LILLE_VCD_PASSWORD": password, "VCD_API_TOKEN": "wrong"}, "POST /cloudapi/1.0.0/sessions",
		},
		"token before a password without prefix": {
			map[string]string{"LILLE_VCD_API_TOKEN": apiToken, "VCD_USER": "wrong", "VCD_PASSWORD": "wrong"}, "POST /oauth/tenant/{org}/token",
		},
		"nothing with the prefix": {
			map[string]string{"VCD_USER": user, "VCD_PASSWORD": password}, "POST /cloudapi/1.0.0/sessions",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vcd := newVCD()
			server := clouds.StartTLS(vcd)
			t.Cleanup(server.Close)
			c.env["LILLE_VCD_URL"], c.env["VCD_URL"] = server.URL, "https://elsewhere.invalid"
			c.env["LILLE_VCD_ALLOW_UNVERIFIED_SSL"] = "true"
			sources, err := clouddirector.New(imageset.CloudDirector{Org: org, Catalog: images, Prefix: "LILLE"},
				clouddirector.Options{Getenv: func(name string) string { return c.env[name] }})
			if err != nil {
				t.Fatal(err)
			}
			if f, problem := find(t, sources[0], "image"); problem != "" || f.State != inventory.Absent {
				t.Errorf("%s %s", f.State, problem)
			}
			if got := operations(vcd); !strings.Contains(strings.Join(got, "\n"), c.want) {
				t.Errorf("got the requests %v", got)
			}
		})
	}
}
