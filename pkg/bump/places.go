package bump

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// place compares where consumers look, field by field.
func (d *diff) place(path string, a, b imageset.Provider, at origin) {
	if a.Type() != b.Type() {
		d.add("provider-type", path, a.Type(), b.Type(), at)
		return
	}
	if a.Architecture() != b.Architecture() {
		d.add("name-changed", path+".architecture", a.Architecture(), b.Architecture(), at)
	}
	a.Builder, b.Builder = "", "" // compared by what it bakes in
	from, to := flatten(a), flatten(b)
	for _, field := range both(from, to) {
		if text(from[field]) == text(to[field]) || strings.HasSuffix(field, ".architecture") {
			continue
		}
		d.add(placeRule(field), path+"."+field, text(from[field]), text(to[field]), at)
	}
}

// placeRule tells what consumers compute from an image's versions from what they are configured with.
func placeRule(field string) string {
	switch field {
	case "s3.key", "directory.file", "vsphere.templateSuffix":
		return "key-changed"
	}
	return "place-changed"
}

// notBaked compares the parts of an image set that choose images and don't change them.
func (d *diff) notBaked(p pair) {
	at := origin{file: p.file}
	choice := func(set *imageset.ImageSet) map[string]any {
		return flatten(map[string]any{"versions": set.Versions, "sources": set.Sources})
	}
	from, to := choice(p.from), choice(p.to)
	for _, field := range both(from, to) {
		if a, b := text(from[field]), text(to[field]); a != b {
			d.add("choice-changed", field, a, b, at)
		}
	}
	if !reflect.DeepEqual(p.from.Exclude, p.to.Exclude) {
		d.add("choice-changed", "exclude", "", "", at)
	}
}

// flatten turns a value into its fields by path, two levels deep, which is as deep as image sets are here.
func flatten(value any) map[string]any {
	out := map[string]any{}
	for outer, v := range object(value) {
		inner, nested := v.(map[string]any)
		if !nested {
			out[outer] = v
		}
		for k, v := range inner {
			out[outer+"."+k] = v
		}
	}
	return out
}

// object is a value as JSON sees it. The types of image sets can't fail to be written and read.
func object(value any) map[string]any {
	out := map[string]any{}
	encoded, err := json.Marshal(value)
	if err == nil {
		err = json.Unmarshal(encoded, &out)
	}
	if err != nil {
		panic(fmt.Sprintf("image set is no JSON object: %v", err))
	}
	return out
}

// text is a value as people read it: "" for nothing, text as it is, anything else as JSON.
func text(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return printable(v)
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprint(value)
	}
	return string(encoded)
}

// printable quotes what would not stay on one line of a terminal.
func printable(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(s)
	}
	return s
}
