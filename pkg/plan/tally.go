package plan

import (
	"fmt"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// tally sorts an image's locations by what was found there.
type tally struct {
	total int
	where map[inventory.State][]inventory.Finding
}

func tallyOf(findings []inventory.Finding) tally {
	t := tally{total: len(findings), where: make(map[inventory.State][]inventory.Finding)}
	for _, f := range findings {
		t.where[f.State] = append(t.where[f.State], f)
	}
	return t
}

func (t tally) has(s inventory.State) bool { return len(t.where[s]) > 0 }

func (t tally) all(s inventory.State) bool { return len(t.where[s]) == t.total }

// unknown reports whether anything could not be checked. No finding at all is no evidence, so it is unknown too, and so is a
// state that this version does not know.
func (t tally) unknown() bool {
	known := 0
	for _, s := range []inventory.State{inventory.Present, inventory.Pending, inventory.Failed, inventory.Absent} {
		known += len(t.where[s])
	}
	return t.total == 0 || known < t.total
}

// in says where a state was found, in the fewest words: " in eu-west-1", " in all 8 locations".
func (t tally) in(s inventory.State) string {
	locations := t.locations(s)
	switch n := len(locations); {
	case t.total > 1 && n == t.total:
		return fmt.Sprintf(" in all %d locations", n)
	default:
		return " in " + strings.Join(locations, ", ")
	}
}

func (t tally) locations(s inventory.State) []string {
	var locations []string
	for _, f := range t.where[s] {
		locations = append(locations, f.Location)
	}
	return locations
}

func (t tally) unchecked() string {
	unknown := t.where[inventory.Unknown]
	switch {
	case t.total == 0:
		return "was not looked for"
	case len(unknown) == 0:
		return "is in a state that this version does not know"
	}
	sentence := "could not be checked" + t.in(inventory.Unknown)
	if notes := unknown[0].Notes; len(notes) > 0 {
		sentence += ": " + notes[0]
	}
	return sentence
}

func (t tally) incomplete() string {
	sentence := fmt.Sprintf("in %d of %d locations", len(t.where[inventory.Present]), t.total)
	if t.has(inventory.Absent) {
		sentence += ", missing" + t.in(inventory.Absent)
	}
	if t.has(inventory.Failed) {
		sentence += ", broken" + t.in(inventory.Failed)
	}
	return sentence
}

// replaces says what a forced build touches.
func (t tally) replaces() string {
	switch {
	case t.unknown():
		return "what it replaces " + t.unchecked()
	case t.has(inventory.Present):
		return "replaces what exists" + t.in(inventory.Present)
	case t.has(inventory.Pending):
		return "replaces what is being made" + t.in(inventory.Pending)
	}
	return "nothing is there to be replaced"
}
