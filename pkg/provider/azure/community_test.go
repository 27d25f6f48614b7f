package azure_test

import (
	"testing"

	"github.com/giantswarm/nodeimage/internal/clouds"
)

// Consumers see of a community gallery what can be used in their region, and nothing of what is on its way or broken.
func TestCommunityShowsWhatConsumersSee(t *testing.T) {
	t.Parallel()
	cloud, server := open(t, clouds.AzureConfig{PageLimit: 2})
	whole, coming, creating, broken, gone := image(t, "1.29.1"), image(t, "1.29.2"), image(t, "1.29.3"), image(t, "1.29.4"), image(t, "1.29.5")
	cloud.PutVersion(galleryName, whole.Lookup, version("West Europe", "East US"))
	cloud.PutVersion(galleryName, coming.Lookup, clouds.AzureVersion{
		Name:    "3815.2.5",
		Regions: map[string]string{"West Europe": "Completed", "East US": "Replicating"},
	})
	for state, i := range map[string]string{"Creating": creating.Lookup, "Failed": broken.Lookup} {
		v := version("West Europe", "East US")
		v.State = state
		cloud.PutVersion(galleryName, i, v)
	}
	result := gather(t, shared("westeurope", "eastus"), at(server), whole, coming, creating, broken, gone)
	without := "absent (the definition is there, but not its version 3815.2.5)"
	expect(t, result, whole, "westeurope: present", "eastus: present")
	expect(t, result, coming, "westeurope: present", "eastus: "+without)
	expect(t, result, creating, "westeurope: "+without, "eastus: "+without)
	expect(t, result, broken, "westeurope: "+without, "eastus: "+without)
	expect(t, result, gone, "westeurope: absent", "eastus: absent")
	if result.Err != nil {
		t.Error(result.Err)
	}
}

// A region that can't be asked keeps its findings unknown, and those of the others stand.
func TestCommunityRegionFails(t *testing.T) {
	t.Parallel()
	const list = "listing the image definitions of community gallery " + publicName + " in "
	const refused = "unknown (" + list + "eastus: AuthorizationFailed (HTTP 403))"
	for title, c := range map[string]struct {
		replicas []string
		want     []string
		err      string
	}{
		"the other has the gallery": {
			[]string{"West Europe", "East US"},
			[]string{"westeurope: present", "eastus: " + refused},
			list + "eastus: AuthorizationFailed (HTTP 403)",
		},
		"the other lacks the gallery": {
			[]string{"East US"}, // but nobody can say whether that one would have had it
			[]string{
				"westeurope: unknown (" + list + "westeurope: NotFound (HTTP 404): no region is known to have this gallery)",
				"eastus: " + refused,
			},
			list + "westeurope: NotFound (HTTP 404): no region is known to have this gallery (and 1 more)",
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			cloud, server := open(t, clouds.AzureConfig{})
			i := image(t, "1.29.7")
			cloud.PutVersion(galleryName, i.Lookup, version(c.replicas...))
			cloud.Fail("eastus", clouds.Forbidden)
			result := gather(t, shared("westeurope", "eastus"), at(server), i)
			expect(t, result, i, c.want...)
			if result.Err == nil || result.Err.Error() != c.err {
				t.Errorf("got error %v, want %s", result.Err, c.err)
			}
		})
	}
}

// The faults of the contract test, where a community gallery meets them.
func TestCommunityFaults(t *testing.T) {
	t.Parallel()
	for fault, want := range map[clouds.Fault]string{
		clouds.ThrottledOnce: "present", clouds.Forbidden: "AuthorizationFailed (HTTP 403)",
		clouds.Unauthenticated: "InvalidAuthenticationToken (HTTP 401)", clouds.Throttled: "SubscriptionRequestsThrottled (HTTP 429)",
		clouds.ServerError: "InternalServerError (HTTP 500)", clouds.Unavailable: "ServiceUnavailable (HTTP 503)",
		clouds.Reset: "connection reset by peer", clouds.Truncated: "the answer ended early",
		clouds.Garbage: "the answer is incomplete or not one of Azure",
	} {
		if want != "present" {
			want = "unknown (listing the image definitions of community gallery " + publicName + " in westeurope: " + want + ")"
		}
		t.Run(string(fault), func(t *testing.T) {
			t.Parallel()
			cloud, server := open(t, clouds.AzureConfig{})
			i := image(t, "1.29.7")
			cloud.PutVersion(galleryName, i.Lookup, version("West Europe"))
			cloud.Fail("westeurope", fault)
			expect(t, gather(t, shared("westeurope"), at(server), i), i, "westeurope: "+want)
		})
	}
}

func TestCommunitySecondPageFails(t *testing.T) {
	t.Parallel()
	cloud, server := open(t, clouds.AzureConfig{PageLimit: 1})
	first, second, gone := image(t, "1.29.1"), image(t, "1.29.2"), image(t, "1.29.3")
	cloud.PutVersion(galleryName, first.Lookup, version("West Europe"))
	cloud.PutVersion(galleryName, second.Lookup, version("West Europe"))
	cloud.FailFrom("westeurope", 2, clouds.ServerError)
	result := gather(t, shared("westeurope"), at(server), first, second, gone)
	want := "westeurope: unknown (listing the image definitions of community gallery " + publicName + " in westeurope: InternalServerError (HTTP 500))"
	expect(t, result, first, want)
	expect(t, result, second, want)
	expect(t, result, gone, want)
}
