package imageset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v3"
)

// Problem is one thing that is wrong with an image set.
type Problem struct {
	File string // as it was given
	Line int    // 0: the file as a whole
	Path string // such as providers.capa.aws.regions[1]
	Text string // continues a sentence that begins with the path
}

func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		b.WriteString(":" + strconv.Itoa(p.Line))
	}
	b.WriteString(": ")
	if p.Path != "" {
		b.WriteString(p.Path + " ")
	}
	b.WriteString(p.Text)
	return b.String()
}

// Problems is everything that is wrong with an image set, in the order of its lines.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// Load reads and checks the image set in a file. The error is of type [Problems].
func Load(file string) (*ImageSet, error) {
	data, err := os.ReadFile(file)
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	if err != nil {
		return nil, Problems{{File: file, Text: "can't be read: " + err.Error()}}
	}
	return Decode(file, data)
}

// Decode checks the image set in data; file is what its problems call it. The error is of type [Problems].
func Decode(file string, data []byte) (*ImageSet, error) {
	d := decoder{file: file, lines: map[string]int{}}
	root, err := d.document(data)
	if err != nil {
		return nil, err
	}
	value := d.value(root, Schema(), "")
	set := new(ImageSet)
	if len(d.problems) == 0 {
		// What was collected follows the schema, which was made from these types: it can't fail to fit them.
		encoded, err := json.Marshal(value)
		if err == nil {
			err = json.Unmarshal(encoded, set)
		}
		if err != nil {
			d.problem(root, "", "%v", err)
		}
		d.validate(set)
	}
	if len(d.problems) > 0 {
		slices.SortStableFunc(d.problems, func(a, b Problem) int { return a.Line - b.Line })
		return nil, d.problems
	}
	return set, nil
}

// decoder turns YAML nodes into JSON values by the schema. It takes the text of a scalar where the schema wants a string, so
// that an unquoted 1.30 stays 1.30, and it remembers the line of every path for the checks that follow.
type decoder struct {
	file     string
	problems Problems
	lines    map[string]int
}

func (d *decoder) problem(at *yaml.Node, path, format string, args ...any) {
	d.problems = append(d.problems, Problem{File: d.file, Line: at.Line, Path: path, Text: fmt.Sprintf(format, args...)})
}

func (d *decoder) document(data []byte) (*yaml.Node, error) {
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil, Problems{{File: d.file, Text: "is empty"}}
	}
	if err == nil {
		if err = dec.Decode(&more); errors.Is(err, io.EOF) {
			return doc.Content[0], nil
		}
	}
	if err != nil {
		return nil, Problems{{File: d.file, Text: err.Error()}}
	}
	return nil, Problems{{File: d.file, Line: more.Line, Text: "has a second YAML document; an image set is one"}}
}

// value checks a node against its schema and returns it in the form that JSON has.
func (d *decoder) value(n *yaml.Node, s *jsonschema.Schema, path string) any {
	d.lines[path] = n.Line
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch typeOf(s) {
	case "object":
		return d.object(n, s, path)
	case "array":
		return d.array(n, s, path)
	case "boolean":
		return d.boolean(n, path)
	}
	return d.text(n, s, path)
}

// typeOf is the type that a schema wants; pointers and slices may also be null, which the file has no use for.
func typeOf(s *jsonschema.Schema) string {
	for _, t := range s.Types {
		if t != "null" {
			return t
		}
	}
	return s.Type
}

func (d *decoder) object(n *yaml.Node, s *jsonschema.Schema, path string) any {
	if n.Kind != yaml.MappingNode {
		d.problem(n, path, "must be a mapping of keys to values")
		return nil
	}
	out := make(map[string]any)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, child := n.Content[i], n.Content[i+1]
		if _, twice := out[key.Value]; twice {
			d.problem(key, join(path, key.Value), "is given twice")
			continue
		}
		out[key.Value] = d.member(key, child, s, path)
	}
	for _, required := range s.Required {
		if _, given := out[required]; !given {
			d.problem(n, join(path, required), "is missing")
		}
	}
	if s.MinProperties != nil && len(out) < *s.MinProperties {
		d.problem(n, path, "is empty")
	}
	return out
}

func (d *decoder) member(key, child *yaml.Node, s *jsonschema.Schema, path string) any {
	schema, known := s.Properties[key.Value]
	switch {
	case known:
	case s.Properties == nil && s.AdditionalProperties != nil:
		schema = s.AdditionalProperties
	default:
		d.problem(key, join(path, key.Value), "is not a known key; here go %s", strings.Join(s.PropertyOrder, ", "))
		return nil
	}
	return d.value(child, schema, join(path, key.Value))
}

func (d *decoder) array(n *yaml.Node, s *jsonschema.Schema, path string) any {
	if n.Kind != yaml.SequenceNode {
		d.problem(n, path, "must be a list")
		return nil
	}
	out := make([]any, len(n.Content))
	for i, child := range n.Content {
		out[i] = d.value(child, s.Items, fmt.Sprintf("%s[%d]", path, i))
	}
	if s.MinItems != nil && len(out) < *s.MinItems {
		d.problem(n, path, "is empty")
	}
	return out
}

func (d *decoder) boolean(n *yaml.Node, path string) any {
	var b bool
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(&b) != nil {
		d.problem(n, path, "must be true or false")
	}
	return b
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
