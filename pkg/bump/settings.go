package bump

import (
	"maps"
	"slices"
	"strings"
)

// The variables that say where and with what a build runs, and who may use the outcome. They don't change what is in an image
// (kubernetes-sigs/image-builder, the templates below images/capi/packer and docs/book/src/capi/providers).
var (
	buildVariables = []string{
		"accelerator", "ami_groups", "ami_regions", "ami_users", "ansible_common_ssh_args", "ansible_scp_extra_args", "ansible_timeout",
		"aws_profile", "aws_region", "aws_security_group_ids", "azure_location", "builder_instance_type", "cluster", "cpus", "datacenter",
		"datastore", "existing_ansible_ssh_args", "folder", "headless", "host", "iam_instance_profile", "insecure_connection",
		"manifest_output", "memory", "network", "node", "node_ansible_tmpdir", "output_dir", "output_directory", "replication_regions",
		"resource_group_name", "resource_pool", "shared_image_gallery_name", "skip_profile_validation", "snapshot_groups",
		"snapshot_users", "ssh_keypair_name", "ssh_private_key_file", "ssh_proxy_host", "ssh_proxy_port", "subnet_id", "subscription_id",
		"temporary_security_group_source_cidrs", "use_azure_cli_auth", "username", "vcenter_server", "vm_size", "vpc_id",
		"virtual_network_name", "virtual_network_resource_group_name", "virtual_network_subnet_name",
	}
	buildEnvironment = []string{
		"BUILD_RESOURCE_GROUP_NAME", "CHECKPOINT_DISABLE", "DEBUG", "FOREGROUND", "GALLERY_NAME", "HOME", "ON_ERROR_ASK", "PACKER_FLAGS",
		"PATH", "RESOURCE_GROUP_NAME", "STORAGE_ACCOUNT_NAME", "TAGS", "TMPDIR",
	}
	buildPrefixes = []string{"AWS_", "AZURE_", "GOVC_", "HCLOUD_", "LC_", "NUTANIX_", "OS_", "OSC_", "PACKER_", "PROXMOX_"}
)

// lists are the variables that hold lists, with what separates entries.
var lists = map[string]string{
	"additional_executables_list": ",", "additional_registry_images_list": ",", "additional_url_images_list": ",",
	"ansible_user_vars": " ", "extra_debs": " ", "extra_rpms": " ", "firstboot_custom_roles_post": " ",
	"firstboot_custom_roles_pre": " ", "node_custom_roles_post": " ", "node_custom_roles_post_sysprep": " ",
	"node_custom_roles_pre": " ",
}

func isBuildVariable(name string) bool { return slices.Contains(buildVariables, name) }

func isBuildEnvironment(name string) bool {
	return slices.Contains(buildEnvironment, name) ||
		slices.ContainsFunc(buildPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// settings compares named values. kind begins the names of the rules: variable, environment or default.
func (d *diff) settings(kind, path string, from, to map[string]string, builds func(string) bool, at origin) {
	for _, name := range both(from, to) {
		a, was := from[name]
		b, is := to[name]
		what := path + "." + name
		switch separator := lists[name]; {
		case was && is && a == b:
		case builds(name):
			d.add("build-setting", what, a, b, at)
		case separator != "":
			d.list(what, a, b, separator, at)
		case strings.HasSuffix(name, "_sha256"), strings.HasSuffix(name, "_checksum"):
			d.add("digest", what, a, b, at)
		case !was:
			d.add(kind+"-added", what, "", shown(name, b), at)
		case !is:
			d.add(kind+"-removed", what, shown(name, a), "", at)
		default:
			d.add(changed(kind, name, a, b), what, shown(name, a), shown(name, b), at)
		}
	}
}

// changed is the rule for a setting with another value.
func changed(kind, name, from, to string) string {
	if strings.HasSuffix(name, "_version") || strings.HasSuffix(name, "_semver") {
		if rule, ok := step(from, to); ok {
			return rule
		}
	}
	switch {
	case from == "false" && to == "true":
		return "switch-on"
	case from == "true" && to == "false":
		return "switch-off"
	}
	return kind + "-changed"
}

// list compares lists by their entries. Entries of the form name=value (ansible_user_vars) are variables themselves.
func (d *diff) list(what, from, to, separator string, at origin) {
	a, b := entries(from, separator), entries(to, separator)
	if first, then := words(from, separator), words(to, separator); maps.Equal(a, b) && !slices.Equal(first, then) {
		d.add("list-order", what, shownList(first), shownList(then), at)
	}
	for _, name := range both(a, b) {
		old, was := a[name]
		value, is := b[name]
		switch {
		case was && is && old == value:
		case !was:
			d.add("list-added", what, "", entry(name, value), at)
		case !is:
			d.add("list-removed", what, entry(name, old), "", at)
		default:
			d.add(changed("variable", name, old, value), what+"."+name, shown(name, old), shown(name, value), at)
		}
	}
}

func entries(list, separator string) map[string]string {
	out := map[string]string{}
	for _, word := range words(list, separator) {
		name, value, _ := strings.Cut(word, "=")
		out[name] = value
	}
	return out
}

func words(list, separator string) []string {
	var out []string
	for word := range strings.SplitSeq(list, separator) {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

// shownList is a list as people may read it.
func shownList(words []string) string {
	out := make([]string, len(words))
	for i, word := range words {
		name, value, _ := strings.Cut(word, "=")
		out[i] = entry(name, value)
	}
	return strings.Join(out, " ")
}

func entry(name, value string) string {
	if value == "" {
		return name
	}
	return name + "=" + shown(name, value)
}

// shown is a value as people may read it: what is named like a credential is not for them, and "" would look like nothing.
func shown(name, value string) string {
	upper := strings.ToUpper(name)
	switch {
	case strings.Contains(upper, "PASSWORD"), strings.Contains(upper, "SECRET"), strings.HasSuffix(upper, "TOKEN"):
		return "(hidden)"
	case value == "":
		return `""`
	}
	return value
}
