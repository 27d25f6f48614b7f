package versions_test

import (
	"testing"

	"github.com/giantswarm/nodeimage/pkg/versions"
	"github.com/google/go-cmp/cmp"
)

// What a query says without being resolved.
func TestQueryParts(t *testing.T) {
	t.Parallel()
	for text, tc := range map[string]struct {
		minor bool
		named []string
	}{
		"v1.30.4,1.29.7":      {false, []string{"1.30.4", "1.29.7"}},
		"1.29.7,1.30,latest":  {true, []string{"1.29.7"}},
		"1.29 all":            {true, nil},
		">=1.29":              {false, nil},
		"1.31.0-rc.1, stable": {false, []string{"1.31.0-rc.1"}},
	} {
		q, err := versions.Parse(versions.Kubernetes, text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.named, q.Versions()); diff != "" || q.Minor() != tc.minor {
			t.Errorf("%q: minor %t, want %t; versions (-want +got):\n%s", text, q.Minor(), tc.minor, diff)
		}
	}
}
