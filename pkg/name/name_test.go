package name_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/name"
)

func TestNew(t *testing.T) {
	t.Parallel()
	pre := name.Options{AllowPrerelease: true}
	for want, tc := range map[string]struct {
		parts name.Name
		opts  name.Options
	}{
		"flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs": {
			parts: name.Name{Channel: "stable", Flatcar: "3815.2.5", Kubernetes: "v1.29.7", Tooling: "v1.15.0", Suffix: "gs"},
		},
		"flatcar-stable-3975.2.0-kube-1.30.4-tooling-1.18.1-gs": {
			parts: name.Name{Flatcar: "v3975.2.0", Kubernetes: "1.30.4", Tooling: "1.18.1", Arch: "amd64", Suffix: "gs"},
		},
		"flatcar-beta-3975.1.1-kube-1.30.4-tooling-1.18.1-arm64-gs": {
			parts: name.Name{Channel: "beta", Flatcar: "3975.1.1", Kubernetes: "1.30.4", Tooling: "1.18.1", Arch: "arm64", Suffix: "gs"},
		},
		"flatcar-lts-3510.3.6-kube-1.27.16-tooling-1.15.0-mn-gs": {
			parts: name.Name{Channel: "lts", Flatcar: "3510.3.6", Kubernetes: "1.27.16", Tooling: "1.15.0", Suffix: "mn-gs"},
		},
		"flatcar-alpha-4054.0.0-kube-1.31.0-rc.1-tooling-1.19.0-g839375a04-arm64-gs-lille": {
			parts: name.Name{Channel: "alpha", Flatcar: "4054.0.0", Kubernetes: "1.31.0-rc.1", Tooling: "v1.19.0-g839375a04", Arch: "arm64", Suffix: "gs-lille"},
			opts:  pre,
		},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			n, err := name.New(tc.parts, tc.opts)
			if err != nil {
				t.Fatal(err)
			}
			if got := n.String(); got != want {
				t.Errorf("composed %s, want %s", got, want)
			}
			if p := name.Parse(want); p.Form != name.FormCurrent || p.Name != n {
				t.Errorf("parsed %+v, want %+v", p, n)
			}
		})
	}
}

// good is a name whose parts tests spoil one by one.
var good = name.Name{Flatcar: "3815.2.5", Kubernetes: "1.29.7", Tooling: "1.15.0", Suffix: "gs"}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	versions := []string{
		"", "N/A", "1", "1.15", "1.15.0.1", "vv1.15.0", "V1.15.0", "01.15.0", "1.15.00", "1.15.x", "latest", ">=1.15", "1.15.0+build.1",
		"{{.Version}}", "1.15.0/..", `1.15.0\x`, "1.15.0\n", " 1.15.0", "1.15.0 ", "1.15.0-rc.1", "-1.15.0", "１.15.0",
	}
	spoil := map[string]func(name.Name, string) name.Name{
		"tooling":    func(n name.Name, v string) name.Name { n.Tooling = v; return n },
		"kubernetes": func(n name.Name, v string) name.Name { n.Kubernetes = v; return n },
		"flatcar":    func(n name.Name, v string) name.Name { n.Flatcar = v; return n },
		"suffix":     func(n name.Name, v string) name.Name { n.Suffix = v; return n },
		"channel":    func(n name.Name, v string) name.Name { n.Channel = v; return n },
		"arch":       func(n name.Name, v string) name.Name { n.Arch = v; return n },
	}
	values := map[string][]string{
		"tooling": versions, "kubernetes": versions, "flatcar": versions,
		"suffix":  {"", "-gs", "gs-", "gs--x", "g_s", "gs.x", "arm64-gs", "amd64", "rc1-gs", "g839375a-gs", "a/b", "{{x}}", "g s", "ö"},
		"channel": {"Stable", "edge", "{{x}}", "stable-x"},
		"arch":    {"x86_64", "aarch64", "ARM64"},
	}
	for field, all := range values {
		for _, value := range all {
			t.Run(field+"="+value, func(t *testing.T) {
				t.Parallel()
				n, err := name.New(spoil[field](good, value), name.Options{})
				var errs name.Errors
				if !errors.As(err, &errs) {
					t.Fatalf("composed %s, want an error", n)
				}
				if len(errs) != 1 || errs[0].Field != field || errs[0].Value != value || errs[0].Problem == "" {
					t.Errorf("got %v, want one error about %s %q", errs, field, value)
				}
			})
		}
	}
}

func TestNewReportsEverything(t *testing.T) {
	t.Parallel()
	_, err := name.New(name.Name{Channel: "edge", Flatcar: "3815", Kubernetes: "N/A", Tooling: "1.15", Arch: "riscv", Suffix: "-"}, name.Options{})
	want := []string{
		`channel "edge" is not one of stable, beta, alpha, lts`,
		`flatcar "3815" is not an exact MAJOR.MINOR.PATCH version`,
		`kubernetes "N/A" stands for a component that the Release does not have: there is no image for it`,
		`tooling "1.15" is not an exact MAJOR.MINOR.PATCH version`,
		`arch "riscv" is not one of amd64, arm64`,
		`suffix "-" may only have letters, digits and single dashes between them`,
	}
	if diff := cmp.Diff(want, strings.Split(err.Error(), "\n")); diff != "" {
		t.Error(diff)
	}
}

func TestPrereleasesMustBeReadable(t *testing.T) {
	t.Parallel()
	for version, ok := range map[string]bool{
		"1.15.0-rc.1": true, "1.15.0-rc1": true, "1.15.0-dev": true, "1.15.0-g839375a04": true, "1.15.0-0.3.7": true,
		"1.15.0-rc-1": false, "1.15.0-gs": false, "1.15.0-arm64": false, "1.15.0-rc.1+x": false, "1.15.0-": false,
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			parts := good
			parts.Tooling = version
			n, err := name.New(parts, name.Options{AllowPrerelease: true})
			if (err == nil) != ok {
				t.Fatalf("error %v, want accepted %v", err, ok)
			}
			if ok && name.Parse(n.String()).Name != n {
				t.Errorf("%s is not read back as %+v", n, n)
			}
		})
	}
}

func TestFileStem(t *testing.T) {
	t.Parallel()
	parts := good
	parts.Channel = "beta"
	if got, want := parts.FileStem(), "flatcar-beta-3815.2.5-kube-v1.29.7"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
