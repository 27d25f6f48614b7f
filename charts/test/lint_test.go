package test

import (
	"testing"

	util3 "helm.sh/helm/v3/pkg/chartutil"
	engine3 "helm.sh/helm/v3/pkg/engine"
	common4 "helm.sh/helm/v4/pkg/chart/common"
	values4 "helm.sh/helm/v4/pkg/chart/common/util"
	engine4 "helm.sh/helm/v4/pkg/engine"
)

// TestLint renders the example as helm lint does: without versions, and going on where a template fails.
func TestLint(t *testing.T) {
	t.Parallel()
	for provider := range namedAt {
		values := map[string]any{"provider": provider, "global": map[string]any{"release": map[string]any{"version": "30.0.0"}}}
		c3, err := load3(example(t))
		if err != nil {
			t.Fatal(err)
		}
		all3, err := util3.ToRenderValues(c3, values, util3.ReleaseOptions{Name: "demo"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (engine3.Engine{LintMode: true}).Render(c3, all3); err != nil {
			t.Errorf("helm 3, %s: %v", provider, err)
		}
		c4, err := load4(example(t))
		if err != nil {
			t.Fatal(err)
		}
		all4, err := values4.ToRenderValues(c4, values, common4.ReleaseOptions{Name: "demo"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := (engine4.Engine{LintMode: true}).Render(c4, all4); err != nil {
			t.Errorf("helm 4, %s: %v", provider, err)
		}
	}
}
