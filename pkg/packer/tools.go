package packer

import (
	"fmt"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// tools has upstream's playbook run the role of every tool, and tells the role which version to install. The variable is called
// after the role: teleport_version for teleport, and nvidia_runtime_version for nvidia-runtime, since Ansible's variables have
// no dashes. Upstream hands ansible_user_vars to ansible-playbook as one --extra-vars argument, so they beat what roles and
// inventories say, and are words of the form key=value, quoted where they have spaces (packer/ami/packer.json;
// https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_variables.html#key-value-format).
func (w *work) tools() {
	if len(w.build.Tools) == 0 {
		return
	}
	own := w.userVars()
	for _, tool := range w.build.Tools {
		role := tool.Role
		if role == "" {
			role = tool.Name
		}
		path := "tools." + tool.Name
		if !isPlain(role) || !isPlain(tool.Version) {
			w.fail(path, "has role %q and version %q: only letters, digits and . _ + - can be handed to Ansible", role, tool.Version)
			continue
		}
		variable := versionVariable(role)
		if already, given := own[variable]; given && already != tool.Version {
			w.fail(path+".version", "is %s, but %s is %s already: by another tool of role %s, or by ansible_user_vars", tool.Version,
				variable, already, role)
		} else if !given {
			text := strings.TrimSpace(w.variables["ansible_user_vars"])
			w.variables["ansible_user_vars"] = strings.TrimSpace(text + " " + variable + "=" + tool.Version)
		}
		own[variable] = tool.Version
		w.variables["node_custom_roles_post"] = join(" ", w.variables["node_custom_roles_post"], role)
	}
}

// isPlain tells whether a role or a version can stand in lists that Ansible takes apart at spaces, equal signs and quotes.
func isPlain(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && !strings.ContainsRune("._+-", r)
	})
}

func versionVariable(role string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(".-+", r) {
			return '_'
		}
		return r
	}, role) + "_version"
}

// userVars are the image set's own variables for Ansible. The forms that are no list of words can't be added to.
func (w *work) userVars() map[string]string {
	vars := make(map[string]string)
	text := w.variables["ansible_user_vars"]
	path := w.variablePath("ansible_user_vars")
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") || strings.HasPrefix(text, "@") {
		w.fail(path, "is JSON or names a file, and the version of %s can't be added to that: write it as key=value", toolNames(w.build.Tools))
		return vars
	}
	words, err := splitWords(text)
	if err != nil {
		w.fail(path, "is %q, which %v", text, err)
	}
	for _, word := range words {
		key, value, _ := strings.Cut(word, "=")
		vars[key] = value
	}
	return vars
}

func toolNames(tools []imageset.Tool) string {
	out := make([]string, len(tools))
	for i, t := range tools {
		out[i] = t.Name
	}
	return strings.Join(out, ", ")
}

// splitWords takes words apart as Ansible does: at white space that is not in quotes. Quotes around a value go; a backslash
// keeps a quote from being one.
func splitWords(text string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	escaped, started := false, false
	for _, r := range text {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case quote != 0 && r == quote:
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote, started = r, true
		case quote == 0 && (r == ' ' || r == '\t'):
			if started {
				words = append(words, word.String())
			}
			word.Reset()
			started = false
			continue
		default:
			word.WriteRune(r)
		}
		started = true
	}
	if quote != 0 || escaped {
		return nil, fmt.Errorf("ends within %q", word.String())
	}
	if started {
		words = append(words, word.String())
	}
	return words, nil
}
