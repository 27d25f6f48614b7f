package clouddirector_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

func TestCatalogs(t *testing.T) {
	t.Parallel()
	const looking = "looking for catalog images of organisation giantswarm: "
	image := clouds.VCDTemplate{ID: uuid1, Name: "image", Created: time.Date(2024, 7, 2, 0, 0, 0, 0, time.UTC)}
	there := inventory.Finding{State: inventory.Present, ID: id1, Created: "2024-07-02T00:00:00Z"}
	foreign := image
	foreign.ID = uuid2
	noted := func(f inventory.Finding, note string) inventory.Finding {
		f.Notes = []string{note}
		return f
	}
	for name, c := range map[string]struct {
		fill    func(*clouds.VCD)
		want    inventory.Finding
		problem string
	}{
		"none":  {func(*clouds.VCD) {}, inventory.Finding{}, looking + "there is none that this account can see"},
		"empty": {func(vcd *clouds.VCD) { vcd.AddCatalog(org, images) }, inventory.Finding{State: inventory.Absent}, ""},
		"other case": {
			func(vcd *clouds.VCD) { vcd.AddCatalog(org, "Images") },
			inventory.Finding{},
			looking + "there is none that this account can see",
		},
		"not shared": {
			func(vcd *clouds.VCD) { vcd.AddCatalog("other", images) },
			inventory.Finding{},
			looking + "there is none that this account can see",
		},
		"shared": {
			func(vcd *clouds.VCD) {
				vcd.AddCatalog("other", images, org)
				vcd.AddTemplate("other", images, image)
			},
			noted(there, "organisation other shares the catalog"), "",
		},
		"shared by two": {
			func(vcd *clouds.VCD) {
				vcd.AddCatalog("other", images, org)
				vcd.AddCatalog("another", images, org)
				vcd.AddTemplate("other", images, image)
			},
			inventory.Finding{},
			looking + "several organisations share one of that name, and it has none itself: another, other",
		},
		"own beside shared": {
			func(vcd *clouds.VCD) {
				vcd.AddCatalog("other", images, org)
				vcd.AddTemplate("other", images, foreign)
				vcd.AddCatalog(org, images)
				vcd.AddTemplate(org, images, image)
			},
			noted(there, id2+" is of another organisation, which shares a catalog of this name"), "",
		},
		"only in the shared one": {
			func(vcd *clouds.VCD) {
				vcd.AddCatalog("other", images, org)
				vcd.AddTemplate("other", images, foreign)
				vcd.AddCatalog(org, images)
			},
			inventory.Finding{State: inventory.Absent, Notes: []string{id2 + " is of another organisation, which shares a catalog of this name"}},
			"",
		},
		"only in another catalog": {
			func(vcd *clouds.VCD) {
				vcd.AddCatalog(org, images)
				vcd.AddCatalog(org, "IMAGES")
				vcd.AddTemplate(org, "IMAGES", image)
			},
			inventory.Finding{State: inventory.Absent},
			"",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vcd := clouds.NewVCD(clouds.VCDConfig{Org: org})
			vcd.AddUser(org, user, password)
			c.fill(vcd)
			got, problem := find(t, newSource(t, vcd, environment()), "image")
			if diff := cmp.Diff(c.want, got); diff != "" || problem != c.problem {
				t.Errorf("%s\ngot  %q\nwant %q", diff, problem, c.problem)
			}
			if vcd.Sessions() != 0 {
				t.Errorf("%d sessions left open", vcd.Sessions())
			}
		})
	}
}

// TestWhoseTemplate has a catalog of the same name shared by another organisation, and answers that don't tell the two apart.
func TestWhoseTemplate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path, old, new string // what is changed in the answer
		want           inventory.Finding
		problem        string
	}{
		"template without organisation": {
			"/api/query", " org=", " was=",
			inventory.Finding{
				State: inventory.Unknown, ID: id1, Created: "2024-01-01T00:00:00Z",
				Notes: []string{id1 + " may be of another organisation, which shares a catalog of this name"},
			},
			"",
		},
		"organisation in another case": {
			"/api/query", `orgName="giantswarm"`, `orgName="GiantSwarm"`,
			inventory.Finding{State: inventory.Present, ID: id1, Created: "2024-01-01T00:00:00Z"},
			"",
		},
		"organisation not listed": {
			"/api/org", `name="giantswarm"`, `name="somebody"`,
			inventory.Finding{},
			"looking for catalog images of organisation giantswarm: " + notUnderstood,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vcd := newVCD()
			vcd.AddTemplate(org, images, clouds.VCDTemplate{ID: uuid1, Name: "image", Created: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)})
			vcd.AddCatalog("other", images, org)
			server := intercept(vcd, func(w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != c.path {
					return false
				}
				whole := httptest.NewRecorder()
				vcd.ServeHTTP(whole, r)
				_, _ = io.WriteString(w, strings.ReplaceAll(whole.Body.String(), c.old, c.new))
				return true
			})
			got, problem := find(t, newSource(t, server, environment()), "image")
			if diff := cmp.Diff(c.want, got); diff != "" || problem != c.problem {
				t.Error(problem, diff)
			}
		})
	}
}

// TestCatalogNames has names with all that means something in filters or addresses.
func TestCatalogNames(t *testing.T) {
	t.Parallel()
	for _, catalog := range []string{"a b+c", "a&b=c", "50%", "x;name==y", "x,y", "(x)", `back\slash`, "all*", "ünïcode/#?"} {
		t.Run(catalog, func(t *testing.T) {
			t.Parallel()
			vcd := newVCD()
			vcd.AddCatalog(org, catalog)
			vcd.AddTemplate(org, catalog, clouds.VCDTemplate{Name: "image"})
			vcd.AddCatalog(org, strings.ReplaceAll(catalog, "*", "-of-them"))
			server := intercept(vcd, func(_ http.ResponseWriter, r *http.Request) bool {
				if strings.ContainsAny(r.URL.RawQuery, "+ ") { // RFC 3986 knows no plus for a space
					t.Errorf("not encoded: %s", r.URL.RawQuery)
				}
				return false
			})
			if f, problem := find(t, newSource(t, server, environment(), catalog), "image"); problem != "" || f.State != inventory.Present {
				t.Errorf("%s %s", f.State, problem)
			}
		})
	}
}
