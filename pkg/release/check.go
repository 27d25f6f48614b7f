package release

import (
	"fmt"
	"slices"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// APIVersion and Kind head every check.
const (
	APIVersion = plan.APIVersion
	Kind       = "ReleaseCheck"
)

// Status is what a check of a release comes to.
type Status string

// The statuses. Of a release's images the worst holds: missing, which is certain, before unknown before pending.
const (
	Whole      Status = "whole"      // every image exists in every location
	Pending    Status = "pending"    // an image is being made
	Missing    Status = "missing"    // an image has to be built or completed
	Unknown    Status = "unknown"    // an image could not be checked
	Excluded   Status = "excluded"   // the image set wants none of its images
	Legacy     Status = "legacy"     // not checked: from before the tooling version stood in names
	Deprecated Status = "deprecated" // not checked: nobody should install it
	NotNeeded  Status = "not-needed" // not checked: it has no image of ours
)

// Check is the document that a check makes. Fields are added to it; meanings never change.
type Check struct {
	APIVersion string              `json:"apiVersion"` // nodeimage.giantswarm.io/v1alpha1
	Kind       string              `json:"kind"`       // ReleaseCheck
	OnUnknown  plan.OnUnknown      `json:"onUnknown"`  // what an unknown image does: fail, skip or build
	Releases   []Result            `json:"releases"`   // in the order that they were given in
	Builds     []plan.BuildRun     `json:"builds"`     // what would make them whole, as in a plan
	Summary    Summary             `json:"summary"`
	Requests   []inventory.Request `json:"requests"` // what looking cost
}

// Result is what a check of one release comes to.
type Result struct {
	File     string       `json:"file"`            // as it was given
	Line     int          `json:"line"`            // of the component os-tooling, or of the release's name where it has none
	Name     string       `json:"name"`            // such as aws-29.1.0
	State    string       `json:"state,omitempty"` // the resource's: active, deprecated, …
	Provider string       `json:"provider"`        // the release's: aws, azure, …
	Image    string       `json:"image,omitempty"` // the image's name; images for arm64 have that in theirs
	Status   Status       `json:"status"`
	Message  string       `json:"message"` // the status in a sentence
	Images   []plan.Image `json:"images"`  // the image at each provider that needs it, as in a plan
}

// Summary counts releases by status.
type Summary struct {
	Whole      int `json:"whole"`
	Pending    int `json:"pending"`
	Missing    int `json:"missing"`
	Unknown    int `json:"unknown"`
	Excluded   int `json:"excluded"`
	Legacy     int `json:"legacy"`
	Deprecated int `json:"deprecated"`
	NotNeeded  int `json:"notNeeded"`
}

// Of sorts what a plan says of the images of releases by release. The plan is that of the releases' union.
func Of(needs []Need, p plan.Plan) Check {
	c := Check{
		APIVersion: APIVersion, Kind: Kind, OnUnknown: p.OnUnknown, Releases: make([]Result, len(needs)), Builds: p.Builds, Requests: p.Requests,
	}
	decided := make(map[[2]string]plan.Image)
	for _, image := range p.Images {
		decided[[2]string{image.Provider, image.Name}] = image
	}
	for i, need := range needs {
		images := make([]plan.Image, len(need.Wanted))
		for j, w := range need.Wanted {
			images[j] = decided[[2]string{w.Provider, w.Image.Name.String()}]
		}
		c.Releases[i] = resultOf(need, images)
		c.Summary.count(c.Releases[i].Status)
	}
	return c
}

func resultOf(need Need, images []plan.Image) Result {
	r := Result{
		File: need.Release.File, Line: need.Release.place(), Name: need.Release.Name, State: need.Release.State,
		Provider: need.Release.Provider, Image: need.Image, Status: need.Status, Message: need.Message, Images: images,
	}
	if r.Status == "" {
		r.Status = statusOf(images)
		r.Message = r.sentence()
	}
	return r
}

func statusOf(images []plan.Image) Status {
	found := make(map[Status]bool)
	for _, image := range images {
		found[imageStatus(image)] = true
	}
	for _, s := range []Status{Missing, Unknown, Pending, Whole} {
		if found[s] {
			return s
		}
	}
	return Excluded
}

// imageStatus is the status of a release with this image only. A decision that this version does not know is no evidence.
func imageStatus(image plan.Image) Status {
	switch image.Decision {
	case plan.Skip:
		if image.Reason == plan.ReasonExcluded {
			return Excluded
		}
		return Whole
	case plan.Wait:
		return Pending
	case plan.Build, plan.Replicate:
		return Missing
	}
	return Unknown
}

// sentence says of every image that is not whole what is wrong with it, or in how many places all of them exist.
func (r Result) sentence() string {
	var parts []string
	locations := 0
	for _, image := range r.Images {
		locations += len(image.Findings)
		if image.Decision == plan.Skip && image.Reason != plan.ReasonExcluded {
			continue
		}
		part := image.Provider + ": " + image.Message
		if image.Build != "" {
			part += fmt.Sprintf(" (%s %s)", image.Decision, image.Build)
		}
		parts = append(parts, part)
	}
	if len(parts) == 0 {
		return fmt.Sprintf("exists in all %d locations", locations)
	}
	return strings.Join(parts, "; ")
}

func (s *Summary) count(status Status) {
	for _, c := range s.counts() {
		if c.status == status {
			*c.n++
		}
	}
}

type count struct {
	status Status
	n      *int
	text   string
}

func (s *Summary) counts() []count {
	return []count{
		{Whole, &s.Whole, "whole"},
		{Missing, &s.Missing, "without a whole image"},
		{Pending, &s.Pending, "with an image being made"},
		{Unknown, &s.Unknown, "unknown"},
		{Excluded, &s.Excluded, "excluded"},
		{Legacy, &s.Legacy, "legacy"},
		{Deprecated, &s.Deprecated, "deprecated"},
		{NotNeeded, &s.NotNeeded, "without need of an image"},
	}
}

// String says in one line what a check comes to, such as "2 whole, 1 legacy".
func (s Summary) String() string {
	var parts []string
	for _, c := range s.counts() {
		if *c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", *c.n, c.text))
		}
	}
	if parts == nil {
		return "no releases"
	}
	return strings.Join(parts, ", ")
}

// Lacking is how many releases lack an image, or wait for one, whatever else could not be checked.
func (c Check) Lacking() int { return c.having(Missing, Pending) }

// Unchecked is how many releases fail the run because an image could not be checked, whatever else is missing.
func (c Check) Unchecked() int {
	if c.OnUnknown != plan.UnknownFails {
		return 0
	}
	return c.having(Unknown)
}

func (c Check) having(statuses ...Status) int {
	n := 0
	for _, r := range c.Releases {
		if slices.ContainsFunc(r.Images, func(i plan.Image) bool { return slices.Contains(statuses, imageStatus(i)) }) {
			n++
		}
	}
	return n
}

// Fails reports whether a release fails the run: an image is missing or being made, or could not be checked where that fails.
func (c Check) Fails(r Result) bool {
	one := Check{OnUnknown: c.OnUnknown, Releases: []Result{r}}
	return one.Lacking()+one.Unchecked() > 0
}
