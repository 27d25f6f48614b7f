// Package inventory finds out what exists: it looks at all locations of all providers side by side and brings back one finding
// for every image and location.
//
// Absent is something that a provider said. Everything that keeps a look from being finished (forbidden, throttled, timed out,
// half an answer) makes the finding unknown, and never absent.
package inventory

import (
	"context"
	"time"

	"github.com/giantswarm/nodeimage/pkg/name"
)

// State is what one look at one location told about an image.
type State string

// The states. See [Finding.State].
const (
	Present State = "present" // the consumer would find and boot it
	Pending State = "pending" // it is being made
	Failed  State = "failed"  // it is there, but broken, and in the way
	Absent  State = "absent"  // the provider said that it is not there
	Unknown State = "unknown" // it could not be checked
)

// Finding is what one look at one location told about one image, with evidence.
type Finding struct {
	Location string `json:"location" jsonschema:"region, vCenter, catalog, bucket or directory"`
	State    State  `json:"state" jsonschema:"present, pending, failed, absent or unknown"`
	ID       string `json:"id,omitempty" jsonschema:"what the provider calls the image that was found"`
	Created  string `json:"created,omitempty" jsonschema:"when it was made, RFC 3339 in UTC"`
	// Notes are sentences for people: near misses, and why something is unknown.
	Notes []string `json:"notes" jsonschema:"near misses, and why something is unknown"`
}

// Time is the form in which findings carry points in time; the zero time gives "".
func Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Image is what is looked for: an image at a provider.
type Image struct {
	// Lookup is the name that consumers look up. It is the image's name, with the site's suffix where the provider has one.
	Lookup string
	// Name has the parts that keys and gallery versions are made of.
	Name name.Name
}

// Fields are the values of the fields that keys and file names are made of.
func (i Image) Fields() map[string]string {
	n := i.Name
	return map[string]string{
		"name": i.Lookup, "channel": n.Channel, "flatcar": n.Flatcar, "kubernetes": n.Kubernetes, "tooling": n.Tooling,
		"suffix": n.Suffix, "arch": n.Arch,
	}
}

// Findings has the findings of a look by [Image.Lookup], one for each location that could be checked.
type Findings map[string][]Finding

// Add notes a finding about an image.
func (f Findings) Add(image Image, finding Finding) {
	f[image.Lookup] = append(f[image.Lookup], finding)
}

// Source is one place that is asked about all images at once. One Source may answer for several locations, as an Azure gallery
// does for the regions that it replicates to.
type Source interface {
	// Locations are the locations that a look answers for. There is at least one.
	Locations() []string
	// Look asks about the images, with as few requests as the place allows. It brings back what could be checked, also beside
	// an error, which then says why the rest could not be. An image that is neither in the findings for a location nor covered
	// by an error is unknown there. Look may be called once only.
	Look(ctx context.Context, images []Image) (Findings, error)
}

// Unreachable is a source that can't be asked, for the reason in err.
func Unreachable(locations []string, err error) Source { return unreachable{locations, err} }

type unreachable struct {
	locations []string
	err       error
}

func (u unreachable) Locations() []string { return u.locations }

func (u unreachable) Look(context.Context, []Image) (Findings, error) { return nil, u.err }
