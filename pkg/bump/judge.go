package bump

import (
	"errors"
	"fmt"
)

// Judge lets people say how weighty changes are whose weight can't be read from files; levels are by a change's What. Rules that
// need no judgement keep their level. The error joins every judgement that doesn't fit.
func (r Result) Judge(levels map[string]Level) (Result, error) {
	judged := Result{Changes: make([]Change, len(r.Changes))}
	copy(judged.Changes, r.Changes)
	var problems []error
	for what, level := range sorted(levels) {
		found := false
		for i, c := range judged.Changes {
			if c.What != what {
				continue
			}
			found = true
			if !ruleOf(c.Rule).Judged {
				problems = append(problems, fmt.Errorf("%s=%s: %s is %s by the rule %s, and that is not for judging", what, level, what, c.Level, c.Rule))
				continue
			}
			judged.Changes[i].Why = fmt.Sprintf("judged by hand; the rule says %s", c.Level)
			judged.Changes[i].Level = level
		}
		if !found {
			problems = append(problems, fmt.Errorf("%s=%s: nothing of that name changes", what, level))
		}
	}
	judged.order()
	return judged, errors.Join(problems...)
}
