package directory

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// partial are the endings of temporary names beside the final one.
func partial() []string { return []string{".part", ".partial", ".tmp"} }

// judge makes a finding, without its location, of what is at an image's file and its marker. The error is why nothing is known.
func (d *directory) judge(t *tree, image inventory.Image) (inventory.Finding, error) {
	file, marker, err := expand(d.settings, image.Fields())
	if err != nil {
		return inventory.Finding{}, err
	}
	info, err := t.stat(file)
	finding := inventory.Finding{Notes: []string{}}
	var note string
	switch {
	case errors.Is(err, errBroken):
		finding.ID, finding.State, note, err = d.join(file), inventory.Failed, errBroken.Error(), nil
	case err != nil:
		return inventory.Finding{}, err
	case info == nil:
		finding.State, note, err = d.judgeMissing(t, file, marker)
	default:
		finding.ID, finding.Created = d.join(file), inventory.Time(info.ModTime())
		finding.State, note, err = d.judgeFile(t, file, marker, info)
	}
	if note != "" {
		finding.Notes = append(finding.Notes, note)
	}
	return finding, err
}

// judgeMissing tells whether a file that isn't there is being written. On a fresh machine the directory isn't there either.
func (d *directory) judgeMissing(t *tree, file, marker string) (inventory.State, string, error) {
	for _, ending := range partial() {
		if there, err := t.has(file + ending); err != nil || there {
			return inventory.Pending, d.join(file) + ending + " is being written", err
		}
	}
	if marker != "" {
		if there, err := t.has(marker); err == nil && there { // the image is absent whatever its marker
			return inventory.Absent, "its marker " + d.join(marker) + " is there without it", nil
		}
	}
	return inventory.Absent, "there is no " + d.join(file), nil // which tells whoever makes it by hand where to put it
}

// judgeFile tells the state of an image whose file is there. Files are not read: they have gigabytes, and a marker that is
// written last says as much as a checksum about whether all of it is there.
func (d *directory) judgeFile(t *tree, file, marker string, info fs.FileInfo) (inventory.State, string, error) {
	var note string
	switch {
	case info.IsDir():
		if state, note, err := judgeInside(t, file); err != nil || state != inventory.Present {
			return state, note, err
		}
	case !info.Mode().IsRegular():
		return inventory.Failed, "is neither a file nor a directory", nil
	case info.Size() == 0 && marker != "":
		return inventory.Failed, "has 0 bytes", nil
	case info.Size() == 0: // where there is no marker, touch is a way to say that an image is there
		note = "has 0 bytes"
	}
	if marker == "" {
		return inventory.Present, note, nil
	}
	written, err := t.stat(marker)
	switch {
	case errors.Is(err, errBroken):
		return inventory.Pending, "its marker " + d.join(marker) + " is a broken symbolic link", nil
	case err == nil && written == nil:
		return inventory.Pending, "waits for its marker " + d.join(marker), nil
	}
	return inventory.Present, note, err
}

// judgeInside tells the state of an image that is a directory.
func judgeInside(t *tree, dir string) (inventory.State, string, error) {
	entries, err := t.list(dir)
	if errors.Is(err, fs.ErrNotExist) { // removed since its parent was read
		return inventory.Absent, "", nil
	}
	whole, half := false, false
	for name, entry := range entries {
		temporary := slices.ContainsFunc(partial(), func(ending string) bool { return strings.HasSuffix(name, ending) })
		half = half || temporary
		whole = whole || !temporary && !entry.IsDir()
	}
	switch {
	case half:
		return inventory.Pending, "a file in it is being written", err
	case !whole:
		return inventory.Failed, "is a directory without files", err
	}
	return inventory.Present, "", err
}

func (d *directory) join(name string) string { return path.Join(d.settings.Path, name) }
