// Package output writes plans in the forms that people and programs read, one file per form.
package output

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"

	"github.com/giantswarm/nodeimage/pkg/plan"
)

// Write writes a plan in one form.
type Write func(io.Writer, plan.Plan) error

// Forms are all forms by name. Colour is for the forms that terminals show.
func Forms(colour bool) map[string]Write {
	return map[string]Write{
		"table": func(w io.Writer, p plan.Plan) error { return Table(w, p, colour) },
		"json":  JSON,
		"yaml":  YAML,
		"names": Names,
	}
}

// FormNames lists the names of all forms.
func FormNames() []string { return slices.Sorted(maps.Keys(Forms(false))) }

// JSON writes the plan document.
func JSON(w io.Writer, p plan.Plan) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(p)
}

// YAML writes the plan document as YAML, with the same fields.
func YAML(w io.Writer, p plan.Plan) error {
	b, err := yaml.Marshal(p)
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// Names writes the names of the plan's images, one a line, each once.
func Names(w io.Writer, p plan.Plan) error {
	var names []string
	for _, image := range p.Images {
		names = append(names, image.Name)
	}
	slices.Sort(names)
	for _, n := range slices.Compact(names) {
		if _, err := fmt.Fprintln(w, n); err != nil {
			return err
		}
	}
	return nil
}

// Summary says in one line what a plan comes to, such as "2 to build, 1 to skip".
func Summary(p plan.Plan) string {
	var parts []string
	for _, part := range []struct {
		n    int
		text string
	}{
		{p.Summary.Build, "to build"},
		{p.Summary.Replicate, "to replicate"},
		{p.Summary.Skip, "to skip"},
		{p.Summary.Wait, "to wait for"},
		{p.Summary.Unknown, "unknown"},
	} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.text))
		}
	}
	if parts == nil {
		return "no images"
	}
	return strings.Join(parts, ", ")
}
