// Package hooks sends webhooks, as GitHub does, to the real event listener of Tekton Triggers with its real interceptors.
package hooks

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tektoncd/pipeline/pkg/apis/config"
	pipelinev1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	triggerstest "github.com/tektoncd/triggers/test"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"knative.dev/pkg/apis"
	"sigs.k8s.io/yaml"
)

const (
	secret    = "a secret of this test"
	namespace = "node-images"
)

var pipelineRuns = schema.GroupVersionResource{Group: "tekton.dev", Version: "v1", Resource: "pipelineruns"}

// delivery is one webhook. The bodies in testdata have the fields of GitHub's that are of use
// (https://docs.github.com/en/webhooks/webhook-events-and-payloads).
type delivery struct {
	event, body string
	old, new    string // what differs from the file
	secret      string // "": the right one
}

// TestHooks counts what deliveries start.
func TestHooks(t *testing.T) {
	release := delivery{event: "release", body: "release.json"}
	for name, tc := range map[string]struct {
		deliveries []delivery
		want       []string
	}{
		"published release":   {[]delivery{release}, []string{"node-images-1-15-0"}},
		"delivered again":     {[]delivery{release, release}, []string{"node-images-1-15-0"}},
		"two releases":        {[]delivery{release, release.with(`"v1.15.0"`, `"v1.16.0"`)}, []string{"node-images-1-15-0", "node-images-1-16-0"}},
		"bad signature":       {[]delivery{{event: "release", body: "release.json", secret: "another"}}, nil},
		"created, no more":    {[]delivery{release.with(`"published"`, `"created"`)}, nil},
		"deleted release":     {[]delivery{release.with(`"published"`, `"deleted"`)}, nil},
		"draft":               {[]delivery{release.with(`"draft": false`, `"draft": true`)}, nil},
		"prerelease":          {[]delivery{release.with(`"prerelease": false`, `"prerelease": true`)}, nil},
		"prerelease by tag":   {[]delivery{release.with(`"v1.15.0"`, `"v1.15.0-rc.1"`)}, nil},
		"other tag":           {[]delivery{release.with(`"v1.15.0"`, `"nightly"`)}, nil},
		"hostile tag":         {[]delivery{release.with(`"v1.15.0"`, `"v1.15.0\n$(id)"`)}, nil},
		"other repository":    {[]delivery{release.with(`giantswarm/capi-image-builder`, `giantswarm/fork`)}, nil},
		"branch":              {[]delivery{{event: "push", body: "branch.json"}}, nil},
		"deleted tag":         {[]delivery{{event: "delete", body: "deleted.json"}}, nil},
		"release as a push":   {[]delivery{{event: "push", body: "release.json"}}, nil},
		"branch as a release": {[]delivery{{event: "release", body: "branch.json"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			listener := newListener(t)
			for _, d := range tc.deliveries {
				listener.deliver(t, d)
			}
			var got []string
			for _, run := range listener.runs(t) {
				got = append(got, run.Name)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("runs (-want +got):\n%s", diff)
			}
		})
	}
}

func (d delivery) with(old, changed string) delivery {
	d.old, d.new = old, changed
	return d
}

// TestRun holds the run that a release starts to the rules of Tekton.
func TestRun(t *testing.T) {
	listener := newListener(t)
	listener.deliver(t, delivery{event: "release", body: "release.json"})
	runs := listener.runs(t)
	if len(runs) != 1 {
		t.Fatalf("%d runs", len(runs))
	}
	run := runs[0]
	want := pipelinev1.Params{{Name: "tooling", Value: *pipelinev1.NewStructuredValues("1.15.0")}}
	if diff := cmp.Diff(want, run.Spec.Params); diff != "" {
		t.Errorf("params (-want +got):\n%s", diff)
	}
	if run.Spec.PipelineRef.Name != "node-images" || run.Namespace != namespace {
		t.Errorf("runs %s in %s", run.Spec.PipelineRef.Name, run.Namespace)
	}
	ctx := apis.WithinCreate(config.ToContext(context.Background(), config.FromContextOrDefaults(context.Background())))
	run.SetDefaults(ctx)
	if err := run.Validate(ctx); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff(daily(t), run.Spec, cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Params" }, cmp.Ignore())); diff != "" {
		t.Errorf("differs from the daily run (-daily +release):\n%s", diff)
	}
}

func daily(t *testing.T) pipelinev1.PipelineRunSpec {
	t.Helper()
	var run pipelinev1.PipelineRun
	load(t, "../../cron/pipelinerun.yaml", &run)
	run.SetDefaults(config.ToContext(context.Background(), config.FromContextOrDefaults(context.Background())))
	return run.Spec
}

// deliver sends a webhook and waits until it is worked off. GitHub gets 202 in every case.
func (l listener) deliver(t *testing.T, d delivery) {
	t.Helper()
	body, err := os.ReadFile(filepath.Join("testdata", d.body))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(body, []byte(d.old)) {
		t.Fatalf("%s has no %s", d.body, d.old)
	}
	if d.old != "" {
		body = bytes.ReplaceAll(body, []byte(d.old), []byte(d.new))
	}
	key := secret
	if d.secret != "" {
		key = d.secret
	}
	server := httptest.NewServer(http.HandlerFunc(l.sink.HandleEvent))
	defer server.Close()
	request, err := http.NewRequest(http.MethodPost, server.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header = http.Header{
		"Content-Type":        {"application/json"},
		"X-Github-Event":      {d.event},
		"X-Github-Delivery":   {"0b989ba4-242f-11e5-81e1-c7b6966d2516"},
		"X-Hub-Signature-256": {triggerstest.HMACHeader(t, key, body, "sha256")},
	}
	response, err := server.Client().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusAccepted {
		t.Fatalf("status %d, %v", response.StatusCode, err)
	}
	l.sink.WGProcessTriggers.Wait()
}

// runs are the PipelineRuns that were made, strictly read.
func (l listener) runs(t *testing.T) []pipelinev1.PipelineRun {
	t.Helper()
	list, err := l.dynamic.Resource(pipelineRuns).Namespace(namespace).List(context.Background(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var runs []pipelinev1.PipelineRun
	for _, item := range list.Items {
		var run pipelinev1.PipelineRun
		text, err := item.MarshalJSON()
		if err = errors.Join(err, yaml.UnmarshalStrict(text, &run)); err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	return runs
}

func load(t *testing.T, file string, object any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "\n---\n") {
		t.Fatalf("%s has several objects", file)
	}
	if err := yaml.UnmarshalStrict(text, object); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}
