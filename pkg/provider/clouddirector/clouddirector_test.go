package clouddirector_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/clouddirector"
)

const (
	org      = "giantswarm"
	images   = "images" // the catalog
	user     = "reader"
	password = "correct-horse"
	apiToken = "battery-staple"
)

// wanted is an image of this name.
func wanted(name string) inventory.Image { return inventory.Image{Lookup: name} }

// newVCD is a server whose organisation has an empty catalog, and which pages as the real one does.
func newVCD() *clouds.VCD {
	vcd := clouds.NewVCD(clouds.VCDConfig{Org: org})
	vcd.AddUser(org, user, password)
	vcd.AddAPIToken(org, apiToken)
	vcd.AddCatalog(org, images)
	return vcd
}

// environment logs in with a password, unless it is changed.
func environment(change ...string) map[string]string {
	env := map[string]string{"VCD_USER": user, "VCD_PASSWORD": password, "VCD_ALLOW_UNVERIFIED_SSL": "true"}
	for i := 0; i < len(change); i += 2 {
		env[change[i]] = change[i+1]
	}
	return env
}

func withToken() map[string]string { return environment("VCD_API_TOKEN", apiToken) }

// newSource looks at the catalog through a server. The catalog is another one where given.
func newSource(t *testing.T, server http.Handler, env map[string]string, catalog ...string) inventory.Source {
	t.Helper()
	s := clouds.StartTLS(server)
	t.Cleanup(s.Close)
	settings := imageset.CloudDirector{URL: s.URL, Org: org, Catalog: append(catalog, images)[0]}
	sources, err := clouddirector.New(settings, clouddirector.Options{
		Getenv: func(name string) string { return env[name] }, MaxBackoff: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	return sources[0]
}

// find looks for one name and returns the finding, without its location, and the error's text.
func find(t *testing.T, source inventory.Source, name string) (inventory.Finding, string) {
	t.Helper()
	findings, err := source.Look(t.Context(), []inventory.Image{wanted(name)})
	if err != nil {
		return inventory.Finding{}, err.Error()
	}
	if len(findings[name]) != 1 || findings[name][0].Location != source.Locations()[0] {
		t.Fatalf("findings %+v, want one for %s", findings, source.Locations())
	}
	f := findings[name][0]
	f.Location = ""
	return f, ""
}

func operations(vcd *clouds.VCD) []string {
	var all []string
	for _, r := range vcd.Requests() {
		all = append(all, r.Operation)
	}
	return all
}

func TestRequests(t *testing.T) {
	t.Parallel()
	const (
		versions, out = "GET /api/versions", "DELETE /cloudapi/1.0.0/sessions/current"
		catalog, page = "query catalog", "query vAppTemplate"
	)
	byPassword := []string{versions, "POST /cloudapi/1.0.0/sessions", catalog}
	byToken := []string{"POST /oauth/tenant/{org}/token", versions, "GET /api/org", catalog}
	for name, c := range map[string]struct {
		env       map[string]string
		templates int
		want      []string
	}{
		"password":                  {environment(), 77, append(slices.Clone(byPassword), page, out)},
		"password, full page":       {environment(), 128, append(slices.Clone(byPassword), page, out)},
		"password, one more":        {environment(), 129, append(slices.Clone(byPassword), page, page, out)},
		"password, empty catalog":   {environment(), 0, append(slices.Clone(byPassword), page, out)},
		"API token":                 {withToken(), 77, append(slices.Clone(byToken), page, out)},
		"API token, several pages":  {withToken(), 300, append(slices.Clone(byToken), page, page, page, out)},
		"API token before password": {withToken(), 1, append(slices.Clone(byToken), page, out)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests(t, c.env, c.templates, c.want)
		})
	}
}

// requests looks for all templates of a catalog, and for one that isn't there.
func requests(t *testing.T, env map[string]string, templates int, want []string) {
	t.Helper()
	vcd := newVCD()
	all := []inventory.Image{wanted("missing")}
	states := map[string]inventory.State{"missing": inventory.Absent}
	for i := range templates {
		image := wanted(fmt.Sprintf("image-%d", i))
		all = append(all, image)
		states[image.Lookup] = inventory.Present
		vcd.AddTemplate(org, images, clouds.VCDTemplate{Name: image.Lookup})
	}
	target := inventory.Target{Source: newSource(t, vcd, env), Images: all}
	result := inventory.Gather(t.Context(), []inventory.Target{target}, inventory.Options{})[0]
	if diff := cmp.Diff(want, operations(vcd)); diff != "" {
		t.Error(diff)
	}
	if result.Err != nil || int(result.Calls) != len(want) || vcd.Sessions() != 0 {
		t.Errorf("%v, %d calls counted, %d sessions left open", result.Err, result.Calls, vcd.Sessions())
	}
	got := make(map[string]inventory.State)
	for lookup, findings := range result.Findings {
		got[lookup] = findings[0].State
	}
	if diff := cmp.Diff(states, got); diff != "" {
		t.Error(diff)
	}
}

// TestSeveralAtOnce is for the race detector: the SDK has globals.
func TestSeveralAtOnce(t *testing.T) {
	t.Parallel()
	vcd := paged(8)
	var wait sync.WaitGroup
	for i := range 6 {
		env := environment()
		if i%2 == 0 {
			env = withToken()
		}
		source := newSource(t, vcd, env)
		wait.Go(func() {
			if f, problem := find(t, source, "image-7"); problem != "" || f.State != inventory.Present {
				t.Errorf("%s %s", f.State, problem)
			}
		})
	}
	wait.Wait()
	if vcd.Sessions() != 0 {
		t.Errorf("%d sessions left open", vcd.Sessions())
	}
}

// intercept lets a test answer some requests itself; it returns false for those that the cloud is to answer.
func intercept(cloud http.Handler, answer func(http.ResponseWriter, *http.Request) bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r) {
			cloud.ServeHTTP(w, r)
		}
	})
}
