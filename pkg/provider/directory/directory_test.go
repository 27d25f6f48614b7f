package directory_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/name"
	"github.com/giantswarm/nodeimage/pkg/provider/directory"
)

// The files of image 1.29.7.
const (
	imageName = "flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs"
	raw       = imageName + ".raw"
	sums      = raw + ".sha256"
	created   = "2024-07-02T13:35:34Z"
)

// image is one of Flatcar 3815.2.5 and tooling 1.15.0.
func image(t *testing.T, kubernetes string) inventory.Image {
	t.Helper()
	n, err := name.New(name.Name{Flatcar: "3815.2.5", Kubernetes: kubernetes, Tooling: "1.15.0", Suffix: "gs"}, name.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return inventory.Image{Name: n, Lookup: n.String()}
}

// look looks once.
func look(t *testing.T, settings imageset.Directory, opts directory.Options, images ...inventory.Image) inventory.Result {
	t.Helper()
	sources, err := directory.New(settings, opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(sources) != 1 {
		t.Fatalf("got %d sources, want 1", len(sources))
	}
	target := inventory.Target{Source: sources[0], Images: images}
	r := inventory.Gather(t.Context(), []inventory.Target{target}, inventory.Options{Timeout: time.Minute})[0]
	if r.Calls != 0 {
		t.Errorf("%d requests were counted, want none for a directory", r.Calls)
	}
	return r
}

// finding is the only finding of an image.
func finding(t *testing.T, r inventory.Result, image inventory.Image) inventory.Finding {
	t.Helper()
	findings := r.Findings[image.Lookup]
	if len(findings) != 1 {
		t.Fatalf("got %d findings, want 1: %+v", len(findings), findings)
	}
	return findings[0]
}

// expect checks what was found of images.
func expect(t *testing.T, r inventory.Result, want inventory.State, images ...inventory.Image) {
	t.Helper()
	for _, i := range images {
		if got := finding(t, r, i); got.State != want {
			t.Errorf("%s: got %+v, want it to be %s", i.Lookup, got, want)
		}
	}
}

// files are contents by name. A name that ends in a slash is a directory, a content "-> x" is a symbolic link to x, and "|" is a
// named pipe.
type files map[string]string

func (f files) write(t *testing.T, root string) {
	t.Helper()
	stamp := time.Date(2024, 7, 2, 13, 35, 34, 0, time.UTC)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range f {
		full := filepath.Join(root, name)
		must(os.MkdirAll(filepath.Dir(full), 0o755))
		target, link := strings.CutPrefix(content, "-> ")
		switch {
		case strings.HasSuffix(name, "/"):
			must(os.MkdirAll(full, 0o755))
		case link:
			must(os.Symlink(target, full))
			continue
		case content == "|":
			must(syscall.Mkfifo(full, 0o600))
		default:
			must(os.WriteFile(full, []byte(content), 0o600))
		}
		must(os.Chtimes(full, stamp, stamp))
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	const file, marker, inside = "{name}.raw", "{file}.sha256", "{name}/image.raw"
	is := func(state inventory.State, notes ...string) inventory.Finding {
		return inventory.Finding{State: state, ID: "DIR/" + raw, Created: created, Notes: append([]string{}, notes...)}
	}
	absent := func(note string) inventory.Finding {
		return inventory.Finding{State: inventory.Absent, Notes: []string{note}}
	}
	nowhere, nowhereInside := absent("there is no DIR/"+raw), absent("there is no DIR/"+imageName+"/image.raw")
	writing := func(name string) inventory.Finding {
		return inventory.Finding{State: inventory.Pending, Notes: []string{"DIR/" + name + " is being written"}}
	}
	unknown := func(why string) inventory.Finding {
		return inventory.Finding{State: inventory.Unknown, Notes: []string{"looking into the directory DIR: " + why}}
	}
	in := is(inventory.Present)
	in.ID = "DIR/" + imageName + "/image.raw"
	link := inventory.Finding{State: inventory.Failed, ID: "DIR/" + raw, Notes: []string{"is a broken symbolic link"}}
	for name, c := range map[string]struct {
		file, marker string
		there        files
		want         inventory.Finding
	}{
		"file":                {file, "", files{raw: "raw"}, is(inventory.Present)},
		"nothing":             {file, "", files{}, nowhere},
		"touched":             {file, "", files{raw: ""}, is(inventory.Present, "has 0 bytes")},
		"link":                {file, "", files{"elsewhere": "raw", raw: "-> elsewhere"}, is(inventory.Present)},
		"broken link":         {file, "", files{raw: "-> nowhere"}, link},
		"link to itself":      {file, "", files{raw: "-> " + raw}, unknown("reading " + raw + ": too many levels of symbolic links")},
		"named pipe":          {file, "", files{raw: "|"}, is(inventory.Failed, "is neither a file nor a directory")},
		"other case":          {file, "", files{strings.ToUpper(raw): "raw"}, nowhere},
		"longer name":         {file, "", files{raw + ".gz": "raw", "x" + raw: "raw"}, nowhere},
		"below, not here":     {file, "", files{"old/" + raw: "raw"}, nowhere},
		"part":                {file, "", files{raw + ".part": "ra"}, writing(raw + ".part")},
		"tmp":                 {file, "", files{raw + ".tmp": ""}, writing(raw + ".tmp")},
		"partial":             {file, marker, files{raw + ".partial": "ra"}, writing(raw + ".partial")},
		"part beside a whole": {file, "", files{raw: "raw", raw + ".part": "ra"}, is(inventory.Present)},

		"marker":              {file, marker, files{raw: "raw", sums: "sum"}, is(inventory.Present)},
		"empty marker":        {file, marker, files{raw: "raw", sums: ""}, is(inventory.Present)},
		"no marker yet":       {file, marker, files{raw: "raw"}, is(inventory.Pending, "waits for its marker DIR/"+sums)},
		"broken marker":       {file, marker, files{raw: "raw", sums: "-> nowhere"}, is(inventory.Pending, "its marker DIR/"+sums+" is a broken symbolic link")},
		"only the marker":     {file, marker, files{sums: "sum"}, absent("its marker DIR/" + sums + " is there without it")},
		"empty with a marker": {file, marker, files{raw: "", sums: "sum"}, is(inventory.Failed, "has 0 bytes")},
		"empty, no marker":    {file, marker, files{raw: ""}, is(inventory.Failed, "has 0 bytes")},
		"marker elsewhere":    {file, "done/{name}", files{raw: "raw", "done/" + imageName: ""}, is(inventory.Present)},
		"marker's directory":  {file, "done/{name}", files{raw: "raw"}, is(inventory.Pending, "waits for its marker DIR/done/"+imageName)},
		"marker below a file": {file, "done/{name}", files{raw: "raw", "done": "x"}, unknown("done is not a directory")},

		"in a directory":             {inside, "", files{imageName + "/image.raw": "raw"}, in},
		"detour":                     {"./x/..//" + inside, "", files{imageName + "/image.raw": "raw"}, in},
		"other file in a directory":  {inside, "", files{imageName + "/image.ova": "ova"}, nowhereInside},
		"in no directory":            {inside, "", files{"other/image.raw": "raw"}, nowhereInside},
		"directory in another case":  {inside, "", files{strings.ToUpper(imageName) + "/image.raw": "raw"}, nowhereInside},
		"directory is a file":        {inside, "", files{imageName: "raw"}, unknown(imageName + " is not a directory")},
		"directory is a link":        {inside, "", files{"x/image.raw": "raw", imageName: "-> x"}, in},
		"directory is a broken link": {inside, "", files{imageName: "-> nowhere"}, unknown(imageName + " is a broken symbolic link")},
		"directory links to a file":  {inside, "", files{"x": "raw", imageName: "-> x"}, unknown("reading " + imageName + ": not a directory")},

		"directory as the image":        {file, "", files{raw + "/disk": "raw"}, is(inventory.Present)},
		"directory with a marker":       {file, marker, files{raw + "/disk": "raw", sums: "sum"}, is(inventory.Present)},
		"directory without its marker":  {file, marker, files{raw + "/disk": "raw"}, is(inventory.Pending, "waits for its marker DIR/"+sums)},
		"directory that is empty":       {file, "", files{raw + "/": ""}, is(inventory.Failed, "is a directory without files")},
		"directory of directories":      {file, "", files{raw + "/x/": ""}, is(inventory.Failed, "is a directory without files")},
		"directory that is written":     {file, "", files{raw + "/disk": "raw", raw + "/info.tmp": ""}, is(inventory.Pending, "a file in it is being written")},
		"link to a directory as it":     {file, "", files{"x/disk": "raw", raw: "-> x"}, is(inventory.Present)},
		"fields of the name in the key": {"{channel}/{flatcar}/{kubernetes}/{tooling}/{name}.raw", "", files{"stable/3815.2.5/1.29.7/1.15.0/" + raw: "raw"}, at(is(inventory.Present), "stable/3815.2.5/1.29.7/1.15.0/"+raw)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			c.there.write(t, root)
			wanted := image(t, "1.29.7")
			got := finding(t, look(t, imageset.Directory{Path: root, File: c.file, Marker: c.marker}, directory.Options{}, wanted), wanted)
			if info, err := os.Stat(filepath.Join(root, raw)); err == nil && info.IsDir() {
				got.Created, c.want.Created = "", "" // when its last entry was made
			}
			c.want.Location = "DIR"
			if diff := cmp.Diff(c.want, withoutRoot(got, root)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// withoutRoot writes DIR for the directory of the test.
func withoutRoot(f inventory.Finding, root string) inventory.Finding {
	for _, text := range append([]*string{&f.Location, &f.ID}, pointers(f.Notes)...) {
		*text = strings.ReplaceAll(*text, root, "DIR")
	}
	return f
}

func pointers(texts []string) []*string {
	all := make([]*string, len(texts))
	for i := range texts {
		all[i] = &texts[i]
	}
	return all
}

// at is the finding of a file with another name.
func at(f inventory.Finding, name string) inventory.Finding {
	f.ID = "DIR/" + name
	return f
}

// TestFreshMachine has no directory yet: everything has to be built.
func TestFreshMachine(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"{name}.raw", "{kubernetes}/{name}.raw"} {
		path := filepath.Join(t.TempDir(), "dist", "images")
		first, second := image(t, "1.29.7"), image(t, "1.30.4")
		r := look(t, imageset.Directory{Path: path, File: file, Marker: "{file}.sha256"}, directory.Options{}, first, second)
		expect(t, r, inventory.Absent, first, second)
		if note := finding(t, r, first).Notes; len(note) != 1 || !strings.HasPrefix(note[0], "there is no "+path+"/") {
			t.Errorf("got the notes %q, want where the file would be", note)
		}
	}
}

// TestRelativePath keeps the path as it was configured.
func TestRelativePath(t *testing.T) {
	t.Chdir(t.TempDir())
	files{"dist/images/" + raw: "raw"}.write(t, ".")
	wanted := image(t, "1.29.7")
	got := finding(t, look(t, imageset.Directory{Path: "dist/images", File: "{name}.raw"}, directory.Options{}, wanted), wanted)
	want := inventory.Finding{Location: "dist/images", State: inventory.Present, ID: "dist/images/" + raw, Created: created, Notes: []string{}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file, marker, want string
	}{
		"above":            {"../{name}.raw", "", "the directory dist: file must be a file below the directory: ../{name}.raw"},
		"above by detour":  {"x/../../{name}.raw", "", "the directory dist: file must be a file below the directory: x/../../{name}.raw"},
		"absolute":         {"/images/{name}.raw", "", "the directory dist: file must be a file below the directory: /images/{name}.raw"},
		"itself":           {"{name}/..", "", "the directory dist: file must be a file below the directory: {name}/.."},
		"marker above":     {"{name}.raw", "../{file}", "the directory dist: marker must be a file below the directory: ../{file}"},
		"unknown field":    {"{version}.raw", "", "the directory dist: file has {version"},
		"file in the file": {"{file}.raw", "", "the directory dist: file has {file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := directory.New(imageset.Directory{Path: "dist", File: c.file, Marker: c.marker}, directory.Options{})
			if got := fmt.Sprint(err); !strings.HasPrefix(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
