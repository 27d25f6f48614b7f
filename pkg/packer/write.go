package packer

import (
	"bytes"
	"encoding/json"
	"strings"
)

// VarsJSON is the variable file for Packer: a JSON object of strings, sorted by name, with a line break at its end.
func (o Output) VarsJSON() []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	// A map of strings can't fail to encode, nor a buffer to be written to.
	_ = enc.Encode(o.Variables)
	return b.Bytes()
}

// Env is the environment for a POSIX shell to source: a line of the form export KEY='VALUE' for each variable, sorted by name.
func (o Output) Env() []byte {
	var b bytes.Buffer
	for key, value := range sorted(o.Environment) {
		b.WriteString("export " + key + "=" + quoted(value) + "\n")
	}
	return b.Bytes()
}

// quoted is the text as one word of a POSIX shell. Only a quote has a meaning within single quotes.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
