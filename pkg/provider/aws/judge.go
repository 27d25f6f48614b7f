package aws

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// judged is what one AMI of the right name is to the consumer.
type judged struct {
	image types.Image
	state inventory.State
	note  string // why it is a near miss, or what to know about it
}

// judge makes a finding of the AMIs that have an image's name. Cluster API's provider for AWS looks for owner, name, architecture,
// state available and virtualization hvm, and takes the newest (kubernetes-sigs/cluster-api-provider-aws,
// pkg/cloud/services/ec2/ami.go): one that it would take makes the image present, whatever else has the name.
func (r *region) judge(amis []types.Image, arch string) inventory.Finding {
	all := make([]judged, len(amis))
	for i, ami := range amis {
		all[i] = r.judgeOne(ami, arch)
	}
	slices.SortFunc(all, func(a, b judged) int {
		return cmp.Or(cmp.Compare(rank(a.state), rank(b.state)),
			-cmp.Compare(created(a.image), created(b.image)), cmp.Compare(id(a.image), id(b.image)))
	})
	finding := inventory.Finding{Location: r.name, State: inventory.Absent}
	if len(all) == 0 {
		return finding
	}
	best := all[0]
	finding.State = best.state
	if best.state != inventory.Absent {
		finding.ID, finding.Created = id(best.image), normal(created(best.image))
	}
	return withNotes(finding, all)
}

// rank orders states by what counts first. Unknown comes before failed, which would let a build overwrite what has the name.
func rank(s inventory.State) int {
	return slices.Index([]inventory.State{inventory.Present, inventory.Pending, inventory.Unknown, inventory.Failed, inventory.Absent}, s)
}

func withNotes(finding inventory.Finding, all []judged) inventory.Finding {
	usable := 0
	for _, j := range all {
		if j.note != "" {
			finding.Notes = append(finding.Notes, id(j.image)+" "+j.note)
		}
		if j.state == inventory.Present {
			usable++
		}
	}
	if usable > 1 {
		finding.Notes = append(finding.Notes, fmt.Sprintf("%d images have this name; the newest counts", usable))
	}
	return finding
}

func (r *region) judgeOne(ami types.Image, arch string) judged {
	state, note := r.verdict(ami, arch)
	return judged{ami, state, note}
}

// verdict holds one AMI against what the consumer accepts. One that is whole but that the consumer would not find counts as
// absent, not as failed: it may be in use elsewhere and must not be overwritten. A build then stops at Packer's own check of the
// name, before it costs anything, and the note says why.
func (r *region) verdict(ami types.Image, arch string) (inventory.State, string) {
	switch owner := aws.ToString(ami.OwnerId); {
	case owner != r.settings.Owner:
		return inventory.Absent, "belongs to " + owner + ", not to " + r.settings.Owner
	case ami.Architecture != architecture(arch):
		return inventory.Absent, fmt.Sprintf("has the architecture %s, not %s: a build would stop at its name", ami.Architecture, architecture(arch))
	case ami.VirtualizationType != types.VirtualizationTypeHvm:
		return inventory.Absent, fmt.Sprintf("has the virtualization %s, not hvm: a build would stop at its name", ami.VirtualizationType)
	}
	if state, note := stateOf(ami); state != inventory.Present {
		return state, note
	}
	return r.visible(ami)
}

// stateOf translates the states of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html.
func stateOf(ami types.Image) (inventory.State, string) {
	switch ami.State {
	case types.ImageStateAvailable:
		return inventory.Present, ""
	case types.ImageStatePending, types.ImageStateTransient:
		return inventory.Pending, fmt.Sprintf("is %s", ami.State)
	case types.ImageStateFailed, types.ImageStateError, types.ImageStateInvalid:
		return inventory.Failed, fmt.Sprintf("is %s%s: deregister it", ami.State, code(ami.StateReason))
	case types.ImageStateDisabled:
		return inventory.Failed, "is disabled: enable or deregister it"
	case types.ImageStateDeregistered:
		return inventory.Absent, "was deregistered"
	}
	return inventory.Unknown, fmt.Sprintf("is in the state %q, which this version does not know", ami.State)
}

// code is the reason's code, such as Client.InternalError. Its message is free text and stays out.
func code(reason *types.StateReason) string {
	if reason == nil || aws.ToString(reason.Code) == "" {
		return ""
	}
	return " (" + aws.ToString(reason.Code) + ")"
}

// visible tells whether consumers may see an available AMI. Those of a public image set live in other accounts, from which EC2
// hides private images, and deprecated ones too (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html).
func (r *region) visible(ami types.Image) (inventory.State, string) {
	deprecated := past(aws.ToString(ami.DeprecationTime), r.now())
	switch {
	case r.settings.Public && !aws.ToBool(ami.Public):
		return inventory.Absent, "is private, so other accounts do not find it: make it public, a build would stop at its name"
	case r.settings.Public && deprecated:
		return inventory.Absent, "is deprecated, so other accounts do not find it: cancel the deprecation, a build would stop at its name"
	case deprecated:
		return inventory.Present, "is deprecated"
	}
	return inventory.Present, ""
}

func past(timestamp string, now time.Time) bool {
	t, err := time.Parse(time.RFC3339, timestamp)
	return err == nil && !t.After(now)
}

// architecture is EC2's word for an architecture.
func architecture(arch string) types.ArchitectureValues {
	if arch == "arm64" {
		return types.ArchitectureValuesArm64
	}
	return types.ArchitectureValuesX8664
}

func id(ami types.Image) string      { return aws.ToString(ami.ImageId) }
func created(ami types.Image) string { return aws.ToString(ami.CreationDate) }

// normal brings EC2's timestamps, which have milliseconds, into the form of findings.
func normal(timestamp string) string {
	t, err := time.Parse(time.RFC3339, timestamp)
	if err != nil {
		return timestamp
	}
	return inventory.Time(t)
}
