package provider_test

import (
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/clouddirector"
)

func cloudDirectorPlace(t *testing.T) *place {
	const org, catalog, secret = "giantswarm", "images", "not-to-be-shown"
	vcd := clouds.NewVCD(clouds.VCDConfig{Org: org, PageLimit: 3})
	vcd.AddUser(org, "reader", secret)
	vcd.AddCatalog(org, catalog)
	server := clouds.StartTLS(vcd)
	t.Cleanup(server.Close)
	env := map[string]string{
		"VCD_URL": server.URL, "VCD_USER": "reader", "VCD_PASSWORD": secret, "VCD_ALLOW_UNVERIFIED_SSL": "true",
	}
	sources, err := clouddirector.New(imageset.CloudDirector{Org: org, Catalog: catalog}, clouddirector.Options{
		Getenv: func(name string) string { return env[name] }, MaxBackoff: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	states := map[inventory.State]string{
		inventory.Present: "POWERED_OFF", inventory.Pending: "UNRESOLVED", inventory.Failed: "FAILED_CREATION",
	}
	return &place{
		source: sources[0], location: org + "/" + catalog, behaviour: &vcd.Behaviour, faultAt: org,
		put: func(image inventory.Image, state inventory.State) {
			vcd.AddTemplate(org, catalog, clouds.VCDTemplate{Name: image.Lookup, Status: states[state]})
		},
		// Another organisation shares a catalog of the same name, which the query for templates finds too.
		lookalike: func(image inventory.Image) {
			vcd.AddCatalog("other", catalog, org)
			vcd.AddTemplate("other", catalog, clouds.VCDTemplate{Name: image.Lookup})
		},
		pages: func() {}, // three templates a page, from the start
		operations: []string{
			"GET /api/versions", "POST /cloudapi/1.0.0/sessions", "query catalog", "GET /api/org", "query vAppTemplate",
			"DELETE /cloudapi/1.0.0/sessions/current",
		},
		secret: secret,
	}
}
