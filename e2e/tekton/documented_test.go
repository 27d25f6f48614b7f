//go:build e2e

package tekton

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// documents are those whose commands must all be run by a scenario.
var documents = []string{"docs/tekton.md", "docs/customtask.md"}

// commands are the kubectl commands of the documents, each with whether it was run.
var commands = sync.OnceValue(func() *documented {
	d := &documented{run: make(map[string]bool), in: make(map[string]string)}
	for _, file := range documents {
		text, err := os.ReadFile(file)
		d.err = errors.Join(d.err, err)
		for line := range strings.Lines(string(text)) {
			if command := strings.TrimSpace(line); strings.HasPrefix(command, "kubectl ") {
				d.run[command], d.in[command] = false, file
			}
		}
	}
	return d
})

type documented struct {
	mu  sync.Mutex
	run map[string]bool
	in  map[string]string // the document
	err error
}

// asDocumented runs a command that stands in the documents, word for word but for the replacements: old, new, old, new.
func asDocumented(ctx context.Context, command string, replacements ...string) (string, error) {
	args, err := arguments(command, replacements)
	if err != nil {
		return "", err
	}
	return try(ctx, "", args...)
}

// arguments are those of a documented command, which then counts as run.
func arguments(command string, replacements []string) ([]string, error) {
	d := commands()
	d.mu.Lock()
	_, found := d.run[command]
	d.run[command] = true
	d.mu.Unlock()
	if !found || d.err != nil {
		return nil, fmt.Errorf("not in %v: %s (%w)", documents, command, d.err)
	}
	args := strings.Fields(command)[1:]
	replacer := strings.NewReplacer(replacements...)
	for i, a := range args {
		args[i] = replacer.Replace(a)
	}
	return unquote(args), nil
}

// persistAsDocumented is asDocumented until it succeeds.
func persistAsDocumented(ctx context.Context, command string, replacements ...string) error {
	args, err := arguments(command, replacements)
	if err != nil {
		return err
	}
	return persist(ctx, args...)
}

// unquote joins what a shell would: the words between single quotes.
func unquote(words []string) []string {
	var out []string
	for i := 0; i < len(words); i++ {
		word := words[i]
		if strings.HasPrefix(word, "'") {
			for !strings.HasSuffix(words[i], "'") {
				i++
				word += " " + words[i]
			}
			word = strings.Trim(word, "'")
		}
		out = append(out, word)
	}
	return out
}

// testDocumented comes last: by then every command of the document was run.
func testDocumented(document string) func(*testing.T) {
	return func(t *testing.T) {
		for command, run := range commands().run {
			if !run && commands().in[command] == document {
				t.Errorf("no scenario runs: %s", command)
			}
		}
	}
}
