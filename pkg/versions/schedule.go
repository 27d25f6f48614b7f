package versions

import (
	"errors"
	"fmt"
	"time"

	"github.com/Masterminds/semver/v3"
	"go.yaml.in/yaml/v3"
)

// rawText is a scalar as it stands in the file. Older schedules write "release: 1.30" without quotes, which YAML takes
// for the number 1.3, and dates that YAML takes for times.
type rawText string

// UnmarshalYAML implements yaml.Unmarshaler.
func (r *rawText) UnmarshalYAML(node *yaml.Node) error {
	if node.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: a single value was expected", node.Line)
	}
	*r = rawText(node.Value)
	return nil
}

// scheduleFile is kubernetes/website data/releases/schedule.yaml, or eol.yaml beside it, as far as they are used here.
// The patch under "next" and the "upcoming_releases" are plans, so they are not read.
type scheduleFile struct {
	Schedules []schedule `yaml:"schedules"`
	Branches  []struct {
		Release           rawText `yaml:"release"`
		EndOfLifeDate     rawText `yaml:"endOfLifeDate"`
		FinalPatchRelease rawText `yaml:"finalPatchRelease"`
	} `yaml:"branches"`
}

// schedule is a minor that is in support.
type schedule struct {
	Release         rawText `yaml:"release"`
	EndOfLifeDate   rawText `yaml:"endOfLifeDate"`
	PreviousPatches []struct {
		Release    rawText `yaml:"release"`
		TargetDate rawText `yaml:"targetDate"`
	} `yaml:"previousPatches"`
}

// addSchedule adds lifecycles and patches. A patch whose day is still to come does not exist yet.
func addSchedule(c *catalog, d document, now time.Time) (found bool, err error) {
	var file scheduleFile
	if err := yaml.Unmarshal(d.data, &file); err != nil {
		if _, other := errors.AsType[*yaml.TypeError](err); other {
			return false, fmt.Errorf("it is not the YAML that was expected: %w", err)
		}
		return false, fmt.Errorf("it is not whole YAML: %w", err)
	}
	for _, s := range file.Schedules {
		if err := addSupported(c, d, s, now); err != nil {
			return false, err
		}
	}
	for _, b := range file.Branches {
		if _, err := addLine(c, d, b.Release, b.EndOfLifeDate); err != nil {
			return false, err
		}
		if err := addPatch(c, d, b.FinalPatchRelease, "", now); err != nil {
			return false, err
		}
	}
	return len(file.Schedules)+len(file.Branches) > 0, nil
}

// addSupported adds a minor that the schedule has, with its patches.
func addSupported(c *catalog, d document, s schedule, now time.Time) error {
	of, err := addLine(c, d, s.Release, s.EndOfLifeDate)
	if err != nil {
		return err
	}
	c.life.addScheduled(of, d.place)
	for _, patch := range s.PreviousPatches {
		if err := addPatch(c, d, patch.Release, patch.TargetDate, now); err != nil {
			return err
		}
	}
	return nil
}

func addLine(c *catalog, d document, release, endOfLife rawText) (line, error) {
	of, err := parseLine(string(release))
	if err != nil {
		return line{}, fmt.Errorf("release %w", err)
	}
	if day, err := time.Parse(time.DateOnly, string(endOfLife)); err == nil {
		c.life.addEnd(of, end{day: day, source: d.place})
	}
	return of, nil
}

func addPatch(c *catalog, d document, release, target rawText, now time.Time) error {
	if release == "" {
		return nil
	}
	v, err := semver.StrictNewVersion(string(release))
	if err != nil {
		return fmt.Errorf("release %q is not a version: %w", release, err)
	}
	day, _ := time.Parse(time.DateOnly, string(target))
	if day.After(now) {
		return nil
	}
	c.add(fact{version: v, source: d.place, rank: fromLifecycle, date: day, stored: d.stored, pre: v.Prerelease() != ""})
	return nil
}
