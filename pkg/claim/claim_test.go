package claim_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/apiserver"
	"github.com/giantswarm/nodeimage/pkg/claim"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

const namespace = "node-images"

var (
	artifact = plan.Artifact{Builder: "ami", Image: "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs"}
	one      = claim.Run{Name: "run-one", UID: "uid-one"}
	two      = claim.Run{Name: "run-two", UID: "uid-two"}
	now      = time.Date(2024, time.August, 1, 12, 0, 0, 0, time.UTC)
)

// cluster is an API server, with clients of it whose clock it is.
type cluster struct {
	*apiserver.Server
	files string
	now   time.Time
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{apiserver.Start(), t.TempDir(), now}
	t.Cleanup(c.Close)
	if err := c.Mount(c.files, namespace); err != nil {
		t.Fatal(err)
	}
	return c
}

// client is a client for a run, which is there and has not ended.
func (c *cluster) client(t *testing.T, run claim.Run) *claim.Client {
	t.Helper()
	if run != (claim.Run{}) {
		c.PutRun(namespace, run.Name, run.UID, "Unknown")
	}
	client, err := claim.New(claim.Config{
		Server: c.URL(), Files: c.files, Namespace: namespace, Run: run,
		Now: func() time.Time { return c.now }, MaxBackoff: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

// says is a claim, or why there is none, in a word or two.
func says(got claim.Claim, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case got.Mine:
		return "mine"
	case got.Held():
		return "held by " + got.Holder.Name
	}
	return "nobody's"
}

func take(t *testing.T, c *claim.Client) string {
	t.Helper()
	return says(c.Take(t.Context(), artifact))
}

func look(t *testing.T, c *claim.Client) string {
	t.Helper()
	return says(c.Look(t.Context(), artifact))
}

// TestLease is what kubectl shows of a claim.
func TestLease(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	if got := take(t, c.client(t, one)); got != "mine" {
		t.Fatalf("got %s", got)
	}
	lease := c.Leases(namespace)[0]
	want := apiserver.Metadata{
		Name: "nodeimage-ami-" + artifact.Image + "-a00186779d74fb21", Namespace: namespace,
		UID: lease.Metadata.UID, ResourceVersion: lease.Metadata.ResourceVersion,
		Labels: map[string]string{
			"app.kubernetes.io/name": "nodeimage", "app.kubernetes.io/managed-by": "nodeimage", "tekton.dev/pipelineRun": "run-one",
			"nodeimage.giantswarm.io/builder": "ami", "nodeimage.giantswarm.io/image": artifact.Image,
		},
		OwnerReferences: []apiserver.Owner{{APIVersion: "tekton.dev/v1", Kind: "PipelineRun", Name: "run-one", UID: "uid-one"}},
	}
	if diff := cmp.Diff(want, lease.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	const spec = `{"holderIdentity":"run-one/uid-one","leaseDurationSeconds":43200,"acquireTime":"2024-08-01T12:00:00.000000Z","renewTime":"2024-08-01T12:00:00.000000Z"}`
	if diff := cmp.Diff(spec, string(lease.Spec)); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
}

// TestNames wants every artifact to have a Lease of its own, whatever its builder is called.
func TestNames(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client(t, one)
	artifacts := []plan.Artifact{
		{Builder: "a", Image: "b-c"},
		{Builder: "a-b", Image: "c"},
		{Builder: "A_b", Image: "c"},
		{Builder: strings.Repeat("a", 300), Image: "c"},
		{Builder: "a", Image: strings.Repeat("c", 100)},
	}
	for _, a := range artifacts {
		if got := says(client.Take(t.Context(), a)); got != "mine" {
			t.Errorf("%s: got %s", a, got)
		}
	}
	if got := len(c.Leases(namespace)); got != len(artifacts) {
		t.Errorf("%d Leases, want %d", got, len(artifacts))
	}
}

// TestTaking is whose a claim is that the run one had, when the run two comes.
func TestTaking(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change func(*cluster)
		want   string
	}{
		"running":                   {func(*cluster) {}, "held by run-one"},
		"not picked up yet":         {func(c *cluster) { c.PutRun(namespace, "run-one", "uid-one", "") }, "held by run-one"},
		"succeeded":                 {func(c *cluster) { c.PutRun(namespace, "run-one", "uid-one", "True") }, "mine"},
		"failed or cancelled":       {func(c *cluster) { c.PutRun(namespace, "run-one", "uid-one", "False") }, "mine"},
		"deleted":                   {func(c *cluster) { c.DeleteRun(namespace, "run-one") }, "mine"},
		"another run with its name": {func(c *cluster) { c.PutRun(namespace, "run-one", "uid-new", "Unknown") }, "mine"},
		"in time":                   {func(c *cluster) { c.now = now.Add(12*time.Hour - time.Second) }, "held by run-one"},
		"out of time":               {func(c *cluster) { c.now = now.Add(12 * time.Hour) }, "mine"},
		"released by hand":          {func(c *cluster) { c.EditLeases(namespace, map[string]any{"holderIdentity": ""}) }, "mine"},
		"claimed by hand":           {func(c *cluster) { c.EditLeases(namespace, map[string]any{"holderIdentity": "alice"}) }, "held by alice"},
		"by hand, without an end": {func(c *cluster) {
			c.EditLeases(namespace, map[string]any{"holderIdentity": "alice", "leaseDurationSeconds": nil})
			c.now = now.Add(1000 * time.Hour)
		}, "held by alice"},
		"run can't be read":    {func(c *cluster) { c.Fail("GET", apiserver.PipelineRuns, apiserver.Internal) }, "held by run-one"},
		"runs may not be read": {func(c *cluster) { c.Fail("GET", apiserver.PipelineRuns, apiserver.Forbidden) }, "held by run-one"},
		"runs are not served":  {func(c *cluster) { c.Fail("GET", apiserver.PipelineRuns, apiserver.NotThere) }, "held by run-one"},
		"half a run":           {func(c *cluster) { c.Fail("GET", apiserver.PipelineRuns, apiserver.Half) }, "held by run-one"},
		"run can't be read in time": {func(c *cluster) {
			c.Fail("GET", apiserver.PipelineRuns, apiserver.NoAnswer)
			c.now = now.Add(13 * time.Hour)
		}, "mine"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCluster(t)
			first, second := c.client(t, one), c.client(t, two)
			if got := take(t, first); got != "mine" {
				t.Fatalf("the first: %s", got)
			}
			tc.change(c)
			if got, want := look(t, second), strings.Replace(tc.want, "mine", "nobody's", 1); got != want {
				t.Errorf("looking: got %s, want %s", got, want)
			}
			if got := take(t, second); got != tc.want {
				t.Errorf("taking: got %s, want %s", got, tc.want)
			}
			if tc.want == "mine" {
				if got := take(t, first); got != "held by run-two" {
					t.Errorf("the first, again: got %s", got)
				}
			}
		})
	}
}

// TestLimit wants a claim to hold as long as its run may take.
func TestLimit(t *testing.T) {
	t.Parallel()
	for timeout, want := range map[string]string{
		"13h0m0s": `"leaseDurationSeconds":46800`, "0s": `"leaseDurationSeconds":43200`, "": `"leaseDurationSeconds":43200`, "soon": `"leaseDurationSeconds":43200`,
	} {
		c := newCluster(t)
		client := c.client(t, one)
		c.PutRunWithTimeout(namespace, "run-one", "uid-one", timeout)
		if got := take(t, client); got != "mine" || !strings.Contains(string(c.Leases(namespace)[0].Spec), want) {
			t.Errorf("%q: got %s, %s", timeout, got, c.Leases(namespace)[0].Spec)
		}
	}
}

// TestKept wants a run that asks again to keep its claim, for as long again, and to give it back once.
func TestKept(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client, other := c.client(t, one), c.client(t, two)
	got, err := client.Take(t.Context(), artifact)
	if err != nil {
		t.Fatal(err)
	}
	c.now = now.Add(time.Hour)
	again, err := client.Take(t.Context(), artifact)
	if err != nil || !again.Mine || look(t, client) != "mine" {
		t.Fatalf("again: %v %v", again, err)
	}
	const spec = `{"holderIdentity":"run-one/uid-one","leaseDurationSeconds":43200,"acquireTime":"2024-08-01T12:00:00.000000Z","renewTime":"2024-08-01T13:00:00.000000Z"}`
	if diff := cmp.Diff(spec, string(c.Leases(namespace)[0].Spec)); diff != "" {
		t.Errorf("spec (-want +got):\n%s", diff)
	}
	for _, step := range []struct {
		claim claim.Claim
		left  int
	}{{got, 1}, {again, 0}, {again, 0}} {
		if err := client.Release(t.Context(), step.claim); err != nil || len(c.Leases(namespace)) != step.left {
			t.Errorf("%v, %d Leases left, want %d", err, len(c.Leases(namespace)), step.left)
		}
	}
	if got := take(t, other); got != "mine" {
		t.Errorf("the other: got %s", got)
	}
	if err := client.Release(t.Context(), again); err != nil || look(t, client) != "held by run-two" {
		t.Errorf("releasing what another has: %v", err)
	}
}

// TestWithoutARun wants a client without a run to honour claims and to make none.
func TestWithoutARun(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	anonymous := c.client(t, claim.Run{})
	if got := take(t, anonymous); got != "nobody's" || len(c.Leases(namespace)) != 0 {
		t.Errorf("got %s, and %d Leases", got, len(c.Leases(namespace)))
	}
	take(t, c.client(t, one))
	if got := take(t, anonymous); got != "held by run-one" {
		t.Errorf("got %s", got)
	}
	c.EditLeases(namespace, map[string]any{"holderIdentity": ""})
	if got := take(t, anonymous); got != "nobody's" {
		t.Errorf("got %s", got)
	}
}

// TestFaults is what a run may conclude from an API server that fails it.
func TestFaults(t *testing.T) {
	t.Parallel()
	const post, put, get, del = "POST", "PUT", "GET", "DELETE"
	for name, tc := range map[string]struct {
		method    string
		fault     apiserver.Fault
		free      string // taking what nobody has claimed
		ended     string // taking over what an ended run has claimed
		claimed   string // taking what another run has claimed
		leftThere bool   // the Lease is made although the answer is none
	}{
		"nothing may be done": {"", apiserver.Forbidden, claim.ErrForbidden.Error(), claim.ErrForbidden.Error(), claim.ErrForbidden.Error(), false},
		"no creating":         {post, apiserver.Forbidden, claim.ErrReadOnly.Error(), claim.ErrReadOnly.Error(), "held by run-one", false},
		"no updating":         {put, apiserver.Forbidden, "mine", claim.ErrReadOnly.Error(), "held by run-one", false},
		"internal":            {"", apiserver.Internal, "creating its Lease: InternalError (HTTP 500)", "creating its Lease: InternalError (HTTP 500)", "creating its Lease: InternalError (HTTP 500)", false},
		"internal, get":       {get, apiserver.Internal, "mine", "reading its Lease: InternalError (HTTP 500)", "reading its Lease: InternalError (HTTP 500)", false},
		"internal, put":       {put, apiserver.Internal, "mine", "taking its Lease over: InternalError (HTTP 500)", "held by run-one", false},
		"not served":          {"", apiserver.NotThere, "creating its Lease: HTTP 404", "creating its Lease: HTTP 404", "creating its Lease: HTTP 404", false},
		"not served, get":     {get, apiserver.NotThere, "mine", "reading its Lease: HTTP 404", "reading its Lease: HTTP 404", false},
		"no answer":           {"", apiserver.NoAnswer, "creating its Lease: the answer ended early", "creating its Lease: the answer ended early", "creating its Lease: the answer ended early", false},
		"half":                {post, apiserver.Half, "creating its Lease: the answer ended early", "creating its Lease: HTTP 409", "creating its Lease: HTTP 409", true},
		"half, get":           {get, apiserver.Half, "mine", "reading its Lease: the answer ended early", "reading its Lease: the answer ended early", false},
		"lost":                {post, apiserver.Lost, "creating its Lease: the answer ended early", "creating its Lease: the answer ended early", "creating its Lease: the answer ended early", true},
		"busy":                {"", apiserver.Busy, "mine", "mine", "held by run-one", false},
		"nonsense":            {"", apiserver.Nonsense, "creating its Lease: the API server's answer is not whole", "creating its Lease: the API server's answer is not whole", "creating its Lease: the API server's answer is not whole", false},
		"no deleting":         {del, apiserver.Forbidden, "mine", "mine", "held by run-one", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			free, ended, claimed := newCluster(t), newCluster(t), newCluster(t)
			for _, c := range []*cluster{ended, claimed} {
				take(t, c.client(t, one))
			}
			ended.PutRun(namespace, "run-one", "uid-one", "True")
			got := map[string]string{}
			for place, c := range map[string]*cluster{"free": free, "ended": ended, "claimed": claimed} {
				client := c.client(t, two)
				c.Fail(tc.method, apiserver.Leases, tc.fault)
				got[place] = take(t, client)
				c.Fail(tc.method, apiserver.Leases, "")
			}
			if diff := cmp.Diff(map[string]string{"free": tc.free, "ended": tc.ended, "claimed": tc.claimed}, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// What was made although nobody heard of it is the run's own when it asks again.
			if left := len(free.Leases(namespace)) == 1; left != (tc.free == "mine" || tc.leftThere) {
				t.Errorf("a Lease is there: %t", left)
			}
			if got := take(t, free.client(t, two)); got != "mine" {
				t.Errorf("again: %s", got)
			}
		})
	}
}

// TestRefusedRelease wants a claim that can't be given back to be told of.
func TestRefusedRelease(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client(t, one)
	mine, err := client.Take(t.Context(), artifact)
	if err != nil {
		t.Fatal(err)
	}
	c.Fail("DELETE", apiserver.Leases, apiserver.Forbidden)
	if err := client.Release(t.Context(), mine); err == nil || !strings.Contains(err.Error(), artifact.Image+" back: Forbidden (HTTP 403)") {
		t.Errorf("got %v", err)
	}
}

// TestRace lets many runs take one claim at once: exactly one gets it, and the others are told which.
func TestRace(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]func(*testing.T, *cluster){
		"free": func(*testing.T, *cluster) {},
		"ended": func(t *testing.T, c *cluster) {
			take(t, c.client(t, claim.Run{Name: "run-old", UID: "uid-old"}))
			c.PutRun(namespace, "run-old", "uid-old", "False")
		},
		"out of time": func(t *testing.T, c *cluster) {
			take(t, c.client(t, claim.Run{Name: "run-old", UID: "uid-old"}))
			c.now = now.Add(24 * time.Hour)
		},
	} {
		for _, runs := range []int{2, 10} {
			t.Run(fmt.Sprintf("%s, %d runs", name, runs), func(t *testing.T) {
				t.Parallel()
				c := newCluster(t)
				before(t, c)
				got := race(t, c, runs)
				winner := regexp.MustCompile(`run-[0-9]+`).FindString(string(c.Leases(namespace)[0].Spec))
				for run, said := range got {
					if want := map[bool]string{true: "mine", false: "held by " + winner}[run == winner]; said != want {
						t.Errorf("%s: got %s, want %s", run, said, want)
					}
				}
			})
		}
	}
}

func race(t *testing.T, c *cluster, runs int) map[string]string {
	t.Helper()
	clients := map[string]*claim.Client{}
	for i := range runs {
		run := claim.Run{Name: fmt.Sprintf("run-%d", i), UID: fmt.Sprintf("uid-%d", i)}
		clients[run.Name] = c.client(t, run)
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	start, got := make(chan struct{}), map[string]string{}
	for run, client := range clients {
		all.Go(func() {
			<-start
			said := says(client.Take(t.Context(), artifact))
			mu.Lock()
			defer mu.Unlock()
			got[run] = said
		})
	}
	close(start)
	all.Wait()
	return got
}

// TestToken wants the token to be read anew for each request, since it is replaced while the client lives.
func TestToken(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client, token := c.client(t, one), filepath.Join(c.files, "token")
	for content, want := range map[string]string{"an old one": "reading its Lease: Unauthorized (HTTP 401)", apiserver.Token + "\n": "nobody's"} {
		if err := os.WriteFile(token, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := look(t, client); got != want {
			t.Errorf("%s: got %s, want %s", content, got, want)
		}
	}
	if err := os.Remove(token); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Take(t.Context(), artifact); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a token: %v", err)
	}
}

// TestFiles wants files that can't be used to be found before anything is asked, and an authority to be the cluster's.
func TestFiles(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		file, content string
		want          string
	}{
		"no token":       {"token", "", "reading the service account's token"},
		"no authority":   {"ca.crt", "", "reading the API server's certificate authority"},
		"no certificate": {"ca.crt", "nonsense", "ca.crt has no certificate"},
	} {
		c := newCluster(t)
		file := filepath.Join(c.files, tc.file)
		if err := errors.Join(os.Remove(file), os.WriteFile(file, []byte(tc.content), 0o600)); err != nil {
			t.Fatal(err)
		}
		if tc.content == "" {
			os.Remove(file)
		}
		_, err := claim.New(claim.Config{Server: c.URL(), Files: c.files, Namespace: namespace})
		if err == nil || !strings.Contains(err.Error(), tc.want) || errors.Is(err, fs.ErrNotExist) != (tc.content == "") {
			t.Errorf("%s: %v", name, err)
		}
	}
	trusted, other := newCluster(t), newCluster(t)
	trusted.files = other.files // another cluster's certificate is signed by another authority
	if err := os.WriteFile(filepath.Join(other.files, "ca.crt"), []byte(authority), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := look(t, trusted.client(t, one)); got != "reading its Lease: the server's certificate is signed by an unknown authority" {
		t.Errorf("got %s", got)
	}
}

// authority is that of another cluster. Its key is not kept.
const authority = `-----BEGIN CERTIFICATE-----
MIIBjDCCATGgAwIBAgIUYMpKF0PdGHvpXA2+N1LbhcBvjp8wCgYIKoZIzj0EAwIw
GjEYMBYGA1UEAwwPYW5vdGhlciBjbHVzdGVyMCAXDTI2MTEyNDAxMTAwNVoYDzIx
MjYxMDMxMDExMDA1WjAaMRgwFgYDVQQDDA9hbm90aGVyIGNsdXN0ZXIwWTATBgcq
hkjOPQIBBggqhkjOPQMBBwNCAAS8Uw6ZAk5SGam1m5UbMgC40jI5dEVvP38Gm+2g
exDbRnl4fG+SPUfhgXiKt/57JR484qCXwjfShhcKnjnBRfGZo1MwUTAdBgNVHQ4E
FgQUNRftvbDlWiKNIEHawUO3FgBC4BAwHwYDVR0jBBgwFoAUNRftvbDlWiKNIEHa
wUO3FgBC4BAwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAzXA9
JknpFcDo5aB4mSgvbmkJl0ZdcuYeIP2kOICtE1oCIQDBd1buLwSG9p65vRZX6sb0
l1X/Bk86HsVN6Zddu4a3+g==
-----END CERTIFICATE-----
`

// TestCancelled wants a cancelled run to be told that, and at once.
func TestCancelled(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	client := c.client(t, one)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := says(client.Take(ctx, artifact)); got != "creating its Lease: the run was cancelled" {
		t.Errorf("got %s", got)
	}
}
