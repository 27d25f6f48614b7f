// Package provider_test holds every provider type to one contract: what a look finds, what it makes of everything that a cloud
// can do wrong, and that it calls nothing else.
package provider_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/name"
)

// place is one location of a provider that a test can fill and break.
type place struct {
	source     inventory.Source                                   // a new source that looks at this place, for one look
	location   string                                             // what findings about it are called
	behaviour  *clouds.Behaviour                                  // its faults and requests; nil where there is no server
	faultAt    string                                             // the location by which behaviour knows it
	put        func(image inventory.Image, state inventory.State) // Present, Pending or Failed
	lookalike  func(image inventory.Image)                        // puts one of the same name that isn't the consumer's; nil where that can't happen
	pages      func()                                             // makes pages so small that a handful of images needs several; nil where there are none
	operations []string                                           // what a look may call
	unreadable func()                                             // breaks a place without a server; nil where there is one
	secret     string                                             // the credential, which must never show; "" where there is none
}

// opener opens a new place, which holds nothing.
type opener func(*testing.T) *place

// types are all provider types.
func types() map[string]opener {
	return map[string]opener{
		"aws":            awsPlace,
		"azure":          azurePlace,
		"cloud-director": cloudDirectorPlace,
		"directory":      directoryPlace,
		"s3":             s3Place,
		"vsphere":        vspherePlace,
	}
}

// images makes n different images.
func images(t *testing.T, n int) []inventory.Image {
	t.Helper()
	all := make([]inventory.Image, n)
	for i := range all {
		parts, err := name.New(name.Name{
			Flatcar: "3815.2.5", Kubernetes: fmt.Sprintf("1.29.%d", i), Tooling: "1.15.0", Suffix: "gs",
		}, name.Options{})
		if err != nil {
			t.Fatal(err)
		}
		all[i] = inventory.Image{Name: parts, Lookup: parts.String()}
	}
	return all
}

// look asks the place and checks what holds for every look: a finding for every image, no credential in any of them, and no
// call that a look has no need of.
func (p *place) look(ctx context.Context, t *testing.T, timeout time.Duration, images ...inventory.Image) map[string]inventory.State {
	t.Helper()
	target := inventory.Target{Providers: []string{"test"}, Source: p.source, Images: images}
	result := inventory.Gather(ctx, []inventory.Target{target}, inventory.Options{Timeout: timeout})[0]
	states := make(map[string]inventory.State)
	for _, image := range images {
		findings := result.Findings[image.Lookup]
		if len(findings) != 1 || findings[0].Location != p.location {
			t.Fatalf("findings of %s: %+v, want one for %s", image.Lookup, findings, p.location)
		}
		states[image.Lookup] = findings[0].State
		if p.secret != "" && strings.Contains(fmt.Sprint(findings[0]), p.secret) {
			t.Errorf("the credential shows in a finding: %+v", findings[0])
		}
		if findings[0].State == inventory.Unknown && len(findings[0].Notes) == 0 {
			t.Errorf("nothing says why %s is unknown", image.Lookup)
		}
		if len(images) < 20 {
			t.Logf("%s: %s %q", image.Lookup, findings[0].State, findings[0].Notes)
		}
	}
	p.checkOperations(t)
	return states
}

func (p *place) checkOperations(t *testing.T) {
	t.Helper()
	if p.behaviour == nil {
		return
	}
	for _, r := range p.behaviour.Requests() {
		if !slices.Contains(p.operations, r.Operation) {
			t.Errorf("the look called %s, want only %v", r.Operation, p.operations)
		}
	}
}

// a case of the contract. Those that break the place need a server.
type contractCase struct {
	name        string
	needsServer bool
	test        func(t *testing.T, open opener)
}

func cases() []contractCase {
	cases := []contractCase{
		{"present", false, found(inventory.Present)},
		{"absent", false, found(inventory.Absent)},
		{"pending", false, found(inventory.Pending)},
		{"failed", false, found(inventory.Failed)},
		{"throttled and then fine", true, throttledOnce},
		{"slow beyond the deadline", true, slow},
		{"cancelled", true, cancelled},
		{"cancelled before", false, cancelledBefore},
		{"second page", true, secondPage},
		{"second page fails", true, secondPageFails},
		{"each request fails in turn", true, eachRequestFails},
		{"unreadable", false, unreadable},
		{"1,000 names", false, thousand},
		{"name with a wildcard character", false, wildcard},
		{"look-alike", false, lookalike},
	}
	for fault, text := range map[clouds.Fault]string{
		clouds.Forbidden: "forbidden", clouds.Unauthenticated: "unauthenticated", clouds.Throttled: "throttled for ever",
		clouds.ServerError: "server error", clouds.Unavailable: "unavailable", clouds.Reset: "connection reset",
		clouds.Truncated: "truncated answer", clouds.Garbage: "garbage answer",
	} {
		cases = append(cases, contractCase{text, true, unknownUnder(fault)})
	}
	return cases
}

func TestContract(t *testing.T) {
	t.Parallel()
	for provider, open := range types() {
		for _, c := range cases() {
			t.Run(provider+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				if c.needsServer && open(t).behaviour == nil {
					t.Log("does not apply: there is no server that could do this")
					return
				}
				c.test(t, open)
			})
		}
	}
}

// variants are other ways in which types look. They show fewer states, and are held to fewer cases.
func variants() map[string]opener {
	return map[string]opener{
		"azure community gallery": azureCommunityPlace,
		"vsphere content library": vsphereLibraryPlace,
	}
}

func TestContractOfVariants(t *testing.T) {
	t.Parallel()
	stateless := []string{"pending", "failed", "second page", "second page fails", "look-alike"}
	for variant, open := range variants() {
		for _, c := range cases() {
			if slices.Contains(stateless, c.name) {
				continue
			}
			t.Run(variant+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				c.test(t, open)
			})
		}
	}
}

func expect(t *testing.T, states map[string]inventory.State, image inventory.Image, want inventory.State) {
	t.Helper()
	if got := states[image.Lookup]; got != want {
		t.Errorf("%s is %s, want %s", image.Lookup, got, want)
	}
}

// found puts one image in the state, and one beside it that must not be mixed up with it.
func found(want inventory.State) func(*testing.T, opener) {
	return func(t *testing.T, open opener) {
		p := open(t)
		all := images(t, 12) // 1.29.1 is the beginning of 1.29.10 and 1.29.11
		if want != inventory.Absent {
			p.put(all[1], want)
		}
		p.put(all[10], inventory.Present)
		states := p.look(t.Context(), t, time.Minute, all[1], all[10], all[11])
		expect(t, states, all[1], want)
		expect(t, states, all[10], inventory.Present)
		expect(t, states, all[11], inventory.Absent)
	}
}

func unknownUnder(fault clouds.Fault) func(*testing.T, opener) {
	return func(t *testing.T, open opener) {
		p := open(t)
		all := images(t, 2)
		p.put(all[0], inventory.Present)
		p.behaviour.Fail(p.faultAt, fault)
		states := p.look(t.Context(), t, time.Minute, all...)
		expect(t, states, all[0], inventory.Unknown)
		expect(t, states, all[1], inventory.Unknown)
	}
}

func throttledOnce(t *testing.T, open opener) {
	p := open(t)
	all := images(t, 2)
	p.put(all[0], inventory.Present)
	p.behaviour.Fail(p.faultAt, clouds.ThrottledOnce)
	states := p.look(t.Context(), t, time.Minute, all...)
	expect(t, states, all[0], inventory.Present)
	expect(t, states, all[1], inventory.Absent)
}

func slow(t *testing.T, open opener) {
	p := open(t)
	all := images(t, 2)
	p.put(all[0], inventory.Present)
	p.behaviour.Fail(p.faultAt, clouds.Slow)
	start := time.Now()
	states := p.look(t.Context(), t, 300*time.Millisecond, all...)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("the look took %s after a deadline of 300ms", took)
	}
	expect(t, states, all[0], inventory.Unknown)
	expect(t, states, all[1], inventory.Unknown)
}

// cancelled cancels the run while the server keeps the look waiting.
func cancelled(t *testing.T, open opener) {
	p := open(t)
	all := images(t, 2)
	p.put(all[0], inventory.Present)
	p.behaviour.Fail(p.faultAt, clouds.Slow)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for len(p.behaviour.Requests()) == 0 {
			runtime.Gosched()
		}
		cancel()
	}()
	states := p.look(ctx, t, time.Minute, all...)
	expect(t, states, all[0], inventory.Unknown)
	expect(t, states, all[1], inventory.Unknown)
}

func cancelledBefore(t *testing.T, open opener) {
	p := open(t)
	all := images(t, 2)
	p.put(all[0], inventory.Present)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	states := p.look(ctx, t, time.Minute, all...)
	expect(t, states, all[0], inventory.Unknown)
	expect(t, states, all[1], inventory.Unknown)
}

func secondPage(t *testing.T, open opener) {
	p := open(t)
	if p.pages == nil {
		t.Log("does not apply: its answers have no pages")
		return
	}
	p.pages()
	all := images(t, 9)
	for _, image := range all[:8] {
		p.put(image, inventory.Present)
	}
	states := p.look(t.Context(), t, time.Minute, all...)
	for _, image := range all[:8] {
		expect(t, states, image, inventory.Present)
	}
	expect(t, states, all[8], inventory.Absent)
	if secondPageRequest(p.behaviour.Requests()) == 0 {
		t.Error("there was no second page")
	}
}

// secondPageRequest finds the first request that repeats an operation, which fetches the second page, counting from 1.
func secondPageRequest(requests []clouds.Request) int {
	seen := make(map[string]bool)
	for i, r := range requests {
		if seen[r.Operation] {
			return i + 1
		}
		seen[r.Operation] = true
	}
	return 0
}

// secondPageFails looks at two places alike: at the first to learn which request fetches the second page, which then fails at
// the second. What the first page did not show must not be taken for absent.
func secondPageFails(t *testing.T, open opener) {
	p := open(t)
	if p.pages == nil {
		t.Log("does not apply: its answers have no pages")
		return
	}
	all := images(t, 9)
	fill := func(p *place) {
		p.pages()
		for _, image := range all[:8] {
			p.put(image, inventory.Present)
		}
	}
	model := open(t)
	fill(model)
	model.look(t.Context(), t, time.Minute, all...)

	fill(p)
	p.behaviour.FailFrom(p.faultAt, secondPageRequest(model.behaviour.Requests()), clouds.ServerError)
	states := p.look(t.Context(), t, time.Minute, all...)
	unknown := 0
	for _, image := range all {
		switch states[image.Lookup] {
		case inventory.Present:
		case inventory.Unknown:
			unknown++
		default:
			t.Errorf("%s is %s after half an answer", image.Lookup, states[image.Lookup])
		}
	}
	if unknown == 0 {
		t.Error("nothing is unknown after half an answer")
	}
	expect(t, states, all[8], inventory.Unknown)
}

// eachRequestFails lets the first request of a look fail, then the second of another look, and so on. Whatever a provider makes of
// what came before, nothing that is there may become absent.
func eachRequestFails(t *testing.T, open opener) {
	all := images(t, 3)
	fill := func(p *place) *place {
		p.put(all[0], inventory.Present)
		p.put(all[1], inventory.Present)
		return p
	}
	model := fill(open(t))
	model.look(t.Context(), t, time.Minute, all...)
	for n := range model.behaviour.Requests() {
		for _, fault := range []clouds.Fault{clouds.Forbidden, clouds.ServerError, clouds.Garbage} {
			p := fill(open(t))
			p.behaviour.FailFrom(p.faultAt, n+1, fault)
			states := p.look(t.Context(), t, time.Minute, all...)
			for _, image := range all[:2] {
				if state := states[image.Lookup]; state != inventory.Present && state != inventory.Unknown {
					t.Errorf("%s is %s after %s from request %d on", image.Lookup, state, fault, n+1)
				}
			}
		}
	}
}

func unreadable(t *testing.T, open opener) {
	p := open(t)
	if p.unreadable == nil {
		t.Log("does not apply: its server is broken in the other cases")
		return
	}
	all := images(t, 2)
	p.put(all[0], inventory.Present)
	p.unreadable()
	states := p.look(t.Context(), t, time.Minute, all...)
	expect(t, states, all[0], inventory.Unknown)
	expect(t, states, all[1], inventory.Unknown)
}

func thousand(t *testing.T, open opener) {
	p := open(t)
	all := images(t, 1000)
	there := []int{0, 199, 200, 201, 999}
	for _, i := range there {
		p.put(all[i], inventory.Present)
	}
	states := p.look(t.Context(), t, time.Minute, all...)
	for i, image := range all {
		want := inventory.Absent
		if slices.Contains(there, i) {
			want = inventory.Present
		}
		expect(t, states, image, want)
	}
}

// wildcard asks for names that would match everything if the place took their characters for patterns.
func wildcard(t *testing.T, open opener) {
	p := open(t)
	all := images(t, 3)
	p.put(all[0], inventory.Present)
	all[1].Lookup = "flatcar-stable-*"
	all[2].Lookup = strings.Replace(all[0].Lookup, "1.29.0", "1.29.?", 1)
	states := p.look(t.Context(), t, time.Minute, all...)
	expect(t, states, all[0], inventory.Present)
	expect(t, states, all[1], inventory.Absent)
	expect(t, states, all[2], inventory.Absent)
}

func lookalike(t *testing.T, open opener) {
	p := open(t)
	if p.lookalike == nil {
		t.Log("does not apply: nobody else can put an image there")
		return
	}
	all := images(t, 1)
	p.lookalike(all[0])
	switch state := p.look(t.Context(), t, time.Minute, all...)[all[0].Lookup]; state {
	case inventory.Absent, inventory.Failed:
	default:
		t.Errorf("a look-alike makes %s %s", all[0].Lookup, state)
	}
}
