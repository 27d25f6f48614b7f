package versions

import (
	"time"
)

// lifecycle is what is known of the end of support of each line.
type lifecycle struct {
	ends map[line]end
	// lowest is the oldest line that a schedule still lists, by the schedule. kubernetes/website takes a line out of
	// data/releases/schedule.yaml when its support ends, so what is below has ended, whether or not a date is known.
	lowest map[string]line
}

// end is the last day on which a line is supported.
type end struct {
	day    time.Time
	source string
}

// addEnd keeps the later of two days: an end of support gets postponed (1.27's was), not brought forward.
func (l *lifecycle) addEnd(of line, e end) {
	if l.ends == nil {
		l.ends = map[line]end{}
	}
	if before, ok := l.ends[of]; !ok || e.day.After(before.day) {
		l.ends[of] = e
	}
}

func (l *lifecycle) addScheduled(of line, source string) {
	if l.lowest == nil {
		l.lowest = map[string]line{}
	}
	if before, ok := l.lowest[source]; !ok || of.compare(before) < 0 {
		l.lowest[source] = of
	}
}

func (l lifecycle) empty() bool { return len(l.ends) == 0 && len(l.lowest) == 0 }

type support int

const (
	supportUnknown support = iota
	supported
	ended
)

// at says whether a line is supported at a time, and how that is known. The last day still counts.
func (l lifecycle) at(of line, now time.Time) (support, string) {
	if e, ok := l.ends[of]; ok {
		day := e.day.Format(time.DateOnly)
		if now.UTC().Format(time.DateOnly) > day {
			return ended, day
		}
		return supported, day
	}
	for _, lowest := range l.lowest {
		if of.compare(lowest) < 0 {
			return ended, ""
		}
	}
	return supportUnknown, ""
}

// maxLines bounds what a range can reach back, so that an absurd number in a source costs nothing.
const maxLines = 100

// linesUpTo lists the lines of newest's major version up to newest, newest first.
func linesUpTo(newest line) []line {
	count := min(newest.minor, maxLines-1) + 1
	lines := make([]line, count)
	for i := range count {
		lines[i] = line{newest.major, newest.minor - i}
	}
	return lines
}
