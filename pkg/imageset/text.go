package imageset

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/google/jsonschema-go/jsonschema"
	"go.yaml.in/yaml/v3"
)

// text takes a scalar as it is written: 1.30 is a version here and not a number.
func (d *decoder) text(n *yaml.Node, s *jsonschema.Schema, path string) any {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		d.problem(n, path, "must be a text")
		return ""
	}
	if problem := textProblem(n.Value, s); problem != "" {
		d.problem(n, path, "%s", problem)
	}
	return n.Value
}

func textProblem(text string, s *jsonschema.Schema) string {
	switch {
	case s.Const != nil && text != *s.Const:
		return fmt.Sprintf("is %q, but must be %q", text, *s.Const)
	case s.Enum != nil && !slices.Contains(s.Enum, any(text)):
		return fmt.Sprintf("is %q, but must be one of %s", text, list(s.Enum))
	case s.Pattern != "" && !regexp.MustCompile(s.Pattern).MatchString(text):
		return fmt.Sprintf("is %q, but must look like %s", text, s.Pattern)
	case s.MinLength != nil && len(text) < *s.MinLength:
		return "is empty"
	case strings.Contains(text, "{{"):
		return `contains "{{", which Packer would expand`
	case strings.ContainsFunc(text, unicode.IsControl):
		return "contains a control character"
	}
	return ""
}

func list(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ", ")
}
