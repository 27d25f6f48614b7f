//go:build e2e

package tekton

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// hook is a webhook as GitHub sends it: https://docs.github.com/en/webhooks/webhook-events-and-payloads
type hook struct {
	event, delivery, secret string
	body                    map[string]any
}

// release is the event of a release that was published.
func release(tag string) hook {
	return hook{event: "release", delivery: "7c9e6679-7425-40de-944b-e07fc1f90ae7", secret: hookSecret, body: map[string]any{
		"action":     "published",
		"release":    map[string]any{"tag_name": tag, "draft": false, "prerelease": false, "target_commitish": "main", "name": tag},
		"repository": map[string]any{"full_name": "giantswarm/capi-image-builder", "name": "capi-image-builder"},
		"sender":     map[string]any{"login": "octocat"},
	}}
}

// deliver sends a hook, and returns the listener's name for the event, which stands in its log and on the runs that it starts.
func (h hook) deliver(t *testing.T) (id string) {
	t.Helper()
	body, err := json.Marshal(h.body)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequest(http.MethodPost, cluster.hooks, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, []byte(h.secret))
	mac.Write(body)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-GitHub-Event", h.event)
	r.Header.Set("X-GitHub-Delivery", h.delivery)
	r.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	var answer struct{ EventID string }
	send(t, r, http.StatusAccepted, &answer)
	return answer.EventID
}

// hookRuns are the PipelineRuns that hooks started.
func hookRuns(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, r := range read[struct{ Items []pipelineRun }](t, "get", "pipelineruns", "--selector=triggers.tekton.dev/eventlistener=node-images").Items {
		all = append(all, r.Metadata.Name)
	}
	return all
}

func testHook(t *testing.T) {
	release("v1.15.0").deliver(t)
	const name = "node-images-1-15-0"
	eventually(t, time.Minute, "a run of the hook", func() bool { return slices.Equal(hookRuns(t), []string{name}) })
	run := finish(t, name)
	if c := run.succeeded(); c.Status != "True" {
		t.Fatalf("ended %s: %s\n%s", c.Reason, c.Message, planLog(t, name))
	}
	// An AMI, an OVA for two providers, and a template.
	if built := taskRuns(t, name, "build"); len(built) != 3 || run.result("count") != "3" {
		t.Errorf("built %v, count is %v, want three builds", names(built), run.result("count"))
	}
	kubernetes := "1.29.7" // what e2e/images.yaml says
	holds(t, image(kubernetes, "gs"), all())
	mention(t, "the report", report(t, name), "run: Succeeded", "plan: Succeeded", "builds: Succeeded", image(kubernetes, "gs"), "capa", "capv", "capvcd", "missing")

	again := release("v1.15.0")
	id := again.deliver(t)
	eventually(t, time.Minute, "the listener's word on the second delivery", func() bool {
		return strings.Contains(listenerLog(t), id) && strings.Contains(listenerLog(t), "already exists")
	})
	if got := hookRuns(t); !slices.Equal(got, []string{name}) {
		t.Errorf("the same hook again: runs are %v", got)
	}
	holds(t, image(kubernetes, "gs"), all())
}

// listenerLog is what the EventListener wrote.
func listenerLog(t *testing.T) string {
	t.Helper()
	return kubectl(t, "logs", "deployment/el-node-images", "--tail=-1")
}

// testOtherHooks delivers events that start nothing. The listener writes nothing about those and answers before it has looked at them,
// so each is followed by one that does start a run: by then the other has had its turn.
func testOtherHooks(t *testing.T) {
	before := hookRuns(t)
	forged := release("v1.16.1")
	forged.secret = "not the secret"
	draft, prerelease, created := release("v1.16.2"), release("v1.16.3"), release("v1.16.4")
	draft.body["release"].(map[string]any)["draft"] = true
	prerelease.body["release"].(map[string]any)["prerelease"] = true
	created.body["action"] = "created"
	branch := hook{event: "push", secret: hookSecret, body: map[string]any{
		"ref": "refs/heads/main", "deleted": false, "repository": map[string]any{"full_name": "giantswarm/capi-image-builder"},
	}}
	candidate := release("v1.17.0-rc.1")
	foreign := release("v1.16.5")
	foreign.body["repository"].(map[string]any)["full_name"] = "somebody/capi-image-builder"
	last := 0
	for what, h := range map[string]hook{
		"a bad signature": forged, "a draft": draft, "a pre-release": prerelease, "a release that is only created": created,
		"a push to a branch": branch, "a tag that is no release's": candidate, "another repository": foreign,
	} {
		h.deliver(t)
		last++
		release("v1.18." + strconv.Itoa(last)).deliver(t)
		started := "node-images-1-18-" + strconv.Itoa(last)
		eventually(t, time.Minute, "a run of the hook after "+what, func() bool { return slices.Contains(hookRuns(t), started) })
		kubectl(t, "delete", "pipelinerun", started) // there is no such release of the builder
		if got := hookRuns(t); !slices.Equal(got, before) {
			t.Errorf("%s started a run: there are %v", what, got)
		}
	}
}
