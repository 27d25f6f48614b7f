package bump

import (
	"fmt"
	"slices"
)

// Rule says which level a kind of change needs. docs/versioning.md lists the rules in the same words.
type Rule struct {
	ID     string
	Change string // in words, with an example
	Level  Level
	Why    string
	Judged bool // people may say otherwise: files don't tell how weighty such a change is
}

// Rules are all rules.
func Rules() []Rule { return slices.Clone(rules) }

var rules = []Rule{
	{
		"tool-patch", "a tool goes up by a patch: Teleport 16.5.12 → 16.5.13", Patch,
		"a fix without visible behaviour, says the tool's own release", false,
	},
	{
		"tool-minor", "a tool goes up by a minor: Teleport 16.5.12 → 16.6.0", Minor,
		"nodes have a new capability, and show another version", false,
	},
	{
		"tool-major", "a tool goes up by a major: Teleport 16.5.12 → 17.0.0", Major,
		"the tool's own authors say that what worked before may not work any more", false,
	},
	{
		"tool-unstable", "a tool before 1.0 goes up by a minor, or below 0.1 at all: 0.4.2 → 0.5.0", Major,
		"before 1.0 the second number (below 0.1 the third) is the one that breaks things", false,
	},
	{
		"tool-unstable-patch", "a tool before 1.0 goes up by a patch: 0.4.2 → 0.4.3", Minor,
		"before 1.0 features come in patches", false,
	},
	{
		"tool-prerelease", "a tool goes to a pre-release or from one: 16.5.12 → 16.6.0-rc.1", Minor,
		"semver promises nothing about what changes up to the release; a step to another major stays one", false,
	},
	{
		"tool-downgrade-patch", "a tool goes back by a patch: 16.5.12 → 16.5.11", Minor,
		"nodes lose fixes that operators may count on: it has to be seen in the release notes", false,
	},
	{
		"tool-downgrade", "a tool goes back by more than a patch: 16.6.0 → 16.5.12", Major,
		"capabilities that workloads and clients may use are gone", false,
	},
	{
		"tool-added", "a tool is new", Minor,
		"nodes have a new capability; nothing that was there changes", false,
	},
	{
		"tool-removed", "a tool is gone", Major,
		"whoever uses it on nodes finds nothing", false,
	},
	{
		"tool-provider-added", "a tool is given to more providers", Minor,
		"the tool is new on their nodes", false,
	},
	{
		"tool-provider-removed", "a tool is taken from a provider", Major,
		"the tool is gone from its nodes", false,
	},
	{
		"tool-role", "a tool is installed by another role", Minor,
		"the same version, but where its files are and how it starts may differ", true,
	},
	{
		"upstream-release", "image-builder goes up within a minor: v0.1.54 → v0.1.55", Minor,
		"the only kind of release upstream has had; each brings other versions of containerd, runc, CNI plugins and crictl to nodes", false,
	},
	{
		"upstream-breaking", "image-builder goes up by a minor before 1.0, or by a major: v0.1.55 → v0.2.0", Major,
		"upstream has not done this yet, and before 1.0 it is the step that breaks things", false,
	},
	{
		"upstream-downgrade", "image-builder goes back: v0.1.55 → v0.1.54", Major,
		"everything that it brought goes back with it", false,
	},
	{
		"upstream-unknown", "one of the states doesn't say which image-builder", Major,
		"what can't be compared can't be called safe", true,
	},
	{
		"containerd-major", "the containerd of image-builder goes up by a major: v0.1.49 → v0.1.50 is containerd 1.7.29 → 2.2.2", Major,
		"containerd 2 removed what 1.x had deprecated, such as the CRI v1alpha2 API and registry settings, and stops pulling schema 1 images: operators must check workloads and their own configuration", false,
	},
	{
		"containerd-unknown", "image-builder changes, and nodeimage has no record of one release's containerd", Major,
		"it might be containerd's next major: look it up, and judge it", true,
	},
	{
		"variable-added", "a builder has one more Packer variable", Minor,
		"what upstream's default was is now chosen", true,
	},
	{
		"variable-removed", "a builder has one Packer variable less", Major,
		"nodes go back to upstream's default, and lose what was chosen for them", true,
	},
	{
		"variable-changed", "a Packer variable has another value", Major,
		"what workloads or operators relied on is different on new nodes", true,
	},
	{
		"switch-on", "a variable goes from false to true", Minor,
		"nodes have a new capability", true,
	},
	{
		"switch-off", "a variable goes from true to false", Major,
		"nodes lose a capability", true,
	},
	{
		"list-added", "a list of roles, packages, images or Ansible variables has one more entry", Minor,
		"nodes have something more, and lose nothing", true,
	},
	{
		"list-removed", "such a list has one entry less", Major,
		"something is gone from nodes", true,
	},
	{
		"list-order", "such a list has another order", Minor,
		"what is done later can overwrite what was done before", true,
	},
	{
		"digest", "a checksum (…_sha256, …_checksum) is added, removed or changed", Patch,
		"it says what may be downloaded; what is downloaded is judged by its version", true,
	},
	{
		"environment-added", "a builder's environment has one more variable", Minor,
		"as for Packer variables", true,
	},
	{
		"environment-removed", "a builder's environment has one variable less", Major,
		"as for Packer variables", true,
	},
	{
		"environment-changed", "a variable of a builder's environment has another value", Major,
		"as for Packer variables", true,
	},
	{
		"build-setting", "a variable or environment variable that only says where and with what a build runs, or who may use the image: aws_region, GALLERY_NAME", None,
		"the image is the same wherever it is built", false,
	},
	{
		"target-changed", "a builder has another make target: build-azure-sig-flatcar → build-azure-sig-flatcar-gen2", Major,
		"another kind of image: another generation, disk layout or firmware, which existing machine types may not boot", false,
	},
	{
		"name-changed", "the operating system, channel, suffix or architecture in names changes", Major,
		"consumers compute the name: they look for one that is not there", false,
	},
	{
		"key-changed", "an S3 key, a file or a template's suffix is computed in another way", Major,
		"consumers compute it from the versions: they look where nothing is", false,
	},
	{
		"provider-added", "a provider is new", Minor,
		"images for more clusters; nothing changes for the others", false,
	},
	{
		"provider-removed", "a provider is gone", Major,
		"its clusters find no image of the new release", false,
	},
	{
		"provider-type", "a provider has another type", Major,
		"its consumers look in another kind of place", false,
	},
	{
		"provider-moved", "a provider's images are made by another builder", None,
		"builders' names are not in images; what differs between the two builders is judged line by line", false,
	},
	{
		"builder-unused", "a builder that no provider uses is added, changed or removed", None,
		"it makes no image", false,
	},
	{
		"role-added", "an Ansible role is new", Minor,
		"nodes can have more; nothing that was there changes", true,
	},
	{
		"role-removed", "an Ansible role is gone", Major,
		"what it installed is gone from nodes", true,
	},
	{
		"role-content", "an Ansible role does other things: tasks, handlers, templates, files", Minor,
		"what it does differently can't be read from its files; comments, tests and a README don't count", true,
	},
	{
		"default-added", "a role has one more default", Minor,
		"the role can do more", true,
	},
	{
		"default-removed", "a role has one default less", Major,
		"image sets that set it are not listened to any more", true,
	},
	{
		"default-changed", "a role's default has another value", Major,
		"everybody who never set it gets something else", true,
	},
	{
		"place-changed", "regions, owner, bucket, gallery, catalog, folder: where a provider's images are looked for", None,
		"the images are the same; what is missing there gets replicated or built under the same release", false,
	},
	{
		"choice-changed", "versions, sources or exclude of an image set", None,
		"they choose which images are made, not what is in one", false,
	},
}

// ruleOf finds a rule. That every id in this package has one is tested.
func ruleOf(id string) Rule {
	i := slices.IndexFunc(rules, func(r Rule) bool { return r.ID == id })
	if i < 0 {
		panic(fmt.Sprintf("no rule %q", id))
	}
	return rules[i]
}
