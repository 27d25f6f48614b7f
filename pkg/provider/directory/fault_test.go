package directory_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/directory"
)

// diskFS is a file system that a test can break: root may read everything, so real modes prove nothing.
type diskFS struct {
	fstest.MapFS
	readDir map[string]error // by directory; what is read comes beside the error
	stat    map[string]error
	onRead  func()
	reads   atomic.Int64
}

func (d *diskFS) ReadDir(name string) ([]fs.DirEntry, error) {
	d.reads.Add(1)
	if d.onRead != nil {
		d.onRead()
	}
	entries, err := d.MapFS.ReadDir(name)
	if fault, ok := d.readDir[name]; ok {
		return entries[:len(entries)/2], &fs.PathError{Op: "readdirent", Path: name, Err: fault}
	}
	return entries, err
}

// Stat folds case, as the file systems of macOS and Windows do.
func (d *diskFS) Stat(name string) (fs.FileInfo, error) {
	if fault, ok := d.stat[name]; ok {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fault}
	}
	for known := range d.MapFS {
		if strings.EqualFold(known, name) {
			name = known
		}
	}
	return d.MapFS.Stat(name)
}

func (d *diskFS) options() directory.Options {
	return directory.Options{FS: func(string) fs.FS { return d }}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	const flat, deep = "{name}.raw", "{kubernetes}/{name}.raw"
	other := strings.Replace(imageName, "1.29.7", "1.30.4", 1)
	for name, c := range map[string]struct {
		file          string
		readDir, stat map[string]error
		note          string          // of the image that is unknown
		other         inventory.State // of the image beside it
	}{
		"all unreadable":        {flat, map[string]error{".": fs.ErrPermission}, nil, "reading .: permission denied", inventory.Unknown},
		"I/O error":             {flat, map[string]error{".": syscall.EIO}, nil, "reading .: input/output error", inventory.Unknown},
		"one unreadable":        {deep, map[string]error{"1.29.7": fs.ErrPermission}, nil, "reading 1.29.7: permission denied", inventory.Present},
		"one with an I/O error": {deep, map[string]error{"1.29.7": syscall.EIO}, nil, "reading 1.29.7: input/output error", inventory.Present},
		"one file's I/O error":  {flat, nil, map[string]error{raw: syscall.EIO}, "reading " + raw + ": input/output error", inventory.Present},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := &diskFS{readDir: c.readDir, stat: c.stat, MapFS: fstest.MapFS{
				raw: {Data: []byte("raw")}, other + ".raw": {Data: []byte("raw")},
				"1.29.7/" + raw: {Data: []byte("raw")}, "1.30.4/" + other + ".raw": {Data: []byte("raw")},
			}}
			wanted, beside := image(t, "1.29.7"), image(t, "1.30.4")
			r := look(t, imageset.Directory{Path: "dist", File: c.file}, disk.options(), wanted, beside)
			got := finding(t, r, wanted)
			want := "looking into the directory dist: " + c.note
			if diff := cmp.Diff([]string{want}, got.Notes); got.State != inventory.Unknown || diff != "" {
				t.Errorf("got %s %s", got.State, diff)
			}
			expect(t, r, c.other, beside)
			if fmt.Sprint(r.Err) != want {
				t.Errorf("got the error %v", r.Err)
			}
		})
	}
}

// TestMarkerFault can't read a marker: the image is neither whole nor waiting.
func TestMarkerFault(t *testing.T) {
	t.Parallel()
	disk := &diskFS{stat: map[string]error{sums: syscall.EIO}, MapFS: fstest.MapFS{raw: {Data: []byte("raw")}, sums: {Data: []byte("sum")}}}
	wanted := image(t, "1.29.7")
	r := look(t, imageset.Directory{Path: "dist", File: "{name}.raw", Marker: "{file}.sha256"}, disk.options(), wanted)
	expect(t, r, inventory.Unknown, wanted)
}

// TestRemovedMeanwhile has files and a directory that are gone when they are looked at.
func TestRemovedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, disk := range map[string]*diskFS{
		"file":      {stat: map[string]error{raw: fs.ErrNotExist}, MapFS: fstest.MapFS{raw: {}}},
		"directory": {readDir: map[string]error{raw: fs.ErrNotExist}, MapFS: fstest.MapFS{raw + "/disk": {}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wanted := image(t, "1.29.7")
			r := look(t, imageset.Directory{Path: "dist", File: "{name}.raw"}, disk.options(), wanted)
			expect(t, r, inventory.Absent, wanted)
		})
	}
}

// TestFoldedCase finds nothing under a name in another case, though the file system would.
func TestFoldedCase(t *testing.T) {
	t.Parallel()
	disk := &diskFS{MapFS: fstest.MapFS{strings.ToUpper(raw): {Data: []byte("raw")}}}
	wanted := image(t, "1.29.7")
	r := look(t, imageset.Directory{Path: "dist", File: "{name}.raw"}, disk.options(), wanted)
	expect(t, r, inventory.Absent, wanted)
}

// half returns 77 images, and a file system on which every second one is there, in each of the places that TestReads looks at.
func half(t *testing.T) (there, missing []inventory.Image, disk *diskFS) {
	t.Helper()
	disk = &diskFS{MapFS: fstest.MapFS{}}
	for patch := range 77 {
		i := image(t, fmt.Sprintf("1.29.%d", patch))
		if patch%2 == 1 {
			missing = append(missing, i)
			continue
		}
		there = append(there, i)
		for _, file := range []string{i.Lookup + ".raw", i.Lookup + ".raw.sha256", i.Lookup + "/image.raw", "done/" + i.Lookup} {
			disk.MapFS[file] = &fstest.MapFile{Data: []byte("raw")}
		}
	}
	return there, missing, disk
}

// TestReads looks for 77 names, half of them there.
func TestReads(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, marker string
		want         int64
	}{
		"one directory":              {"{name}.raw", "", 1},
		"with markers":               {"{name}.raw", "{file}.sha256", 1},
		"markers elsewhere":          {"{name}.raw", "done/{name}", 2},
		"a directory for each image": {"{name}/image.raw", "", 1 + 39},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			there, missing, disk := half(t)
			settings := imageset.Directory{Path: "dist", File: c.file, Marker: c.marker}
			r := look(t, settings, disk.options(), slices.Concat(there, missing)...)
			expect(t, r, inventory.Present, there...)
			expect(t, r, inventory.Absent, missing...)
			if got := disk.reads.Load(); got != c.want {
				t.Errorf("%d directories were read, want %d", got, c.want)
			}
		})
	}
}

// TestCancelled is cancelled while it reads the first directory: what it has is kept, the rest is unknown.
func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	disk := &diskFS{MapFS: fstest.MapFS{raw: {Data: []byte("raw")}}, onRead: cancel}
	sources, err := directory.New(imageset.Directory{Path: "dist", File: "{name}.raw"}, disk.options())
	if err != nil {
		t.Fatal(err)
	}
	first, second := image(t, "1.29.7"), image(t, "1.30.4")
	findings, err := sources[0].Look(ctx, []inventory.Image{first, second})
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got the error %v, want that it was cancelled", err)
	}
	if got := findings[first.Lookup]; len(got) != 1 || got[0].State != inventory.Present {
		t.Errorf("got %+v, want what was found", got)
	}
	if got := findings[second.Lookup]; len(got) != 0 {
		t.Errorf("got %+v, want nothing", got)
	}
}
