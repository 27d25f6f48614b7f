package versions_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/pkg/versions"
	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		subject versions.Subject
		text    string
		exact   bool
	}{
		"exact":                  {versions.Kubernetes, "1.29.7", true},
		"exact with v":           {versions.Tooling, "v1.15.0", true},
		"exact pre-release":      {versions.Kubernetes, "v1.31.0-rc.1", true},
		"exact list":             {versions.Kubernetes, "1.29.7, v1.30.4", true},
		"mixed list":             {versions.Kubernetes, "1.29.7,1.30", false},
		"word":                   {versions.Tooling, "latest", false},
		"channel":                {versions.Flatcar, "lts", false},
		"minor":                  {versions.Kubernetes, "1.29", false},
		"minor with v":           {versions.Kubernetes, "v1.30", false},
		"every patch of a minor": {versions.Kubernetes, "1.29 all", false},
		"range":                  {versions.Kubernetes, ">=1.28 <1.31", false},
		"every patch of a range": {versions.Kubernetes, ">=1.28   <1.31   all", false},
		"range with spaces":      {versions.Kubernetes, ">= 1.28 < 1.31", false},
		"alternatives":           {versions.Kubernetes, "~1.28 || ~1.30", false},
		"hyphen range":           {versions.Kubernetes, "1.28 - 1.30", false},
		"wildcard":               {versions.Kubernetes, "1.x", false},
		"two ranges":             {versions.Kubernetes, "~1.28.1, >=1.30", false},
		"upper bound alone":      {versions.Kubernetes, "<1.31", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			q, err := versions.Parse(tc.subject, " "+tc.text+" ")
			if err != nil {
				t.Fatal(err)
			}
			if q.Exact() != tc.exact || q.String() != tc.text || q.Subject() != tc.subject {
				t.Errorf("got exact=%t %q %q, want exact=%t %q %q", q.Exact(), q, q.Subject(), tc.exact, tc.text, tc.subject)
			}
		})
	}
}

func TestParseProblems(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		subject versions.Subject
		text    string
		want    []string // a part of each problem, in order
	}{
		"unknown subject":       {"teleport", "stable", []string{`"teleport" has no versions here`}},
		"empty":                 {versions.Kubernetes, "  ", []string{"no kubernetes version is given"}},
		"empty term":            {versions.Kubernetes, "1.29,,1.30", []string{"nothing between two commas"}},
		"too long":              {versions.Kubernetes, strings.Repeat("1", 70_000), []string{"too long"}},
		"too many":              {versions.Kubernetes, strings.Repeat("1.29,", 5000), []string{"too long"}},
		"not a version":         {versions.Kubernetes, "N/A", []string{`"N/A" is not a version`}},
		"capitals":              {versions.Flatcar, "Stable", []string{"words stable, beta, alpha, lts, latest"}},
		"major":                 {versions.Kubernetes, "1", []string{`"1" is not a version: a minor has two numbers`}},
		"four numbers":          {versions.Kubernetes, "1.29.7.1", []string{`"1.29.7.1" is not a version`}},
		"leading zero":          {versions.Kubernetes, "1.029.7", []string{`"1.029.7" is not a version`}},
		"huge minor":            {versions.Kubernetes, "1.99999999999999999999", []string{"too large"}},
		"nightly":               {versions.Flatcar, "4799.0.0+nightly-20260821-2100", []string{"build metadata"}},
		"metadata in range":     {versions.Kubernetes, ">=1.29.0+x", []string{"build metadata"}},
		"bad range":             {versions.Kubernetes, ">=1.28 <<1.31", []string{`">=1.28 <<1.31" is not a range`}},
		"no comma":              {versions.Kubernetes, "1.29 1.30", []string{"write a comma between them"}},
		"channel of Kubernetes": {versions.Kubernetes, "beta", []string{`kubernetes has no channel "beta"`}},
		"channel of tooling":    {versions.Tooling, "lts", []string{`tooling has no channel "lts"`}},
		"all of a version":      {versions.Kubernetes, "1.29.7 all", []string{`"all" goes with a minor or a range`}},
		"all of a word":         {versions.Kubernetes, "stable all", []string{`"all" goes with a minor or a range`}},
		"all alone":             {versions.Kubernetes, "all", []string{`"all" is not a version`}},
		"comma inside a range":  {versions.Kubernetes, ">=1.28, <1.31", []string{`"<1.31" stands alone after a comma`}},
		"everything at once": {
			versions.Kubernetes, "1.29.7, alpha, 1..2, 1.30,>=x.y.z.w",
			[]string{`no channel "alpha"`, `"1..2" is not`, `">=x.y.z.w" is not a range`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := versions.Parse(tc.subject, tc.text)
			var input *versions.InputError
			if !errors.As(err, &input) {
				t.Fatalf("got error %v (%T), want *InputError", err, err)
			}
			if len(input.Problems) != len(tc.want) {
				t.Fatalf("got %d problems, want %d: %q", len(input.Problems), len(tc.want), input.Problems)
			}
			for i, want := range tc.want {
				if !strings.Contains(input.Problems[i], want) {
					t.Errorf("got %q, want it to contain %q", input.Problems[i], want)
				}
			}
		})
	}
}

// An exact version is answered without a request, whatever the sources are.
func TestExactAsksNobody(t *testing.T) {
	t.Parallel()
	u := serve(t, nil)
	config := versions.Config{Sources: versions.Sources{
		Flatcar: u.URL, Kubernetes: "/does/not/exist", Tooling: u.URL + "/giantswarm/capi-image-builder",
	}}
	for subject, want := range map[versions.Subject]versions.Version{
		versions.Flatcar:    {Version: "3815.2.5", Channel: "stable", Source: "as given"},
		versions.Kubernetes: {Version: "3815.2.5", Source: "as given"},
		versions.Tooling:    {Version: "3815.2.5", Source: "as given"},
	} {
		got, err := resolve(t, config, subject, "v3815.2.5,3815.2.5")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(versions.Resolution{Versions: []versions.Version{want}}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", subject, diff)
		}
	}
	if asked, _, _ := u.take(); len(asked) != 0 {
		t.Errorf("asked %v, want nothing", asked)
	}
}

// Whatever is typed, Parse answers with a query that says what it was made of, or with problems.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"1.29.7", "v1.29", "stable", ">=1.28 <1.31 all", "1.29.7,1.30", "1|2", "~1.x || *",
		"1.28 - 1.30", "<1.31", "-", " all", "v", "1.29.7-rc.1+b", "99999999999999999999.1.1", ">=99999999999999999999",
	} {
		f.Add(seed)
	}
	config := versions.Config{Now: now, Sources: versions.Sources{Kubernetes: "testdata/kubernetes"}}
	r, err := versions.New(config)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := versions.Parse(versions.Kubernetes, text)
		var input *versions.InputError
		if err != nil {
			if !errors.As(err, &input) || len(input.Problems) == 0 {
				t.Fatalf("got %T %v, want *InputError with problems", err, err)
			}
			return
		}
		again, err := versions.Parse(versions.Kubernetes, q.String())
		if err != nil || again.Exact() != q.Exact() {
			t.Fatalf("%q does not parse again: %v", q, err)
		}
		resolved, err := r.Resolve(t.Context(), q)
		if err == nil && len(resolved.Versions) == 0 {
			t.Fatalf("%q resolved to nothing", q)
		}
		if err != nil && !errors.As(err, &input) {
			t.Fatalf("%q: got %T %v, want *InputError", q, err, err)
		}
	})
}
