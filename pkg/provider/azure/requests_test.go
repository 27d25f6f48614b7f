package azure_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// A look costs one request for each page of definitions, and one for each wanted definition that is there; in a community gallery,
// that in every region.
func TestRequestCounts(t *testing.T) {
	t.Parallel()
	const wanted, there = 77, 60
	for title, c := range map[string]struct {
		settings imageset.Azure
		page     int
		want     map[string]int
	}{
		"private": {private("westeurope", "eastus", "westus2"), 0, map[string]int{"GalleryImages_ListByGallery": 1, "GalleryImageVersions_Get": there}},
		"private, pages of 25": {
			private("westeurope"), 25,
			map[string]int{"GalleryImages_ListByGallery": 3, "GalleryImageVersions_Get": there},
		},
		"community": {
			shared("westeurope", "eastus"), 0,
			map[string]int{"CommunityGalleryImages_List": 2, "CommunityGalleryImageVersions_Get": 2 * there},
		},
		"community, in a region that lacks it": {
			shared("westeurope", "northeurope"), 0,
			map[string]int{"CommunityGalleryImages_List": 2, "CommunityGalleryImageVersions_Get": there},
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			cloud, server := open(t, clouds.AzureConfig{PageLimit: c.page})
			images := make([]inventory.Image, wanted)
			for n := range images {
				images[n] = image(t, fmt.Sprintf("1.29.%d", n))
				if n < there {
					cloud.PutVersion(galleryName, images[n].Lookup, version("West Europe", "East US", "West US 2"))
				}
			}
			result := gather(t, c.settings, at(server), images...)
			got, total := map[string]int{}, int64(0)
			for _, r := range cloud.Requests() {
				got[r.Operation]++
				total++
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if result.Calls != total || result.Err != nil {
				t.Errorf("got %d calls counted, want %d; error %v", result.Calls, total, result.Err)
			}
		})
	}
}

// Definitions of another kind are not asked about.
func TestNoRequestForAnotherKind(t *testing.T) {
	t.Parallel()
	cloud, server := open(t, clouds.AzureConfig{})
	i := image(t, "1.29.7")
	cloud.PutDefinition(galleryName, clouds.AzureDefinition{Name: i.Lookup, Architecture: "Arm64"})
	gather(t, private("westeurope"), at(server), i)
	if got := len(cloud.Requests()); got != 1 {
		t.Errorf("got %d requests, want 1", got)
	}
}

// gate holds requests for versions until 8 are under way, and notes if there are ever more.
type gate struct {
	next     http.RoundTripper
	underway atomic.Int64
	tooMany  atomic.Bool
	full     chan struct{}
	open     sync.Once
}

func (g *gate) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.Contains(r.URL.Path, "/versions/") {
		switch n := g.underway.Add(1); {
		case n == 8:
			g.open.Do(func() { close(g.full) })
		case n > 8:
			g.tooMany.Store(true)
		}
		defer g.underway.Add(-1)
		select {
		case <-g.full:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	return g.next.RoundTrip(r)
}

// Versions are asked for side by side, but never more than eight of them.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	cloud, server := open(t, clouds.AzureConfig{})
	images := make([]inventory.Image, 24)
	for n := range images {
		images[n] = image(t, fmt.Sprintf("1.29.%d", n))
		cloud.PutVersion(galleryName, images[n].Lookup, version("West Europe"))
	}
	opts := at(server)
	g := &gate{next: opts.Transport, full: make(chan struct{})}
	opts.Transport = g
	result := gather(t, private("westeurope"), opts, images...)
	if result.Err != nil {
		t.Fatalf("eight were never under way at once: %v", result.Err)
	}
	if g.tooMany.Load() {
		t.Error("more than eight were under way at once")
	}
}

// The SDK tries four times, and does not wait for longer than it may.
func TestThrottled(t *testing.T) {
	t.Parallel()
	for title, c := range map[string]struct {
		ask  time.Duration
		want int
	}{
		"no wait asked for":       {0, 4},
		"a longer wait asked for": {time.Second, 1},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			cloud, server := open(t, clouds.AzureConfig{RetryAfter: c.ask})
			cloud.Fail(galleryName, clouds.Throttled)
			i := image(t, "1.29.7")
			expect(t, gather(t, private("westeurope"), at(server), i), i,
				"westeurope: unknown (listing the image definitions of gallery CapzFlatcar: SubscriptionRequestsThrottled (HTTP 429))")
			if got := len(cloud.Requests()); got != c.want {
				t.Errorf("got %d requests, want %d", got, c.want)
			}
		})
	}
}

// A version that is throttled once is asked for again, without another list.
func TestVersionThrottledOnce(t *testing.T) {
	t.Parallel()
	cloud, server := open(t, clouds.AzureConfig{})
	i := image(t, "1.29.7")
	cloud.PutVersion(galleryName, i.Lookup, version("West Europe"))
	cloud.FailFrom(galleryName, 2, clouds.ThrottledOnce)
	expect(t, gather(t, private("westeurope"), at(server), i), i, "westeurope: present")
	var got []string
	for _, r := range cloud.Requests() {
		got = append(got, r.Operation+" "+string(r.Fault))
	}
	want := []string{"GalleryImages_ListByGallery ", "GalleryImageVersions_Get throttled", "GalleryImageVersions_Get "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The SDK registers Microsoft.Compute with a subscription that lacks it, unless it is told not to. A look must not write.
func TestNothingIsRegistered(t *testing.T) {
	t.Parallel()
	var methods []string
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		methods = append(methods, r.Method)
		w.WriteHeader(http.StatusConflict)
		_, _ = fmt.Fprint(w, `{"error":{"code":"MissingSubscriptionRegistration","message":"not registered to use namespace 'Microsoft.Compute'",`+
			`"details":[{"code":"MissingSubscriptionRegistration","target":"Microsoft.Compute"}]}}`)
	})
	i := image(t, "1.29.7")
	expect(t, gather(t, private("westeurope"), at(server), i), i,
		"westeurope: unknown (listing the image definitions of gallery CapzFlatcar: MissingSubscriptionRegistration (HTTP 409))")
	if diff := cmp.Diff([]string{http.MethodGet}, methods); diff != "" {
		t.Error(diff)
	}
}
