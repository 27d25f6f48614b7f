package packer

import (
	"regexp"
	"strings"
	"sync"
	"unicode"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// forms are what names have to look like that a shell or make reads.
var forms = sync.OnceValue(func() map[string]*regexp.Regexp {
	return map[string]*regexp.Regexp{
		"environment": regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`),
		"target":      regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`),
	}
})

// Check finds what [For] would never make. A plan is a file that people can edit, and its builds end up in a shell. The error is of
// type [Errors].
func (o Output) Check() error {
	var problems Errors
	fail := func(path, text string) { problems = append(problems, Error{Path: path, Text: text}) }
	if !forms()["target"].MatchString(o.Target) {
		fail("target", "is no make target")
	}
	for key, value := range sorted(o.Environment) {
		if !forms()["environment"].MatchString(key) {
			fail("environment."+key, "is no name of a variable")
		}
		checkValue(fail, "environment."+key, key, value)
	}
	for key, value := range sorted(o.Variables) {
		checkValue(fail, "variables."+key, key, value)
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

func checkValue(fail func(path, text string), path, key, value string) {
	switch {
	case imageset.NamesCredential(key):
		fail(path, "is named like a credential; give it to the build step as a secret")
	case strings.Contains(value, "{{"):
		fail(path, `contains "{{", which Packer would expand`)
	case strings.ContainsFunc(value, unicode.IsControl):
		fail(path, "contains a control character")
	}
}
