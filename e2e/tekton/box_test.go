//go:build e2e

package tekton

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// The places of e2e/images.yaml.
const (
	home   = "eu-central-1" // where AMIs are built
	second = "eu-west-1"
	bucket = "gs-public-capi-vm-images"
)

// image is the name of what a Kubernetes version is baked into, with the versions that the scenarios use.
func image(kubernetes, suffix string) string {
	return "flatcar-stable-3815.2.5-kube-" + kubernetes + "-tooling-1.15.0-" + suffix
}

// artifacts are what the box holds of one image, and how often each was put there: "eu-west-1 NAME" and keys of objects.
func artifacts(t *testing.T, name string) map[string]int {
	t.Helper()
	found := make(map[string]int)
	var amis map[string][]struct {
		Name  string
		State string
		Puts  int
	}
	send(t, request(t, http.MethodGet, "/amis", ""), http.StatusOK, &amis)
	for region, all := range amis {
		for _, ami := range all {
			if ami.Name == name {
				found[region] = ami.Puts
			}
		}
	}
	var objects map[string][]struct {
		Key  string
		Puts int
	}
	send(t, request(t, http.MethodGet, "/objects", ""), http.StatusOK, &objects)
	for _, o := range objects[bucket] {
		if strings.Contains(o.Key, "/"+name+"/") {
			found["s3"] = o.Puts
		}
	}
	var machines []struct {
		Name string
		Puts int
	}
	send(t, request(t, http.MethodGet, "/machines", ""), http.StatusOK, &machines)
	for _, m := range machines {
		if m.Name == name {
			found["vsphere"] = m.Puts
		}
	}
	return found
}

// request is one to the box's control server.
func request(t testing.TB, method, path, body string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, cluster.control+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// clearClouds takes away what scenarios before these have left in the box.
func clearClouds(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, cluster.control+"/clear", nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("clearing the clouds: %s", answer.Status)
	}
	return nil
}

// breakRegion lets a region of AWS answer with a fault; "" heals it.
func breakRegion(t *testing.T, region, fault string) {
	t.Helper()
	body := fmt.Sprintf(`{"cloud": "aws", "location": %q, "fault": %q}`, region, fault)
	send(t, request(t, http.MethodPost, "/faults", body), http.StatusOK, nil)
}

// holds wants the box to hold exactly these artifacts of an image, each put there so often.
func holds(t *testing.T, name string, want map[string]int) {
	t.Helper()
	if got := artifacts(t, name); fmt.Sprint(got) != fmt.Sprint(want) { // fmt sorts keys
		t.Errorf("the clouds hold of %s %v, want %v", name, got, want)
	}
}

// all are the artifacts of an image that was built once for every provider.
func all() map[string]int { return map[string]int{home: 1, second: 1, "s3": 1, "vsphere": 1} }

// names are what the runs of a task were about.
func names(runs []taskRun) []string {
	var all []string
	for _, r := range runs {
		all = append(all, r.Metadata.Name)
	}
	slices.Sort(all)
	return all
}
