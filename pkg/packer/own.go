package packer

import (
	"slices"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// joined are the variables that are lists, with what separates their entries. The image set adds to them.
var joined = map[string]string{"ami_regions": ",", "replication_regions": ",", "node_custom_roles_post": " "}

// refused are variables that upstream reads and that an image set must not set, with the reason.
var refused = map[string]string{
	"ansible_extra_vars":       "is where upstream's Flatcar files name the Python interpreter; use ansible_user_vars",
	"ansible_common_vars":      "is where upstream hands its own variables to Ansible; use ansible_user_vars",
	"build_name":               "switches on upstream's steps for Flatcar and names its files; leave it alone",
	"kubernetes_semver":        "follows from the plan's Kubernetes version",
	"kubernetes_series":        "follows from the plan's Kubernetes version",
	"kubernetes_deb_version":   "follows from the plan's Kubernetes version",
	"kubernetes_rpm_version":   "follows from the plan's Kubernetes version",
	"flatcar_channel":          "follows from the plan's Flatcar version",
	"flatcar_version":          "follows from the plan's Flatcar version",
	"channel_name":             "follows from the plan's Flatcar version",
	"release_version":          "follows from the plan's Flatcar version",
	"kubernetes_typed_version": "is in the name of the OVA file, which consumers compute; leave it alone",
	"force_deregister":         "follows from the plan, which says whether something is replaced",
	"overwrite_existing":       "follows from the plan, which says whether something is replaced",
}

// refusedIn are further ones for single templates, by section of upstream.txt and variable. On Azure, what upstream's script
// prepares has to be where Packer publishes, and only the environment reaches both (packer/azure/scripts/init-sig.sh).
var refusedIn = map[string]map[string]string{
	"ova": {"image_name": "does nothing for this target: the name is build_version, which nodeimage sets"},
	"azure": {
		"shared_image_gallery_name": "reaches Packer but not upstream's script; use GALLERY_NAME in the environment",
		"resource_group_name":       "reaches Packer but not upstream's script; use RESOURCE_GROUP_NAME in the environment",
		"azure_location":            "reaches Packer but not upstream's script; use AZURE_LOCATION in the environment",
		"subscription_id":           "reaches Packer but not upstream's script; use AZURE_SUBSCRIPTION_ID in the environment",
	},
}

// ownVariables takes over the image set's variables.
func (w *work) ownVariables() {
	for key, value := range sorted(w.build.Variables) {
		path := w.variablePath(key)
		if _, known := w.known[key]; !known {
			w.fail(path, "is not read by %s of image-builder (%s, %.8s); the nearest that it reads is %s", w.build.Target,
				upstreamRelease, upstreamCommit, w.known.nearest(key))
			continue
		}
		if reason := w.refusal(key); reason != "" {
			w.fail(path, "%s", reason)
			continue
		}
		w.checkSince(key)
		value = expand(value, w.fields)
		if separator, list := joined[key]; list {
			value = join(separator, value, w.variables[key])
		}
		w.variables[key] = value
	}
}

func (w *work) refusal(key string) string {
	if _, fixed := w.builder.fixed[key]; fixed {
		return "is what gives the image its name, " + w.build.Image + "; leave it alone"
	}
	if reason := refusedIn[w.builder.upstream][key]; reason != "" {
		return reason
	}
	if imageset.NamesCredential(key) {
		return "is named like a credential; give it to the build step in a variable file of its own"
	}
	return refused[key]
}

// join puts lists behind one another, without empty and repeated entries.
func join(separator string, lists ...string) string {
	var all []string
	for _, list := range lists {
		for entry := range strings.SplitSeq(list, separator) {
			if entry = strings.TrimSpace(entry); entry != "" && !slices.Contains(all, entry) {
				all = append(all, entry)
			}
		}
	}
	return strings.Join(all, separator)
}

// refusedEnvironment is the environment that an image set must not set, with the reason.
var refusedEnvironment = map[string]string{
	"FLATCAR_CHANNEL":      "follows from the plan's Flatcar version",
	"FLATCAR_VERSION":      "follows from the plan's Flatcar version",
	"SIG_IMAGE_DEFINITION": "is what gives the image its name; leave it alone",
	"PACKER_VAR_FILES":     "is where the build step names the file with the variables; give variables instead",
}

// ownEnvironment takes over the image set's environment. A name that is not known to be read is only warned of: what upstream's
// scripts and their tools read can't be listed in full.
func (w *work) ownEnvironment() {
	known := environmentOf(w.builder.upstream)
	for key, value := range sorted(w.build.Environment) {
		path := w.environmentPath(key)
		value = expand(value, w.fields)
		switch {
		case !isEnvironmentName(key):
			w.fail(path, "is no name that a shell can export")
			continue
		case refusedEnvironment[key] != "":
			w.fail(path, "%s", refusedEnvironment[key])
			continue
		case imageset.NamesCredential(key):
			w.fail(path, "is named like a credential; give it to the build step as a secret")
			continue
		case key == "PACKER_FLAGS":
			w.checkFlags(path, value)
		case !known.has(key):
			w.warn(path, "is not known to be read by %s; the nearest that is known is %s", w.build.Target, known.nearest(key))
		}
		if settled := w.environment[key]; settled != "" && mustAgree[key] && !strings.EqualFold(settled, value) {
			w.fail(path, "is %s, but the providers that the build serves look in %s", value, settled)
		}
		w.environment[key] = value
	}
}

// checkFlags refuses flags with which the outcome would not be what the plan says: a variable in a flag beats every file.
func (w *work) checkFlags(path, flags string) {
	for word := range strings.FieldsSeq(flags) {
		if !strings.HasPrefix(word, "-") {
			continue
		}
		switch flag, _, _ := strings.Cut(strings.TrimLeft(word, "-"), "="); flag {
		case "force":
			w.fail(path, "has %s, but only the plan says whether something is replaced (nodeimage plan --force)", word)
		case "var", "var-file":
			w.fail(path, "has %s, which beats everything that is checked here; use variables instead", word)
		}
	}
}

func isEnvironmentName(s string) bool {
	other := func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	}
	return s != "" && !strings.ContainsFunc(s, other) && (s[0] < '0' || s[0] > '9')
}
