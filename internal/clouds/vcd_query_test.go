package clouds

import (
	"encoding/xml"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// vcdPage is what is looked at of an answer to a query.
type vcdPage struct {
	Total    int `xml:"total,attr"`
	Page     int `xml:"page,attr"`
	PageSize int `xml:"pageSize,attr"`
	Names    []string
}

// vcdQueried asks as the session of acme does.
func vcdQueried(t *testing.T, v *VCD, query string) vcdPage {
	t.Helper()
	res := vcdAsk(t, v, "GET", "/api/query?"+query, vcdXML)
	body := vcdBody(t, res)
	var answer struct {
		XMLName xml.Name `xml:"http://www.vmware.com/vcloud/v1.5 QueryResultRecords"`
		vcdPage
		Records []struct {
			Name string `xml:"name,attr"`
		} `xml:",any"`
	}
	if err := xml.Unmarshal([]byte(body), &answer); err != nil || res.StatusCode != 200 {
		t.Fatalf("%d %v\n%s", res.StatusCode, err, body)
	}
	for _, r := range answer.Records {
		answer.Names = append(answer.Names, r.Name)
	}
	return answer.vcdPage
}

func TestVCDPages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		limit, templates int
		query            string
		want             vcdPage
	}{
		"default size":     {0, 30, "", vcdPage{Total: 30, Page: 1, PageSize: 25}},
		"second page":      {0, 30, "&page=2", vcdPage{Total: 30, Page: 2, PageSize: 25}},
		"largest size":     {0, 130, "&pageSize=128", vcdPage{Total: 130, Page: 1, PageSize: 128}},
		"too large a size": {0, 130, "&pageSize=4000", vcdPage{Total: 130, Page: 1, PageSize: 128}},
		"server's limit":   {3, 8, "&pageSize=128&page=3", vcdPage{Total: 8, Page: 3, PageSize: 3}},
		"beyond the end":   {3, 8, "&page=4", vcdPage{Total: 8, Page: 4, PageSize: 3}},
		"nothing":          {0, 0, "", vcdPage{Total: 0, Page: 1, PageSize: 25}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newAcme(VCDConfig{PageLimit: c.limit})
			var all []string
			for i := range c.templates {
				all = append(all, strings.Repeat("x", i+1))
				v.AddTemplate(acme, "images", VCDTemplate{Name: all[i]})
			}
			begin := min((c.want.Page-1)*c.want.PageSize, len(all))
			c.want.Names = slices.Clone(all[begin:min(begin+c.want.PageSize, len(all))])
			if len(c.want.Names) == 0 {
				c.want.Names = nil
			}
			if diff := cmp.Diff(c.want, vcdQueried(t, v, "type=vAppTemplate"+c.query)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestVCDFilters(t *testing.T) {
	t.Parallel()
	v := newAcme(VCDConfig{})
	v.AddCatalog(acme, "more")
	for _, name := range []string{"a", "A", "ab", "a*", "a;b", "a,b", "a(b)", `a\b`, "a b"} {
		v.AddTemplate(acme, "images", VCDTemplate{Name: name})
	}
	v.AddTemplate(acme, "more", VCDTemplate{Name: "a", Status: "FAILED_CREATION"})
	for filter, want := range map[string][]string{
		"name==a":                              {"a", "A", "a"}, // in both catalogs, in either case
		"name==A;catalogName==images":          {"a", "A"},
		"name==a;status!=failed_creation":      {"a", "A"},
		"name==ab,catalogName==more":           {"ab", "a"},
		"name==ab;isBusy==true,name==a\\*":     {"a*"},
		"name==a*;catalogName==images;name!=a": {"ab", "a*", "a;b", "a,b", "a(b)", `a\b`, "a b"},
		"name!=a*;catalogName==images":         {"a", "A", "ab", "a;b", "a,b", "a(b)", `a\b`, "a b"}, // no wildcard here
		`name==a\;b`:                           {"a;b"},
		`name==a\,b`:                           {"a,b"},
		`name==a\(b\)`:                         {"a(b)"},
		`name==a\\b`:                           {`a\b`},
		"name==a b":                            {"a b"},
		"name==":                               nil,
	} {
		t.Run(filter, func(t *testing.T) {
			t.Parallel()
			encoded := strings.ReplaceAll(url.QueryEscape(filter), "%3D%3D", "==")
			if diff := cmp.Diff(want, vcdQueried(t, v, "type=vAppTemplate&filter="+encoded).Names); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestVCDSharing has catalogs of other organisations, of which acme may see one.
func TestVCDSharing(t *testing.T) {
	t.Parallel()
	v := newAcme(VCDConfig{})
	v.AddCatalog("generous", "shared", "somebody", acme)
	v.AddTemplate("generous", "shared", VCDTemplate{Name: "given"})
	v.AddCatalog("mean", "private", "somebody")
	v.AddTemplate("mean", "private", VCDTemplate{Name: "hidden"})
	for kind, want := range map[string][]string{"catalog": {"images", "shared"}, "vAppTemplate": {"given"}} {
		if diff := cmp.Diff(want, vcdQueried(t, v, "type="+kind).Names); diff != "" {
			t.Error(diff)
		}
	}
}

func TestVCDChangeTemplates(t *testing.T) {
	t.Parallel()
	v := newAcme(VCDConfig{})
	id := v.AddTemplate(acme, "images", VCDTemplate{Name: "one", Status: "UNRESOLVED"})
	v.AddTemplate(acme, "images", VCDTemplate{Name: "two"})
	v.AddTemplate(acme, "images", VCDTemplate{ID: id, Name: "one"})
	const ready = "type=vAppTemplate&filter=status==POWERED_OFF"
	if diff := cmp.Diff([]string{"one", "two"}, vcdQueried(t, v, ready).Names); diff != "" {
		t.Error(diff)
	}
	if v.RemoveTemplate(acme, "other", id) || !v.RemoveTemplate(acme, "images", id) || v.RemoveTemplate(acme, "images", id) {
		t.Error("RemoveTemplate reports what it did not do")
	}
	if diff := cmp.Diff([]string{"two"}, vcdQueried(t, v, ready).Names); diff != "" {
		t.Error(diff)
	}
	defer func() {
		if recover() == nil {
			t.Error("a template was added to no catalog")
		}
	}()
	v.AddTemplate(acme, "other", VCDTemplate{})
}
