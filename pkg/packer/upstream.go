package packer

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
)

// upstreamCommit is the commit of kubernetes-sigs/image-builder that upstream.txt describes, and upstreamRelease the newest
// release that it contains.
const (
	upstreamCommit  = "ae63061efb154adbbd4605958c506aae8fc1d03c"
	upstreamRelease = "v0.1.55"
)

//go:embed upstream.txt
var upstream string

// names are what upstream reads, each with the first release that read it, or "" where that is not recorded.
type names map[string]string

// variablesOf are the Packer variables of a template, by its section in upstream.txt.
func variablesOf(section string) names { return read(section, names{}) }

// environmentOf are the environment variables of a template's targets. A * at the end of a name stands for anything.
func environmentOf(section string) names { return read("env "+section, names{}) }

// read adds a section and its parts to into. The text is small, and a run asks once for each build: it is not worth keeping.
func read(section string, into names) names {
	in := false
	for line := range strings.Lines(upstream) {
		head, isHead := strings.CutPrefix(line, "[")
		switch {
		case isHead:
			name, parts, _ := strings.Cut(strings.TrimRight(head, "]\n"), ": ")
			if in = name == section; in {
				addParts(parts, into)
			}
		case in && !strings.HasPrefix(line, "#"):
			for word := range strings.FieldsSeq(line) {
				name, since, _ := strings.Cut(word, "@")
				into[name] = since
			}
		}
	}
	return into
}

// addParts adds the sections in a list; "env common" is one of them, not two.
func addParts(list string, into names) {
	if list == "env common" {
		read(list, into)
		return
	}
	for part := range strings.FieldsSeq(list) {
		read(part, into)
	}
}

func (n names) has(name string) bool {
	_, ok := n[name]
	return ok || slices.ContainsFunc(n.sorted(), func(known string) bool {
		prefix, wild := strings.CutSuffix(known, "*")
		return wild && strings.HasPrefix(name, prefix)
	})
}

func (n names) sorted() []string { return slices.Sorted(maps.Keys(n)) }

// nearest is the name that takes the fewest changes to arrive at from word, the first in the alphabet of several.
func (n names) nearest(word string) string { return nearest(word, n.sorted()) }

func nearest(word string, known []string) string {
	best, fewest := "", -1
	for _, k := range known {
		if d := distance(word, strings.TrimSuffix(k, "*")); fewest < 0 || d < fewest {
			best, fewest = k, d
		}
	}
	return best
}

// distance is the number of bytes to insert, delete or replace to make a into b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
