package versions

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
)

// feedRelease is an entry of https://www.flatcar.org/releases-json/releases-<channel>.json, as far as it is used here.
type feedRelease struct {
	Channel       string   `json:"channel"`
	Architectures []string `json:"architectures"`
	ReleaseDate   string   `json:"release_date"`
}

// feedDate is how the feed writes a time: "2024-07-02 13:35:34 +0000".
const feedDate = "2006-01-02 15:04:05 -0700"

// addFeed adds the releases of one channel that exist for all architectures. The feed is an object by version, in no
// order; its keys "current" and "current-<year>" repeat an entry without saying which, so they are passed over.
func addFeed(c *catalog, d document, channel string, architectures []string) (found bool, err error) {
	var feed map[string]json.RawMessage
	if err := json.Unmarshal(d.data, &feed); err != nil {
		return false, jsonError(err)
	}
	var facts []fact
	for key, raw := range feed {
		v, err := semver.StrictNewVersion(key)
		if err != nil {
			continue
		}
		var release feedRelease
		if err := json.Unmarshal(raw, &release); err != nil {
			return false, fmt.Errorf("entry %q: %w", key, jsonError(err))
		}
		found = found || release.Channel != ""
		if release.Channel == channel && hasAll(release.Architectures, architectures) {
			date, _ := time.Parse(feedDate, release.ReleaseDate)
			facts = append(facts, fact{version: v, source: d.place, rank: fromList, date: date.UTC(), stored: d.stored})
		}
	}
	c.addList(facts)
	return found, nil
}

func hasAll(have, want []string) bool {
	return !slices.ContainsFunc(want, func(w string) bool { return !slices.Contains(have, w) })
}

// parseVersionTxt reads the version out of a version.txt: lines NAME=value, some values in quotes. Nightly builds, as
// 4799.0.0+nightly-20260821-2100, are refused: no image is made of them.
func parseVersionTxt(data []byte) (*semver.Version, error) {
	lines := bufio.NewScanner(bytes.NewReader(data))
	for lines.Scan() {
		value, found := strings.CutPrefix(strings.TrimSpace(lines.Text()), "FLATCAR_VERSION=")
		if !found {
			continue
		}
		value = strings.Trim(value, `"'`)
		v, err := semver.StrictNewVersion(value)
		switch {
		case err != nil:
			return nil, fmt.Errorf("FLATCAR_VERSION=%q is not a version: %w", value, err)
		case v.Metadata() != "" || v.Prerelease() != "":
			return nil, fmt.Errorf("FLATCAR_VERSION=%q is a development build, not a release", value)
		}
		return v, nil
	}
	return nil, errors.New("it has no line FLATCAR_VERSION=")
}

// flatcarFile reports whether a file of a directory is one that flatcarParser can be asked to read.
func flatcarFile(name string) bool {
	return name == "version.txt" || filepath.Ext(name) == ".json"
}

// versionOfOne explains a file that is left aside although it looks like one of ours.
func versionOfOne(name string) string {
	if strings.HasPrefix(name, "version.txt") && name != "version.txt" {
		return "it is about one version, not about what is current"
	}
	return ""
}

// flatcarParser reads a feed or a version.txt.
func flatcarParser(architectures []string) parser {
	return func(c *catalog, d document, channel string) (bool, error) {
		if reason := versionOfOne(d.name); reason != "" {
			return false, errors.New(reason)
		}
		if bytes.HasPrefix(bytes.TrimSpace(d.data), []byte("{")) {
			return addFeed(c, d, channel, architectures)
		}
		v, err := parseVersionTxt(d.data)
		if err != nil {
			return false, err
		}
		if of := flatcarChannel(v); of != channel {
			c.notes = append(c.notes, fmt.Sprintf("%s is not used: %s is a version of channel %s", d.place, v, of))
			return true, nil
		}
		c.current = &fact{version: v, source: d.place, rank: fromMarker, stored: d.stored, newest: true}
		return true, nil
	}
}
