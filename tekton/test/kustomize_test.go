package test

import (
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// kustomization is as much of kustomize's file as is used here
// (https://kubectl.docs.kubernetes.io/references/kustomize/kustomization/).
type kustomization struct {
	metav1.TypeMeta
	Namespace          string   `json:"namespace"`
	Configurations     []string `json:"configurations"`
	Resources          []string `json:"resources"`
	ConfigMapGenerator []struct {
		Name  string   `json:"name"`
		Files []string `json:"files"`
	} `json:"configMapGenerator"`
	Images []struct {
		Name   string `json:"name"`
		NewTag string `json:"newTag"`
	} `json:"images"`
}

// TestKustomizations wants kubectl apply -k to install every manifest but those to create or to learn from.
func TestKustomizations(t *testing.T) {
	t.Parallel()
	var want []string
	for _, file := range files(t) {
		folder, base := path.Base(path.Dir(file)), path.Base(file)
		if base != "kustomization.yaml" && !slices.Contains([]string{"samples", "tests", "runs"}, folder) {
			want = append(want, file)
		}
	}
	got := listed(t, "")
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files, and what the kustomizations list (-want +got):\n%s", diff)
	}
}

// listed are all files that a folder's kustomization and those below it name.
func listed(t *testing.T, folder string) []string {
	t.Helper()
	object, err := decode(read(t, path.Join(folder, "kustomization.yaml")))
	if err != nil {
		t.Fatal(err)
	}
	k := object.(*kustomization)
	names := append(slices.Clone(k.Configurations), k.Resources...)
	for _, made := range k.ConfigMapGenerator {
		names = append(names, made.Files...)
	}
	var all []string
	for _, name := range names {
		if path.Ext(name) == "" {
			all = append(all, listed(t, path.Join(folder, name))...)
		} else {
			all = append(all, path.Join(folder, name))
		}
	}
	return all
}

// TestImages wants every image that stands in a manifest to be one that the kustomization sets, with the same tag.
func TestImages(t *testing.T) {
	t.Parallel()
	object, err := decode(read(t, "kustomization.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	for _, image := range object.(*kustomization).Images {
		set[image.Name+":"+image.NewTag] = false
	}
	image := regexp.MustCompile(`(?m)^\s*(?:- )?image: ([^\s$]+)$`)
	for _, file := range files(t) {
		if strings.Contains(file, "/tests/") || strings.Contains(file, "/samples/") {
			continue
		}
		for _, m := range image.FindAllStringSubmatch(read(t, file), -1) {
			if _, ok := set[m[1]]; !ok {
				t.Errorf("%s: the kustomization does not set %s", file, m[1])
			}
			set[m[1]] = true
		}
	}
	for name, used := range set {
		if !used {
			t.Errorf("no manifest has the image %s", name)
		}
	}
}
