package release

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/name"
)

// giantswarm is the image set that nodeimage ships for Giant Swarm's releases.
func giantswarm(t *testing.T) *imageset.ImageSet {
	t.Helper()
	set, err := imageset.Load("../../images/giantswarm.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// made is a release of the given components, in the order flatcar, kubernetes, os-tooling; "" leaves one out. Its name stands in line 3.
func made(t *testing.T, name string, versions ...string) Release {
	t.Helper()
	yaml := fmt.Sprintf("apiVersion: %s\nkind: Release\nmetadata: {name: %s}\nspec:\n  components:\n", ResourceVersion, name)
	for i, component := range []string{Flatcar, Kubernetes, Tooling, Variant} {
		if i < len(versions) && versions[i] != "" {
			yaml += fmt.Sprintf("  - {name: %s, version: %q}\n", component, versions[i])
		}
	}
	releases, err := Decode(name+".yaml", []byte(yaml+"  - {name: cilium, version: 0.25.1}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return releases[0]
}

// TestNeeds says where each provider's clusters look for which image.
func TestNeeds(t *testing.T) {
	t.Parallel()
	set := giantswarm(t)
	for _, c := range []struct {
		release, flatcar, kubernetes, tooling string
		image                                 string
		providers                             string
		status                                Status
	}{
		{"aws-25.2.1", "3815.2.5", "1.25.16", "", "", "", Legacy},
		{"aws-28.1.2", "3815.2.5", "1.28.11", "", "", "", Legacy},
		{"azure-26.0.0", "3815.2.4", "1.26.15", "", "", "", Legacy},
		{"aws-26.2.0", "3815.2.5", "1.26.15", "1.20.1", "flatcar-stable-3815.2.5-kube-1.26.15-tooling-1.20.1-gs", "capa capa-china", ""},
		{"aws-29.1.0", "3815.2.5", "1.29.7", "1.15.0", "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs", "capa capa-china", ""},
		{"aws-34.9.0", "4593.2.1", "1.34.7", "1.31.0", "flatcar-stable-4593.2.1-kube-1.34.7-tooling-1.31.0-gs", "capa capa-china", ""},
		{"aws-35.0.0", "4593.2.1", "1.35.1", "1.31.0", "flatcar-stable-4593.2.1-kube-1.35.1-tooling-1.31.0-gs", "capa capa-arm64 capa-china", ""},
		{"azure-30.1.4", "4152.2.1", "1.30.11", "1.24.0", "flatcar-stable-4152.2.1-kube-1.30.11-tooling-1.24.0-gs", "capz", ""},
		{"vsphere-27.0.0", "3815.2.5", "1.27.16", "1.15.0", "flatcar-stable-3815.2.5-kube-1.27.16-tooling-1.15.0-gs", "capv", ""},
		{"cloud-director-29.0.0", "3975.2.2", "1.29.10", "1.20.1", "flatcar-stable-3975.2.2-kube-1.29.10-tooling-1.20.1-gs", "capvcd", ""},
		{"proxmox-33.0.0", "4459.2.3", "1.33.8", "1.26.4", "flatcar-stable-4459.2.3-kube-1.33.8-tooling-1.26.4-gs", "capmox", ""},
		{"eks-33.0.0", "4459.2.3", "1.33.8", "1.26.4", "flatcar-stable-4459.2.3-kube-1.33.8-tooling-1.26.4-gs", "", NotNeeded},
		{"aks-33.0.0", "", "1.33.8", "", "", "", NotNeeded},
	} {
		t.Run(c.release, func(t *testing.T) {
			t.Parallel()
			needs, err := Needs([]Release{made(t, c.release, c.flatcar, c.kubernetes, c.tooling)}, set, Options{})
			if err != nil {
				t.Fatal(err)
			}
			var providers []string
			for _, w := range needs[0].Wanted {
				providers = append(providers, w.Provider)
				want := c.image
				if w.Provider == "capa-arm64" {
					want = strings.TrimSuffix(want, "gs") + "arm64-gs"
				}
				if got := w.Image.Lookup; got != want {
					t.Errorf("looks for %s at %s, want %s", got, w.Provider, want)
				}
			}
			got := [3]string{needs[0].Image, strings.Join(providers, " "), string(needs[0].Status)}
			if diff := cmp.Diff([3]string{c.image, c.providers, string(c.status)}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNeedsProblems(t *testing.T) {
	t.Parallel()
	onlyAWS := giantswarm(t)
	onlyAWS.Providers = map[string]imageset.Provider{"capa": onlyAWS.Providers["capa"]}
	for name, c := range map[string]struct {
		release Release
		set     *imageset.ImageSet
		want    string
	}{
		"no os-tooling": {
			made(t, "aws-29.0.0", "3815.2.5", "1.29.7"), onlyAWS,
			"aws-29.0.0.yaml:3: aws-29.0.0: component os-tooling is missing; without it there is no image to look for",
		},
		"only os-tooling": {
			made(t, "aws-29.0.0", "", "", "1.15.0"), onlyAWS,
			"aws-29.0.0.yaml:3: aws-29.0.0: component flatcar is missing; without it there is no image to look for\n" +
				"aws-29.0.0.yaml:3: aws-29.0.0: component kubernetes is missing; without it there is no image to look for",
		},
		"rendered without a component": {
			made(t, "aws-29.0.0", "3815.2.5", "1.29.7", "N/A"), onlyAWS,
			`aws-29.0.0.yaml:8: aws-29.0.0: component os-tooling: "N/A" stands for a component that the Release does not have: there is no image for it`,
		},
		"with v, and no version": {
			made(t, "aws-29.0.0", "v3815.2.5", "1.29", "1.15.0"), onlyAWS,
			"aws-29.0.0.yaml:6: aws-29.0.0: component flatcar is \"v3815.2.5\", but versions of components have no v\n" +
				`aws-29.0.0.yaml:7: aws-29.0.0: component kubernetes: "1.29" is not an exact MAJOR.MINOR.PATCH version`,
		},
		"pre-release": {
			made(t, "aws-29.0.0", "3815.2.5", "1.29.7", "1.15.0-rc.1"), onlyAWS,
			`aws-29.0.0.yaml:8: aws-29.0.0: component os-tooling: "1.15.0-rc.1" is a pre-release; only releases make images (--allow-prerelease to try one)`,
		},
		"unknown provider": {
			made(t, "gcp-29.0.0", "3815.2.5", "1.29.7", "1.15.0"), onlyAWS,
			`gcp-29.0.0.yaml:3: gcp-29.0.0: the provider "gcp" is none of aks, aws, azure, cloud-director, eks, proxmox, vsphere (--provider-map gcp=NAME says where its images are)`,
		},
		"provider that the set lacks": {
			made(t, "vsphere-29.0.0", "3815.2.5", "1.29.7", "1.15.0"), onlyAWS,
			"vsphere-29.0.0.yaml:3: vsphere-29.0.0: the image set has no provider capv or capv-…, but capa (--provider-map vsphere=NAME says where the images of vsphere are)",
		},
		"no image set": {
			made(t, "vsphere-29.0.0", "3815.2.5", "1.29.7", "x"), nil,
			`vsphere-29.0.0.yaml:8: vsphere-29.0.0: component os-tooling: "x" is not an exact MAJOR.MINOR.PATCH version`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Needs([]Release{c.release}, c.set, Options{})
			if err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(c.want, err.Error()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestProblemsOfAllReleases wants everything that is wrong with several releases told at once.
func TestProblemsOfAllReleases(t *testing.T) {
	t.Parallel()
	_, err := Needs([]Release{
		made(t, "aws-29.0.0", "3815.2.5", "1.29.7"), made(t, "aws-29.1.0", "3815.2.5", "1.29.7", "1.15.0"), made(t, "azure-29.0.0", "", "1.29.7", "1.15.0"),
	}, giantswarm(t), Options{})
	if err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("got %v, want a problem of the first and of the last", err)
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	set := giantswarm(t)
	deprecated := made(t, "aws-29.0.0", "3815.2.5", "1.29.7", "1.15.0")
	deprecated.State = StateDeprecated
	active := made(t, "aws-29.0.0", "3815.2.5", "1.29.7", "1.15.0")
	arm64 := made(t, "aws-35.0.0", "4593.2.1", "1.35.1", "1.31.0")
	variant := made(t, "aws-29.0.0", "3815.2.5", "1.29.7", "", "3.0.0")
	prerelease := made(t, "aws-29.0.0", "3815.2.5", "1.29.7", "1.15.0-rc.1")
	for name, c := range map[string]struct {
		release Release
		opts    Options
		status  Status
		images  int
	}{
		"deprecated":           {deprecated, Options{}, Deprecated, 0},
		"deprecated, asked":    {deprecated, Options{Deprecated: true}, "", 2},
		"variant":              {variant, Options{}, Legacy, 0},
		"mapped":               {active, Options{Providers: Map{"aws": {"capa"}}}, "", 1},
		"mapped, no arm64 yet": {active, Options{Providers: Map{"aws": {"capa", "capa-arm64"}}}, "", 1},
		"mapped, arm64":        {arm64, Options{Providers: Map{"aws": {"capa", "capa-arm64"}}}, "", 2},
		"only arm64":           {active, Options{Providers: Map{"aws": {"capa-arm64"}}}, NotNeeded, 0},
		"mapped to nothing":    {active, Options{Providers: Map{"aws": {}}}, NotNeeded, 0},
		"another's mapping":    {active, Options{Providers: Map{"azure": {}}}, "", 2},
		"pre-releases allowed": {prerelease, Options{Name: name.Options{AllowPrerelease: true}}, "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			needs, err := Needs([]Release{c.release}, set, c.opts)
			if err != nil {
				t.Fatal(err)
			}
			if needs[0].Status != c.status || len(needs[0].Wanted) != c.images {
				t.Errorf("got status %q and %d images, want %q and %d", needs[0].Status, len(needs[0].Wanted), c.status, c.images)
			}
		})
	}
}

func TestMap(t *testing.T) {
	t.Parallel()
	set := giantswarm(t)
	m := make(Map)
	for value, want := range map[string]string{
		"aws=capa,capa-china": "", "gcp=": "", "azure=capx,capy": `the image set does not have "capx", "capy", but ` + listed(set),
		"aws": "must be PROVIDER=NAME[,NAME…], such as aws=capa,capa-china", "=capa": "must be PROVIDER=NAME[,NAME…], such as aws=capa,capa-china",
	} {
		got := ""
		if err := m.Add(value, set); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
	if diff := cmp.Diff(Map{"aws": {"capa", "capa-china"}, "gcp": {}, "azure": {"capx", "capy"}}, m); diff != "" {
		t.Error(diff)
	}
	if err := m.Add("aws=capa", set); err == nil {
		t.Error("a second mapping of aws is accepted")
	}
}

// TestUnion wants every image looked for once, however many releases need it.
func TestUnion(t *testing.T) {
	t.Parallel()
	needs, err := Needs([]Release{
		made(t, "aws-29.0.0", "3815.2.5", "1.29.7", "1.15.0"), made(t, "aws-29.0.1", "3815.2.5", "1.29.7", "1.15.0"),
		made(t, "aws-30.0.0", "3975.2.0", "1.30.4", "1.18.1"), made(t, "vsphere-29.0.0", "3815.2.5", "1.29.7", "1.15.0"),
	}, giantswarm(t), Options{Providers: Map{"aws": {"capa"}}})
	if err != nil {
		t.Fatal(err)
	}
	images, versions := Union(needs)
	var got []string
	for _, w := range images {
		got = append(got, w.Provider+" "+w.Image.Name.Kubernetes)
	}
	if diff := cmp.Diff([]string{"capa 1.29.7", "capa 1.30.4", "capv 1.29.7"}, got); diff != "" {
		t.Error(diff)
	}
	if versions.Tooling != "" || len(versions.Kubernetes) != 2 || len(versions.Flatcar.Versions) != 2 || versions.Flatcar.Channel != "stable" {
		t.Errorf("got %+v", versions)
	}
	if _, versions := Union(needs[:2]); versions.Tooling != "1.15.0" {
		t.Errorf("got tooling %q of releases that share one", versions.Tooling)
	}
}
