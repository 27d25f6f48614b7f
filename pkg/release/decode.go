package release

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/Masterminds/semver/v3"
	"go.yaml.in/yaml/v3"
)

// Decode reads the Release resources among the YAML documents of a file, in their order. Documents of other kinds are skipped.
// The error is of type [Problems] and has everything that is wrong.
func Decode(file string, data []byte) ([]Release, error) {
	var releases []Release
	var problems Problems
	for dec := yaml.NewDecoder(bytes.NewReader(data)); ; {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return releases, problems.err()
		}
		if err != nil {
			return nil, append(problems, Problem{File: file, Text: err.Error()})
		}
		d := decoder{file: file}
		if r, ok := d.release(resolve(doc.Content[0])); ok {
			releases = append(releases, r)
		}
		problems = append(problems, d.problems...)
	}
}

// Mentions reports whether a file has to do with Release resources. A file that does not, and is no YAML either, such as a template,
// is no release that is wrong.
func Mentions(data []byte) bool { return bytes.Contains(data, []byte(Group)) }

type decoder struct {
	file     string
	problems Problems
}

func (d *decoder) problem(at *yaml.Node, format string, args ...any) {
	d.problems = append(d.problems, Problem{File: d.file, Line: at.Line, Text: fmt.Sprintf(format, args...)})
}

// release reads a document, if it is a Release.
func (d *decoder) release(doc *yaml.Node) (Release, bool) {
	version, kind := member(doc, "apiVersion"), member(doc, "kind")
	if kind == nil || kind.Value != ResourceKind || version == nil || !strings.HasPrefix(version.Value, Group+"/") {
		return Release{}, false
	}
	if version.Value != ResourceVersion {
		d.problem(version, "apiVersion is %q, but only %s is known", version.Value, ResourceVersion)
		return Release{}, false
	}
	spec := member(doc, "spec")
	r := Release{File: d.file, Components: make(map[string]Component)}
	if state := member(spec, "state"); state != nil {
		r.State = state.Value
	}
	named := d.name(&r, doc)
	list := member(spec, "components")
	if list == nil || list.Kind != yaml.SequenceNode {
		d.problem(doc, "%sspec.components is missing, or no list", prefix(r.Name))
		return r, false
	}
	d.components(&r, list)
	return r, named
}

func prefix(name string) string {
	if name == "" {
		return ""
	}
	return name + ": "
}

// namePattern tells a provider from a version (giantswarm/image-distribution-operator parses names by ^([a-z-]+)-\d+\.\d+\.\d+).
var namePattern = regexp.MustCompile(`^([a-z][a-z-]*)-([0-9].*)$`)

// name reads the release's name, and what the name says.
func (d *decoder) name(r *Release, doc *yaml.Node) bool {
	n := member(member(doc, "metadata"), "name")
	if n == nil || n.Value == "" {
		d.problem(doc, "metadata.name is missing")
		return false
	}
	r.Line, r.Name = n.Line, n.Value
	parts := namePattern.FindStringSubmatch(n.Value)
	if parts != nil {
		r.Provider = parts[1]
		r.Version, _ = semver.StrictNewVersion(parts[2])
	}
	if r.Version == nil {
		d.problem(n, "metadata.name is %q, but must be PROVIDER-MAJOR.MINOR.PATCH, such as aws-29.1.0", n.Value)
		return false
	}
	return true
}

func (d *decoder) components(r *Release, list *yaml.Node) {
	for _, entry := range list.Content {
		entry = resolve(entry)
		name, version := member(entry, "name"), member(entry, "version")
		if name == nil {
			continue
		}
		if _, twice := r.Components[name.Value]; twice {
			d.problem(name, "%scomponent %s is given twice", prefix(r.Name), name.Value)
			continue
		}
		c := Component{Line: name.Line, VersionLine: name.Line}
		if version != nil {
			c.Version, c.VersionLine = version.Value, version.Line
		}
		r.Components[name.Value] = c
	}
}

// member is the value of a mapping's key; nil where there is none, or no mapping.
func member(n *yaml.Node, key string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return resolve(n.Content[i+1])
		}
	}
	return nil
}

func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}
