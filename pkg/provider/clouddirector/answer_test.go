package clouddirector_test

import (
	"cmp"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

const notUnderstood = "the answer is incomplete or not one of Cloud Director"

// TestAnswers answers the query for templates with what a decoder might take for an empty catalog.
func TestAnswers(t *testing.T) {
	t.Parallel()
	const (
		record = `<VAppTemplateRecord name="image" href="https://vcd/api/vAppTemplate/vappTemplate-1" catalogName="images" status="POWERED_OFF"/>`
		other  = `<VAppTemplateRecord name="image" href="https://vcd/api/vAppTemplate/vappTemplate-2" catalogName="images" status="POWERED_OFF"/>`
	)
	page := func(attributes, records string) string {
		return "<QueryResultRecords " + attributes + ">" + records + "</QueryResultRecords>"
	}
	for name, c := range map[string]struct {
		body string
		want string // the error; "": the image is present
	}{
		"right":                   {page(`total="1" page="1" pageSize="128"`, record), ""},
		"smaller page":            {page(`total="1" page="1" pageSize="1"`, record), ""},
		"nothing":                 {"", notUnderstood},
		"web page":                {"<html><body>Sign in</body></html>", notUnderstood},
		"JSON":                    {`{"total": 0, "record": []}`, notUnderstood},
		"other element":           {`<VAppTemplateReferences total="0" page="1" pageSize="128"/>`, notUnderstood},
		"no attributes":           {"<QueryResultRecords/>", notUnderstood},
		"no total":                {page(`page="1" pageSize="128"`, ""), notUnderstood},
		"no page size":            {page(`total="0" page="1"`, ""), notUnderstood},
		"no records to a page":    {page(`total="0" page="1" pageSize="0"`, ""), notUnderstood},
		"negative total":          {page(`total="-1" page="1" pageSize="128"`, ""), notUnderstood},
		"other page":              {page(`total="0" page="2" pageSize="128"`, ""), notUnderstood},
		"total is no number":      {page(`total="many" page="1" pageSize="128"`, ""), notUnderstood},
		"fewer than the total":    {page(`total="2" page="1" pageSize="128"`, record), "it changed while it was being listed"},
		"more than the total":     {page(`total="1" page="1" pageSize="128"`, record+other), "it changed while it was being listed"},
		"records of another type": {page(`total="1" page="1" pageSize="128"`, `<CatalogRecord name="images"/>`), "it changed while it was being listed"},
		"the same template twice": {page(`total="2" page="1" pageSize="128"`, record+record), "it changed while it was being listed"},
		"cut off":                 {page(`total="1" page="1" pageSize="128"`, record)[:60], notUnderstood},
		"record without a name":   {page(`total="1" page="1" pageSize="128"`, strings.Replace(record, "name=", "title=", 1)), notUnderstood},
		"record without catalog":  {page(`total="1" page="1" pageSize="128"`, strings.Replace(record, "catalogName=", "catalog=", 1)), notUnderstood},
		"flag that is none":       {page(`total="1" page="1" pageSize="128"`, strings.Replace(record, "/>", ` isBusy="perhaps"/>`, 1)), notUnderstood},
		"larger than any page":    {strings.Repeat(" ", 17<<20), "the answer is too large to be one of Cloud Director"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := intercept(newVCD(), func(w http.ResponseWriter, r *http.Request) bool {
				mine := strings.Contains(r.URL.RawQuery, "type=vAppTemplate")
				if mine {
					_, _ = io.WriteString(w, c.body)
				}
				return mine
			})
			f, problem := find(t, newSource(t, server, environment()), "image")
			if c.want != "" {
				c.want = "listing the vApp templates of catalog giantswarm/images: " + c.want
			} else if f.State != inventory.Present {
				t.Errorf("the image is %s", f.State)
			}
			if problem != c.want {
				t.Errorf("got  %q\nwant %q", problem, c.want)
			}
		})
	}
}

// TestChangesBetweenPages removes or adds templates when the first page has been fetched.
func TestChangesBetweenPages(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(vcd *clouds.VCD, first string){
		"removed": func(vcd *clouds.VCD, first string) { vcd.RemoveTemplate(org, images, first) },
		"added": func(vcd *clouds.VCD, _ string) {
			vcd.AddTemplate(org, images, clouds.VCDTemplate{Name: "image-8"})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vcd := paged(0)
			first := vcd.AddTemplate(org, images, clouds.VCDTemplate{Name: "image-0"})
			for i := 1; i < 8; i++ {
				vcd.AddTemplate(org, images, clouds.VCDTemplate{Name: fmt.Sprintf("image-%d", i)})
			}
			server := intercept(vcd, func(_ http.ResponseWriter, r *http.Request) bool {
				if strings.Contains(r.URL.RawQuery, "type=vAppTemplate") && r.URL.Query().Get("page") == "2" {
					change(vcd, first)
				}
				return false
			})
			// Without the check image-6 would be absent after the removal: it has moved to the page that was fetched already.
			f, problem := find(t, newSource(t, server, environment()), "image-6")
			if want := "listing the vApp templates of catalog giantswarm/images: it changed while it was being listed"; problem != want {
				t.Errorf("got %q, image-6 is %q", problem, f.State)
			}
		})
	}
}

// TestEcho lets the server repeat every credential that it has been sent in all parts of its errors.
func TestEcho(t *testing.T) {
	t.Parallel()
	formats := map[string]string{
		"XML":                `<Error majorErrorCode="403" minorErrorCode="ACCESS_TO_RESOURCE_IS_FORBIDDEN" message="[ 1234 ] no: %s" stackTrace="%[1]s"/>`,
		"XML, in the code":   `<Error majorErrorCode="403" minorErrorCode="%s" message="no"/>`,
		"JSON":               `{"minorErrorCode": "FORBIDDEN", "message": "no: %s", "stackTrace": "%[1]s"}`,
		"JSON, in the code":  `{"minorErrorCode": "%s", "message": "no"}`,
		"OAuth, in the code": `{"error": "%s", "error_description": "%[1]s"}`,
		"text":               "no: %s",
	}
	wants := map[string]string{"XML": "ACCESS_TO_RESOURCE_IS_FORBIDDEN (HTTP 403)", "JSON": "FORBIDDEN (HTTP 403)"}
	for format, body := range formats {
		want := cmp.Or(wants[format], "HTTP 403")
		// The login, which sends the credential, and the query for templates, which sends an access token.
		for _, n := range []int{2, 4} {
			t.Run(fmt.Sprintf("password/%s/request %d", format, n), func(t *testing.T) {
				t.Parallel()
				echoed(t, environment(), &echo{next: newVCD(), body: body, from: n}, want)
			})
		}
		for _, n := range []int{1, 5} {
			t.Run(fmt.Sprintf("API token/%s/request %d", format, n), func(t *testing.T) {
				t.Parallel()
				echoed(t, withToken(), &echo{next: newVCD(), body: body, from: n}, want)
			})
		}
	}
}

func echoed(t *testing.T, env map[string]string, server http.Handler, want string) {
	t.Helper()
	_, problem := find(t, newSource(t, server, env), "image")
	for _, secret := range []string{password, apiToken, "1234", "eyJ", "Bearer"} {
		if strings.Contains(problem, secret) {
			t.Errorf("%q shows in %q", secret, problem)
		}
	}
	if !strings.HasSuffix(problem, ": "+want) {
		t.Errorf("got %q, want %q", problem, want)
	}
}

// echo answers with errors from a request on.
type echo struct {
	next http.Handler
	body string
	from int
	seen int
}

func (e *echo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.seen++
	if e.seen < e.from {
		e.next.ServeHTTP(w, r)
		return
	}
	_, given, _ := r.BasicAuth()
	w.Header().Set("X-Echo", given)
	w.WriteHeader(http.StatusForbidden)
	fmt.Fprintf(w, e.body, strings.Join([]string{given, r.PostFormValue("refresh_token"), r.Header.Get("Authorization"), password, apiToken}, " "))
}
