// Package bump says which semver level a release of capi-image-builder (the tooling version) needs: it compares what two states
// of a repository bake into images, and judges every difference by a written rule.
//
// The rules are in docs/versioning.md, with their reasons. The package is pure: it reads no file and runs no command.
package bump

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Level is a semver level. Levels are ordered: what needs a major needs no less.
type Level int

// The levels. None needs no release at all: the images stay as they are.
const (
	None Level = iota
	Patch
	Minor
	Major
)

var levelNames = []string{"none", "patch", "minor", "major"}

func (l Level) String() string { return levelNames[l] }

// MarshalText writes the level's name into JSON.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// ParseLevel reads a level's name; ok tells whether there is one of that name.
func ParseLevel(name string) (l Level, ok bool) {
	i := slices.Index(levelNames, name)
	return Level(max(i, 0)), i >= 0
}

// Change is one difference, with the rule that judges it.
type Change struct {
	Level Level    `json:"level"`
	Rule  string   `json:"rule"`           // id of the rule, as in docs/versioning.md
	What  string   `json:"what"`           // such as tools.teleport, builders.ami.target or roles.teleport
	From  string   `json:"from,omitempty"` // "" where it was not there
	To    string   `json:"to,omitempty"`   // "" where it is gone
	Where []string `json:"where"`          // files; of an image set also the providers, where not all have the change
	Why   string   `json:"why"`            // the rule's reason, or who judged otherwise
}

func (c Change) String() string {
	switch {
	case c.From == "" && c.To == "":
		return fmt.Sprintf("%s (%s)", c.What, c.Rule)
	case c.From == "":
		return fmt.Sprintf("%s %s added (%s)", c.What, c.To, c.Rule)
	case c.To == "":
		return fmt.Sprintf("%s %s removed (%s)", c.What, c.From, c.Rule)
	}
	return fmt.Sprintf("%s %s → %s (%s)", c.What, c.From, c.To, c.Rule)
}

// Result is all changes, the weightiest first, and the level that they need together.
type Result struct {
	Level   Level    `json:"level"`
	Changes []Change `json:"changes"`
}

// Above are the changes that need more than a level.
func (r Result) Above(l Level) []Change {
	return slices.DeleteFunc(slices.Clone(r.Changes), func(c Change) bool { return c.Level <= l })
}

// Compare judges what changes from one state to another. The same states give the same result, to the byte.
func Compare(from, to State) Result {
	d := diff{found: map[key]map[string][]string{}, shared: map[string][]string{}}
	d.imageSets(from, to)
	d.upstream(from, to, origin{file: "Dockerfile"})
	d.roles(from.Roles, to.Roles)
	return d.result()
}

// origin is where a change was seen: a file, and of an image set the provider whose images it is about.
type origin struct{ file, provider string }

// key is what makes changes one: the same difference at several providers is one line.
type key struct{ rule, what, from, to string }

// diff collects changes.
type diff struct {
	found  map[key]map[string][]string // the providers of every file that have the change
	shared map[string][]string         // the providers that both states have, by file
}

func (d *diff) add(rule, what, from, to string, at origin) {
	k := key{rule, what, from, to}
	if d.found[k] == nil {
		d.found[k] = map[string][]string{}
	}
	d.found[k][at.file] = append(d.found[k][at.file], at.provider)
}

func (d *diff) result() Result {
	r := Result{Changes: []Change{}}
	for k, files := range d.found {
		rule := ruleOf(k.rule)
		c := Change{Level: rule.Level, Rule: k.rule, What: k.what, From: k.from, To: k.to, Why: rule.Why}
		for _, file := range slices.Sorted(maps.Keys(files)) {
			c.Where = append(c.Where, d.where(file, files[file]))
		}
		r.Changes = append(r.Changes, c)
	}
	r.order()
	return r
}

// where names a file, and the providers where the change isn't about all of it.
func (d *diff) where(file string, providers []string) string {
	slices.Sort(providers)
	providers = slices.Compact(providers)
	if providers[0] == "" || slices.Equal(providers, d.shared[file]) {
		return file
	}
	return file + " (" + strings.Join(providers, ", ") + ")"
}

// order sorts the changes and finds the level that they need.
func (r *Result) order() {
	slices.SortFunc(r.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.Level, a.Level), cmp.Compare(a.What, b.What), cmp.Compare(a.Rule, b.Rule),
			cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	r.Level = None
	if len(r.Changes) > 0 {
		r.Level = r.Changes[0].Level
	}
}

// sorted walks a map by its keys.
func sorted[V any](m map[string]V) func(yield func(string, V) bool) {
	return func(yield func(string, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

// both are the keys of two maps, sorted.
func both[V any](a, b map[string]V) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}
