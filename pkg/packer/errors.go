package packer

import "strings"

// Error is one reason why a build can't be made as the image set asks.
type Error struct {
	Path string // where to change something, in the words of the image set: builders.ami.variables.image_nam
	Text string // continues a sentence that begins with the path
}

func (e Error) Error() string { return e.Path + " " + e.Text }

// Errors is everything that is wrong with a build.
type Errors []Error

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the single ones.
func (es Errors) Unwrap() []error {
	out := make([]error, len(es))
	for i, e := range es {
		out[i] = e
	}
	return out
}
