package bump

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Role is what an Ansible role bakes in.
type Role struct {
	Defaults map[string]string // the variables of defaults/main.yml, values as YAML on one line
	Files    map[string]string // digests of all other files by path within the role; comments of its YAML don't count
}

// Directories of a role that only its own tests use, and directories whose YAML Ansible itself reads, so that comments in it go
// nowhere. Files and templates end up on nodes as they are
// (https://docs.ansible.com/ansible/latest/playbook_guide/playbooks_reuse_roles.html, Role directory structure).
var (
	testDirectories = []string{"molecule", "tests"}
	readByAnsible   = []string{"defaults", "handlers", "meta", "tasks", "vars"}
)

func readRoles(files map[string][]byte, directory string) map[string]Role {
	roles := map[string]Role{}
	prefix := strings.TrimPrefix(path.Clean(directory)+"/", "./")
	for file, content := range sorted(files) {
		below, inside := strings.CutPrefix(file, prefix)
		name, file, isRole := strings.Cut(below, "/")
		if directory == "" || !inside || !isRole {
			continue
		}
		if _, known := roles[name]; !known {
			roles[name] = Role{Defaults: map[string]string{}, Files: map[string]string{}}
		}
		roles[name].read(file, content)
	}
	return roles
}

func (r Role) read(file string, content []byte) {
	directory, _, _ := strings.Cut(file, "/")
	if slices.Contains(testDirectories, directory) || (directory == file && !isYAML(file)) {
		return // a README, a licence
	}
	documents, err := parse(content)
	ansible := isYAML(file) && slices.Contains(readByAnsible, directory) && err == nil
	switch {
	case ansible && strings.TrimSuffix(file, path.Ext(file)) == "defaults/main" && isMapping(documents):
		r.readDefaults(documents)
	case ansible && directory == "meta":
		r.Files[file] = digest([]byte(canonical(withoutGalaxy(documents))))
	case ansible:
		r.Files[file] = digest([]byte(canonical(documents)))
	default:
		r.Files[file] = digest(content)
	}
}

func isMapping(documents []*yaml.Node) bool {
	return len(documents) == 1 && documents[0].Kind == yaml.MappingNode
}

func (r Role) readDefaults(documents []*yaml.Node) {
	for i := 0; i+1 < len(documents[0].Content); i += 2 {
		k, value := documents[0].Content[i], documents[0].Content[i+1]
		r.Defaults[k.Value] = flow(value)
	}
}

// withoutGalaxy leaves out what meta/main.yml says to Ansible Galaxy alone: author, licence, platforms.
func withoutGalaxy(documents []*yaml.Node) []*yaml.Node {
	var out []*yaml.Node
	for _, n := range documents {
		kept := *n
		kept.Content = nil
		for i := 0; i+1 < len(n.Content); i += 2 {
			if n.Content[i].Value != "galaxy_info" {
				kept.Content = append(kept.Content, n.Content[i], n.Content[i+1])
			}
		}
		out = append(out, &kept)
	}
	return out
}

func parse(content []byte) ([]*yaml.Node, error) {
	var out []*yaml.Node
	for dec := yaml.NewDecoder(bytes.NewReader(content)); ; {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, doc.Content...)
	}
}

func canonical(documents []*yaml.Node) string {
	var b strings.Builder
	for _, n := range documents {
		write(&b, n)
		b.WriteByte('\n')
	}
	return b.String()
}

// write puts down what a node means, one way for every way to write it. Aliases stay aliases: following them could take forever.
func write(b *strings.Builder, n *yaml.Node) {
	if n.Anchor != "" {
		b.WriteString("&" + n.Anchor + " ")
	}
	switch n.Kind {
	case yaml.AliasNode:
		b.WriteString("*" + n.Value)
	case yaml.ScalarNode:
		fmt.Fprintf(b, "%s %q", n.ShortTag(), n.Value)
	default:
		b.WriteString(n.ShortTag() + " (")
		for _, child := range n.Content {
			write(b, child)
			b.WriteByte(' ')
		}
		b.WriteByte(')')
	}
}

// flow is a value as people read it: text as it is, anything else on one line.
func flow(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return printable(n.Value)
	}
	var value any
	if n.Decode(&value) != nil { // a tag of Ansible's own, or too many aliases
		return canonical([]*yaml.Node{n})
	}
	return text(value)
}

func digest(content []byte) string { return fmt.Sprintf("%x", sha256.Sum256(content)) }

// roles compares the roles by name.
func (d *diff) roles(from, to map[string]Role) {
	for _, name := range both(from, to) {
		a, was := from[name]
		b, is := to[name]
		what := "roles." + name
		at := origin{file: "roles/" + name}
		switch {
		case !was:
			d.add("role-added", what, "", "added", at)
		case !is:
			d.add("role-removed", what, "removed", "", at)
		default:
			d.settings("default", what+".defaults", a.Defaults, b.Defaults, func(string) bool { return false }, at)
			d.roleFiles(what, a.Files, b.Files, name)
		}
	}
}

// roleFiles makes one change of all files of a role: people judge a role, not its files.
func (d *diff) roleFiles(what string, from, to map[string]string, role string) {
	for _, file := range both(from, to) {
		if from[file] != to[file] {
			d.add("role-content", what, "", "", origin{file: printable("roles/" + role + "/" + file)})
		}
	}
}
