package imageset

import (
	"fmt"
	"slices"
	"strings"
)

// TemplateFields are the fields that a key or a file may have, in braces.
func TemplateFields() []string {
	return []string{"name", "channel", "flatcar", "kubernetes", "tooling", "suffix", "arch"}
}

// Expand replaces the {fields} of a template by their values. It refuses fields that have no value, and braces that are no field.
func Expand(template string, values map[string]string) (string, error) {
	var b strings.Builder
	for rest := template; rest != ""; {
		before, after, found := strings.Cut(rest, "{")
		if strings.Contains(before, "}") {
			return "", fmt.Errorf("has a } without {: %s", template)
		}
		b.WriteString(before)
		if !found {
			break
		}
		field, tail, closed := strings.Cut(after, "}")
		value, known := values[field]
		if !closed {
			return "", fmt.Errorf("has a { without }: %s", template)
		}
		if !known {
			return "", fmt.Errorf("has {%s}, but the fields are %s: %s", field, braces(values), template)
		}
		b.WriteString(value)
		rest = tail
	}
	return b.String(), nil
}

func braces(values map[string]string) string {
	fields := make([]string, 0, len(values))
	for f := range values {
		fields = append(fields, "{"+f+"}")
	}
	slices.Sort(fields)
	return strings.Join(fields, " ")
}

// templateProblem says what is wrong with the template of a key (base "" ) or of its marker, which may refer to the key by the
// field base. A template that is the same for two images would let one image pass for the other.
func templateProblem(template, base string) string {
	values := make(map[string]string)
	for _, f := range TemplateFields() {
		values[f] = "\x00" + f
	}
	distinct := "name"
	if base != "" {
		values[base] = "\x00name"
	}
	expanded, err := Expand(template, values)
	switch {
	case err != nil:
		return err.Error()
	case !strings.Contains(expanded, values[distinct]):
		return "must contain {name}, or two images would share it"
	}
	return ""
}
