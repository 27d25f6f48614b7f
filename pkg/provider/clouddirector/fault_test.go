package clouddirector_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// TestFaultAtEveryRequest breaks each request of a look in turn. All but the last, which logs out, must make everything
// unknown.
func TestFaultAtEveryRequest(t *testing.T) {
	t.Parallel()
	for _, fault := range []clouds.Fault{clouds.Forbidden, clouds.ServerError, clouds.Reset, clouds.Truncated, clouds.Garbage} {
		for n := 1; n <= 6; n++ {
			t.Run(fmt.Sprintf("password/%s from request %d", fault, n), func(t *testing.T) {
				t.Parallel()
				faultAt(t, environment(), fault, n, 6)
			})
		}
		for n := 1; n <= 7; n++ {
			t.Run(fmt.Sprintf("API token/%s from request %d", fault, n), func(t *testing.T) {
				t.Parallel()
				faultAt(t, withToken(), fault, n, 7)
			})
		}
	}
}

func faultAt(t *testing.T, env map[string]string, fault clouds.Fault, n, last int) {
	t.Helper()
	vcd := paged(8)
	vcd.FailFrom(org, n, fault)
	f, problem := find(t, newSource(t, vcd, env), "image-0")
	if n == last && (problem != "" || f.State != inventory.Present) {
		t.Errorf("the log-out failed: %s %s", f.State, problem)
	}
	if n < last && problem == "" {
		t.Errorf("image-0 is %s", f.State)
	}
}

// paged is a server with n templates, of which up to six fit on a page.
func paged(n int) *clouds.VCD {
	vcd := clouds.NewVCD(clouds.VCDConfig{Org: org, PageLimit: 6})
	vcd.AddUser(org, user, password)
	vcd.AddAPIToken(org, apiToken)
	vcd.AddCatalog(org, images)
	for i := range n {
		vcd.AddTemplate(org, images, clouds.VCDTemplate{Name: fmt.Sprintf("image-%d", i)})
	}
	return vcd
}

func TestThrottledOnce(t *testing.T) {
	t.Parallel()
	for how, env := range map[string]map[string]string{"password": environment(), "API token": withToken()} {
		for n := 1; n <= 6; n++ {
			t.Run(fmt.Sprintf("%s, request %d", how, n), func(t *testing.T) {
				t.Parallel()
				vcd := paged(8)
				vcd.FailFrom(org, n, clouds.ThrottledOnce)
				f, problem := find(t, newSource(t, vcd, env), "image-7")
				if problem != "" || f.State != inventory.Present {
					t.Errorf("%s %s", f.State, problem)
				}
			})
		}
	}
}

// TestAttempts bounds how often a request is sent, and shows that a wrong password is sent once only.
func TestAttempts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault clouds.Fault
		from  int
		want  int // requests in all
	}{
		"throttled at the login":        {clouds.Throttled, 2, 1 + 4},
		"unavailable at the login":      {clouds.Unavailable, 2, 1 + 4},
		"unauthenticated at the login":  {clouds.Unauthenticated, 2, 1 + 1},
		"throttled at the first query":  {clouds.Throttled, 3, 2 + 4 + 1},
		"server error at the query":     {clouds.ServerError, 3, 2 + 1 + 1},
		"throttled at the log-out only": {clouds.Throttled, 5, 4 + 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vcd := newVCD()
			vcd.FailFrom(org, c.from, c.fault)
			_, _ = find(t, newSource(t, vcd, environment()), "image")
			if got := len(vcd.Requests()); got != c.want {
				t.Errorf("%d requests, want %d: %v", got, c.want, operations(vcd))
			}
		})
	}
}

// TestSlow hangs at each request in turn, and the run is cancelled: the look ends, with what it has found by then.
func TestSlow(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 5; n++ {
		t.Run(fmt.Sprintf("request %d", n), func(t *testing.T) {
			t.Parallel()
			findings, err := cancelledAt(t, n)
			if n < 5 && (err == nil || !strings.HasSuffix(err.Error(), ": the run was cancelled")) {
				t.Errorf("got %v", err)
			}
			if n == 5 && (err != nil || findings["image"][0].State != inventory.Present) {
				t.Errorf("the log-out hangs: %v %v", findings, err)
			}
		})
	}
}

// cancelledAt cancels a look when its n-th request has come in, which is not answered.
func cancelledAt(t *testing.T, n int) (inventory.Findings, error) {
	t.Helper()
	vcd := newVCD()
	vcd.AddTemplate(org, images, clouds.VCDTemplate{Name: "image"})
	vcd.FailFrom(org, n, clouds.Slow)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var requests atomic.Int64
	source := newSource(t, intercept(vcd, func(http.ResponseWriter, *http.Request) bool {
		if requests.Add(1) == int64(n) {
			cancel()
		}
		return false
	}), environment())
	start := time.Now()
	findings, err := source.Look(ctx, []inventory.Image{wanted("image")})
	if took := time.Since(start); took > 4*time.Second { // the log-out alone might take 5
		t.Errorf("the look took %s", took)
	}
	return findings, err
}
