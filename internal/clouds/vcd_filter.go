package clouds

import (
	"regexp"
	"slices"
	"strings"
)

// vcdFilter is a filter expression: alternatives, each of which is a list of conditions that must all hold. Without
// alternatives it lets everything through.
type vcdFilter [][]vcdCondition

// vcdCondition compares an attribute with a value, without regard to case. An asterisk in the value of == stands for any
// characters (vCloud API Programming Guide, Query Filter Expressions).
type vcdCondition struct {
	attribute string
	pattern   *regexp.Regexp
	not       bool
}

func (f vcdFilter) matches(r vcdRecord) bool {
	if f == nil {
		return true
	}
	return slices.ContainsFunc(f, func(all []vcdCondition) bool {
		return !slices.ContainsFunc(all, func(c vcdCondition) bool { return c.pattern.MatchString(r[c.attribute]) == c.not })
	})
}

// parseVCDFilter reads a decoded filter: conditions attribute==value and attribute!=value, joined by ; (and) and , (or), of
// which ; binds more tightly. A backslash takes the meaning from the character after it
// (https://docs.vmware.com/en/VMware-Cloud-Director/10.6/VMware-Cloud-Director-API-Programming-Guide/GUID-CDF04296-5EB5-47E1-9BEC-228837C584CE.html).
// Parentheses and the other operators are not served.
func parseVCDFilter(text string, attributes []string) (vcdFilter, error) {
	if text == "" {
		return nil, nil
	}
	var f vcdFilter
	for _, alternative := range splitVCD(text, ',') {
		var all []vcdCondition
		for _, condition := range splitVCD(alternative, ';') {
			c, err := parseVCDCondition(condition, attributes)
			if err != nil {
				return nil, err
			}
			all = append(all, c)
		}
		f = append(f, all)
	}
	return f, nil
}

func parseVCDCondition(text string, attributes []string) (vcdCondition, error) {
	i := strings.IndexAny(text, "=!")
	if i < 1 || !strings.HasPrefix(text[i+1:], "=") || !slices.Contains(attributes, text[:i]) {
		return vcdCondition{}, vcdBadRequest("The filter expression %q is not valid.", text)
	}
	c := vcdCondition{attribute: text[:i], not: text[i] == '!'}
	var expr strings.Builder
	escaped := false
	for _, char := range text[i+2:] {
		switch {
		case char == '\\' && !escaped:
			escaped = true
			continue
		case !escaped && strings.ContainsRune("()", char):
			return vcdCondition{}, vcdBadRequest("The filter expression %q is not valid.", text)
		case char == '*' && !escaped && !c.not:
			expr.WriteString(".*")
		default:
			expr.WriteString(regexp.QuoteMeta(string(char)))
		}
		escaped = false
	}
	c.pattern = regexp.MustCompile(`(?is)\A` + expr.String() + `\z`)
	return c, nil
}

// splitVCD splits at separators that have no backslash before them.
func splitVCD(text string, separator byte) []string {
	var parts []string
	begin := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case separator:
			parts = append(parts, text[begin:i])
			begin = i + 1
		}
	}
	return append(parts, text[begin:])
}
