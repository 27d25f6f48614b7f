// Package plan decides which node images have to be built. It is pure: an image set, versions and findings go in, and a plan
// comes out, the same bytes for the same input.
//
// The plan is also the contract between the steps of a pipeline: a versioned JSON document. Fields are added to it; meanings
// never change.
package plan

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// APIVersion and Kind head every plan.
const (
	APIVersion = "nodeimage.giantswarm.io/v1alpha1"
	Kind       = "Plan"
)

// Decision is what to do about an image.
type Decision string

// The decisions.
const (
	Skip      Decision = "skip"
	Build     Decision = "build"
	Replicate Decision = "replicate" // it exists: complete it in the locations that lack it
	Wait      Decision = "wait"      // it is being made: look again later
	Undecided Decision = "unknown"   // it could not be checked
)

// Reason says why a decision was taken. Together with the decision it is meant for programs; the message is for people.
type Reason string

// The reasons.
const (
	ReasonExcluded   Reason = "excluded"
	ReasonForced     Reason = "forced"
	ReasonUnknown    Reason = "unknown"
	ReasonInProgress Reason = "in-progress"
	ReasonExists     Reason = "exists"
	ReasonMissing    Reason = "missing"
	ReasonIncomplete Reason = "incomplete"
	ReasonFailed     Reason = "failed"
)

// OnUnknown says what an image that could not be checked does to the run.
type OnUnknown string

// The policies for images that could not be checked.
const (
	UnknownFails OnUnknown = "fail"  // the plan is complete, but the run fails
	UnknownSkips OnUnknown = "skip"  // it stays unknown and is not built
	UnknownBuild OnUnknown = "build" // it is built, without overwriting
)

// Plan is all decisions and builds of one run.
type Plan struct {
	APIVersion string              `json:"apiVersion" jsonschema:"nodeimage.giantswarm.io/v1alpha1"`
	Kind       string              `json:"kind" jsonschema:"Plan"`
	Versions   Versions            `json:"versions" jsonschema:"the versions that the images are made of"`
	OnUnknown  OnUnknown           `json:"onUnknown" jsonschema:"what an unknown image does to the run: fail, skip or build"`
	Images     []Image             `json:"images" jsonschema:"a decision for every image at every provider"`
	Builds     []BuildRun          `json:"builds" jsonschema:"what has to be made now"`
	Summary    Summary             `json:"summary" jsonschema:"how many images have each decision"`
	Requests   []inventory.Request `json:"requests" jsonschema:"what looking cost"`
}

// Versions are exact versions, without v.
type Versions struct {
	Tooling    string          `json:"tooling" jsonschema:"release of capi-image-builder"`
	Flatcar    FlatcarVersions `json:"flatcar" jsonschema:"Flatcar"`
	Kubernetes []string        `json:"kubernetes" jsonschema:"Kubernetes"`
}

// FlatcarVersions are versions of one channel.
type FlatcarVersions struct {
	Channel  string   `json:"channel" jsonschema:"stable, beta, alpha or lts"`
	Versions []string `json:"versions" jsonschema:"versions of the channel"`
}

// Image is an image at a provider and what to do about it.
type Image struct {
	Provider   string   `json:"provider" jsonschema:"the provider, as the image set calls it"`
	Type       string   `json:"type" jsonschema:"aws, azure, s3, vsphere, cloud-director or directory"`
	Name       string   `json:"name" jsonschema:"the image's name"`
	Lookup     string   `json:"lookup,omitempty" jsonschema:"the name that consumers look up, where it is not the image's"`
	Kubernetes string   `json:"kubernetes" jsonschema:"Kubernetes version"`
	Flatcar    string   `json:"flatcar" jsonschema:"Flatcar version"`
	Decision   Decision `json:"decision" jsonschema:"skip, build, replicate, wait or unknown"`
	Reason     Reason   `json:"reason" jsonschema:"excluded, forced, unknown, in-progress, exists, missing, incomplete or failed"`
	Message    string   `json:"message" jsonschema:"the reason in a sentence"`
	// Build is the key of what makes the image: a build in Builds, or, for replicate, that of what has to be completed.
	Build    string              `json:"build,omitempty" jsonschema:"key of the build or replication"`
	Findings []inventory.Finding `json:"findings" jsonschema:"what each location told; empty for excluded images"`
}

// BuildRun is one run of one builder. It serves every image that it satisfies.
type BuildRun struct {
	Key          string            `json:"key" jsonschema:"unique in the plan"`
	Builder      string            `json:"builder" jsonschema:"the builder, as the image set calls it"`
	Image        string            `json:"image" jsonschema:"the image's name"`
	Channel      string            `json:"channel" jsonschema:"Flatcar's channel"`
	Flatcar      string            `json:"flatcar" jsonschema:"Flatcar version"`
	Kubernetes   string            `json:"kubernetes" jsonschema:"Kubernetes version"`
	Tooling      string            `json:"tooling" jsonschema:"release of capi-image-builder"`
	Target       string            `json:"target" jsonschema:"make target"`
	ImageBuilder string            `json:"imageBuilder,omitempty" jsonschema:"release of kubernetes-sigs/image-builder"`
	Providers    []string          `json:"providers" jsonschema:"providers that need it"`
	Overwrite    bool              `json:"overwrite" jsonschema:"what exists may be replaced"`
	Tools        []imageset.Tool   `json:"tools,omitempty" jsonschema:"what is installed into the image"`
	Variables    map[string]string `json:"variables" jsonschema:"Packer variables"`
	Environment  map[string]string `json:"environment" jsonschema:"environment of the make target"`
}

// Summary counts images by decision.
type Summary struct {
	Build     int `json:"build" jsonschema:"images to build"`
	Replicate int `json:"replicate" jsonschema:"images to complete"`
	Skip      int `json:"skip" jsonschema:"images to leave alone"`
	Wait      int `json:"wait" jsonschema:"images that are being made"`
	Unknown   int `json:"unknown" jsonschema:"images that could not be checked"`
}

func (s *Summary) count(d Decision) {
	switch d {
	case Build:
		s.Build++
	case Replicate:
		s.Replicate++
	case Skip:
		s.Skip++
	case Wait:
		s.Wait++
	case Undecided:
		s.Unknown++
	}
}

// Unchecked reports whether the run has to fail because something could not be checked.
func (p Plan) Unchecked() bool { return p.OnUnknown == UnknownFails && p.Summary.Unknown > 0 }

// Read reads a plan that was written before.
func Read(r io.Reader) (Plan, error) {
	var p Plan
	if err := json.NewDecoder(r).Decode(&p); err != nil {
		return Plan{}, fmt.Errorf("reading the plan: %w", err)
	}
	if p.APIVersion != APIVersion || p.Kind != Kind {
		return Plan{}, fmt.Errorf("reading the plan: it is a %s of %s, but must be a %s of %s", p.Kind, p.APIVersion, Kind, APIVersion)
	}
	return p, nil
}
