package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/giantswarm/nodeimage/pkg/name"
)

const about = "Names of node images. An implementation gives the name for the input of every vector, byte by byte, or refuses it " +
	"for the errors listed. One leading v of a version is dropped; an empty channel is stable and an empty arch is amd64; no other " +
	"input is corrected. Pre-releases are refused, as nodeimage does without --allow-prerelease. The messages are nodeimage's own; " +
	"others may word theirs as they like."

// input is what a name is made of, as somebody gives it.
type input struct {
	Channel    string `json:"channel"`
	Flatcar    string `json:"flatcar"`
	Kubernetes string `json:"kubernetes"`
	Tooling    string `json:"tooling"`
	Arch       string `json:"arch"`
	Suffix     string `json:"suffix"`
}

// refusal is one thing that is wrong with an input.
type refusal struct {
	Field   string `json:"field"` // a key of input, or "name" for what is made of them
	Class   class  `json:"class"`
	Message string `json:"message"`
}

type vector struct {
	Input  input     `json:"input"`
	Name   string    `json:"name,omitempty"`
	Errors []refusal `json:"errors,omitempty"`
}

// vectorsJSON composes every case with package name. It errs where the package doesn't do what a case expects.
func vectorsJSON() ([]byte, error) {
	told := sentences{}
	var vectors []vector
	for _, c := range cases() {
		v, err := compose(c, told)
		if err != nil {
			return nil, fmt.Errorf("composing %+v: %w", c.in, err)
		}
		vectors = append(vectors, v)
	}
	return document(vectors)
}

func compose(c testCase, told sentences) (vector, error) {
	v := vector{Input: c.in}
	n, err := name.New(name.Name(c.in), name.Options{})
	var refused name.Errors
	if errors.As(err, &refused) {
		v.Errors, err = refusals(c.want, refused, told)
		return v, err
	}
	if err == nil {
		err = name.LabelLimit().Check(n.String())
		if err != nil && len(c.want) == 1 && c.want[0].class == tooLong {
			v.Errors = []refusal{{Field: "name", Class: tooLong, Message: err.Error()}}
			return v, nil
		}
	}
	if err == nil && len(c.want) > 0 {
		err = fmt.Errorf("the name is %s, want a refusal", n)
	}
	v.Name = n.String()
	return v, err
}

func refusals(want []expectation, got name.Errors, told sentences) ([]refusal, error) {
	if len(want) != len(got) {
		return nil, fmt.Errorf("it is refused with %w, want %d errors", got, len(want))
	}
	var out []refusal
	for i, w := range want {
		if w.field != got[i].Field {
			return nil, fmt.Errorf("%s is refused, want %s", got[i].Field, w.field)
		}
		if err := told.add(w.class, got[i].Problem); err != nil {
			return nil, err
		}
		out = append(out, refusal{Field: w.field, Class: w.class, Message: got[i].Error()})
	}
	return out, nil
}

// sentences holds what package name says for a class. One class has one sentence: if the package refuses a case for another
// reason than the case expects, two sentences meet.
type sentences map[class]string

func (s sentences) add(c class, problem string) error {
	for known, sentence := range s {
		if (known == c) != (sentence == problem) {
			return fmt.Errorf("class %s is refused with %q, and class %s with %q", c, problem, known, sentence)
		}
	}
	s[c] = problem
	return nil
}

// document has a line for each vector, so that changes can be read.
func document(vectors []vector) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	var errs []error
	write := func(v any) {
		errs = append(errs, enc.Encode(v))
		b.Truncate(b.Len() - 1) // Encode's newline
	}
	b.WriteString("{\n  \"about\": ")
	write(about)
	b.WriteString(",\n  \"classes\": {")
	for i, d := range classes() {
		b.WriteString(separator(i))
		write(d.class)
		b.WriteString(": ")
		write(d.meaning)
	}
	b.WriteString("\n  },\n  \"vectors\": [")
	for i, v := range vectors {
		b.WriteString(separator(i))
		write(v)
	}
	b.WriteString("\n  ]\n}\n")
	return b.Bytes(), errors.Join(errs...)
}

func separator(i int) string {
	if i == 0 {
		return "\n    "
	}
	return ",\n    "
}
