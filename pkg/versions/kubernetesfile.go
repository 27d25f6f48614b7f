package versions

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// kubernetesParser reads one of the forms that [Sources] lists. Which one it is shows in the content; only a marker, a
// stable*.txt, needs its name to say what it marks.
func kubernetesParser(now time.Time) parser {
	return func(c *catalog, d document, _ string) (bool, error) {
		switch {
		case isMarker(d.name):
			return true, addMarker(c, d)
		case bytes.HasPrefix(bytes.TrimSpace(d.data), []byte("{")):
			return addEndOfLifeData(c, d)
		case bytes.HasPrefix(bytes.TrimSpace(d.data), []byte("[")):
			return addReleaseList(c, d)
		case filepath.Ext(d.name) != ".yaml" && filepath.Ext(d.name) != ".yml":
			if found, err := addTagLines(c, d); found || err == nil {
				return found, err
			}
		}
		return addSchedule(c, d, now)
	}
}

func kubernetesFile(name string) bool {
	ext := filepath.Ext(name)
	return isMarker(name) || ext == ".json" || ext == ".yaml" || ext == ".yml"
}

func isMarker(name string) bool {
	return strings.HasPrefix(name, "stable") && strings.HasSuffix(name, ".txt")
}

// addMarker adds what https://dl.k8s.io/release/stable.txt or stable-<minor>.txt says: the bare tag, perhaps with a
// newline. A marker of a minor that names another one is broken.
func addMarker(c *catalog, d document) error {
	text := strings.TrimSpace(string(d.data))
	v, err := semver.StrictNewVersion(strings.TrimPrefix(text, "v"))
	if err != nil {
		return fmt.Errorf("%.40q is not a version: %w", text, err)
	}
	of := strings.TrimSuffix(strings.TrimPrefix(d.name, "stable"), ".txt")
	if of != "" && of != "-"+lineOf(v).String() && of != fmt.Sprintf("-%d", v.Major()) {
		return fmt.Errorf("it names %s, which is not of the minor that it is for", v)
	}
	c.add(fact{version: v, source: d.place, rank: fromMarker, stored: d.stored, pre: v.Prerelease() != "", newest: of == ""})
	return nil
}

// addEndOfLifeData adds the release data that endoflife.date publishes (endoflife-date/release-data
// releases/kubernetes.json): an object "versions" by version, with the day of each.
func addEndOfLifeData(c *catalog, d document) (found bool, err error) {
	var file struct {
		Versions map[string]struct {
			Date string `json:"date"`
		} `json:"versions"`
	}
	if err := json.Unmarshal(d.data, &file); err != nil {
		return false, jsonError(err)
	}
	var facts []fact
	for key, entry := range file.Versions {
		v, err := semver.StrictNewVersion(key)
		if err != nil {
			continue
		}
		day, _ := time.Parse(time.DateOnly, entry.Date)
		facts = append(facts, fact{version: v, source: d.place, rank: fromList, date: day, stored: d.stored, pre: v.Prerelease() != ""})
	}
	c.addList(facts)
	return len(facts) > 0, nil
}
