package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/apiserver"
	"github.com/giantswarm/nodeimage/pkg/cli"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// site is a cluster whose runs make images in one directory.
type site struct {
	*apiserver.Server
	dir   string
	mu    sync.Mutex
	built map[string]int // how often, by image
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{Server: apiserver.Start(), dir: t.TempDir(), built: make(map[string]int)}
	t.Cleanup(s.Close)
	set := strings.ReplaceAll(`apiVersion: nodeimage.giantswarm.io/v1alpha1
kind: ImageSet
versions: {flatcar: 3815.2.5, kubernetes: "1.28.12,1.29.7,1.30.4", tooling: 1.15.0}
builders:
  raw: {target: build-raw-flatcar, imageBuilder: v0.1.55}
providers:
  here: {builder: raw, directory: {path: "DIR/images", file: "{name}.raw"}}
`, "DIR", s.dir)
	if err := errors.Join(s.Mount(filepath.Join(s.dir, "account"), namespace), os.Mkdir(filepath.Join(s.dir, "images"), 0o755),
		os.WriteFile(filepath.Join(s.dir, "images.yaml"), []byte(set), 0o600)); err != nil {
		t.Fatal(err)
	}
	return s
}

// plan runs nodeimage plan as a part of a run, and returns the plan, how it ended, and what it said to people.
func (s *site) plan(ctx context.Context, t *testing.T, run string, args ...string) (p plan.Plan, status int, said string) {
	t.Helper()
	variables := map[string]string{"NODEIMAGE_PIPELINE_RUN": run, "NODEIMAGE_PIPELINE_RUN_UID": uid(run), "NODEIMAGE_NAMESPACE": namespace}
	for _, line := range s.Environment() {
		name, value, _ := strings.Cut(line, "=")
		variables[name] = value
	}
	var stdout, stderr bytes.Buffer
	status = cli.Run(ctx, cli.Environment{
		Args:   append([]string{"plan", "--images", filepath.Join(s.dir, "images.yaml"), "-o", "json"}, args...),
		Stdout: &stdout, Stderr: &stderr, Getenv: func(name string) string { return variables[name] },
		ServiceAccount: filepath.Join(s.dir, "account"), WaitInterval: time.Millisecond,
	})
	if status == 0 {
		var err error
		if p, err = plan.Read(&stdout); err != nil {
			t.Error(err)
		}
	}
	return p, status, stderr.String()
}

// build does what a plan says, and ends its run.
func (s *site) build(t *testing.T, run string, p plan.Plan) {
	t.Helper()
	for _, b := range p.Builds {
		s.mu.Lock()
		s.built[b.Image]++
		s.mu.Unlock()
		file := filepath.Join(s.dir, "images", b.Image+".raw")
		if err := errors.Join(os.WriteFile(file+"."+run, []byte("an image"), 0o600), os.Rename(file+"."+run, file)); err != nil {
			t.Error(err)
		}
	}
	s.PutRun(namespace, run, uid(run), "True")
}

// TestRunsAtOnce starts several runs for the same release in the same moment: however many wait, and whichever comes first, each
// image is built exactly once. Builds take long: those that don't wait have all decided before the first of them has built anything.
func TestRunsAtOnce(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ runs, waiting int }{{2, 0}, {2, 1}, {2, 2}, {10, 0}, {10, 5}, {10, 10}} {
		t.Run(fmt.Sprintf("%d runs of which %d wait", tc.runs, tc.waiting), func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			var all, decided sync.WaitGroup
			decided.Add(tc.runs - tc.waiting)
			start := make(chan struct{})
			for i := range tc.runs {
				run := fmt.Sprintf("run-%d", i)
				s.PutRun(namespace, run, uid(run), "Unknown")
				all.Go(func() {
					<-start
					p, status, said := s.plan(t.Context(), t, run, fmt.Sprintf("--wait=%t", i < tc.waiting))
					if status != 0 || i < tc.waiting && p.Summary.Wait > 0 {
						t.Errorf("%s: status %d, %+v\n%s", run, status, p.Summary, said)
					}
					if i >= tc.waiting {
						decided.Done()
						decided.Wait()
					}
					s.build(t, run, p)
				})
			}
			close(start)
			all.Wait()
			want := map[string]int{}
			for _, kubernetes := range []string{"1.28.12", "1.29.7", "1.30.4"} {
				want["flatcar-stable-3815.2.5-kube-"+kubernetes+"-tooling-1.15.0-gs"] = 1
			}
			if diff := cmp.Diff(want, s.built); diff != "" {
				t.Errorf("how often each image was built (-want +got):\n%s", diff)
			}
		})
	}
}

// waitFor starts a run that has claimed 1.29.7, so that those that come have to wait for it.
func (s *site) waitFor(t *testing.T, run string) plan.Plan {
	t.Helper()
	s.PutRun(namespace, run, uid(run), "Unknown")
	p, status, said := s.plan(t.Context(), t, run, "--kubernetes", "1.29.7")
	if status != 0 || p.Summary.Build != 1 {
		t.Fatalf("status %d\n%s", status, said)
	}
	return p
}

// TestWaitingHoldsNothing wants a run that waits to have given its claims back, so that no two runs can wait for each other.
func TestWaitingHoldsNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.waitFor(t, "run-one")
	var held int
	s.At("GET pipelineruns", 4, func() {
		held = len(s.Leases(namespace))
		s.PutRun(namespace, "run-one", uid("run-one"), "False")
	})
	s.PutRun(namespace, "run-two", uid("run-two"), "Unknown")
	p, status, said := s.plan(t.Context(), t, "run-two", "--wait")
	if status != 0 || p.Summary.Build != 3 || held != 1 {
		t.Errorf("status %d, %+v, %d claims while it waited\n%s", status, p.Summary, held, said)
	}
}

// TestWaitingEndures wants an API server that fails for a while to tell a waiting run nothing.
func TestWaitingEndures(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.waitFor(t, "run-one")
	s.At("GET leases", 2, func() { s.Fail("GET", apiserver.Leases, apiserver.Internal) })
	s.At("GET leases", 5, func() {
		s.Fail("GET", apiserver.Leases, "")
		s.build(t, "run-one", first)
	})
	s.PutRun(namespace, "run-two", uid("run-two"), "Unknown")
	p, status, said := s.plan(t.Context(), t, "run-two", "--wait", "--kubernetes", "1.29.7")
	if status != 0 || p.Summary.Skip != 1 {
		t.Errorf("status %d, %+v\n%s", status, p.Summary, said)
	}
}

// TestInterrupted ends a plan in the middle of claiming and of waiting.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ request, want string }{
		"claiming": {"POST leases", "nodeimage: claiming what has to be built: interrupted"},
		"waiting":  {"GET leases", "nodeimage: waiting for the PipelineRun run-one: interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			s.waitFor(t, "run-one")
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			s.At(tc.request, map[string]int{"claiming": 1, "waiting": 3}[name], cancel)
			s.PutRun(namespace, "run-two", uid("run-two"), "Unknown")
			_, status, said := s.plan(ctx, t, "run-two", "--wait", "--kubernetes", "1.29.7")
			if status != 1 || !strings.Contains(said, tc.want+"\n") {
				t.Errorf("status %d\n%s", status, said)
			}
		})
	}
}

// TestRightsRevoked takes the right to Leases away in the middle of claiming. The plan goes on without claims, and says so.
func TestRightsRevoked(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.waitFor(t, "run-one")
	s.PutRun(namespace, "run-one", uid("run-one"), "True")
	s.At("POST leases", 3, func() {
		s.build(t, "run-one", first)
		s.Fail("", apiserver.Leases, apiserver.Forbidden)
	})
	s.PutRun(namespace, "run-two", uid("run-two"), "Unknown")
	p, status, said := s.plan(t.Context(), t, "run-two")
	if status != 0 || p.Summary.Build != 2 || p.Summary.Skip != 1 ||
		strings.Count(said, "warning: claims are not in use") != 1 || strings.Count(said, "it ends with its PipelineRun") != 1 {
		t.Errorf("status %d, %+v\n%s", status, p.Summary, said)
	}
}
