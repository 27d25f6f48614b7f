package name_test

import (
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/pkg/name"
)

func TestLimits(t *testing.T) {
	t.Parallel()
	label := []name.Limit{name.LabelLimit()}
	for what, tc := range map[string]struct {
		limits []name.Limit
		fits   []string
		not    []string
	}{
		"label":     {label, []string{"a", strings.Repeat("a", 63), "a_b.c-d"}, []string{"", strings.Repeat("a", 64), "-a", "a-", "a b", "ä"}},
		"aws":       {name.LimitsOf("aws"), []string{"abc", strings.Repeat("a", 128), "a (b) [c]/d'@_."}, []string{"ab", strings.Repeat("a", 129), "a:b", "a*c"}},
		"azure":     {name.LimitsOf("azure"), []string{strings.Repeat("a", 69)}, []string{strings.Repeat("a", 70), "a b", "a-"}},
		"vsphere":   {name.LimitsOf("vsphere"), []string{strings.Repeat("ä", 80)}, []string{strings.Repeat("a", 81), ""}},
		"s3":        {name.LimitsOf("s3"), []string{strings.Repeat("a", 1024)}, []string{strings.Repeat("ä", 513)}},
		"directory": {name.LimitsOf("directory"), []string{strings.Repeat("a", 255)}, []string{strings.Repeat("ä", 128)}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			for _, s := range tc.fits {
				if err := refusedBy(tc.limits, s); err != nil {
					t.Error(err)
				}
			}
			for _, s := range tc.not {
				checkRefused(t, tc.limits, s)
			}
		})
	}
}

// checkRefused wants a refusal that names the limit's source.
func checkRefused(t *testing.T, limits []name.Limit, s string) {
	t.Helper()
	err := refusedBy(limits, s)
	if err == nil {
		t.Errorf("nothing refuses %q", s)
		return
	}
	for _, l := range limits {
		if strings.Contains(err.Error(), l.Source) {
			return
		}
	}
	t.Errorf("no source in %q", err)
}

func refusedBy(limits []name.Limit, s string) error {
	for _, l := range limits {
		if err := l.Check(s); err != nil {
			return err
		}
	}
	return nil
}

func BenchmarkCompose(b *testing.B) {
	for b.Loop() {
		n, err := name.New(good, name.Options{})
		if err != nil || n.String() == "" {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	const s = "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-arm64-gs"
	for b.Loop() {
		if !name.Parse(s).Current() {
			b.Fatal("not parsed")
		}
	}
}
