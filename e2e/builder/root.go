package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// capi is what the builder has in its home directory: upstream's images/capi, as far as the image set needs it.
//
//go:embed capi
var capi embed.FS

// home is the home directory of upstream's user imagebuilder, and where its image starts (images/capi/Dockerfile).
const home = "/home/imagebuilder"

// The users of the tasks' steps: nonroot is that of nodeimage's own image, imagebuilder upstream's.
const (
	passwd = "root:x:0:0:root:/:/bin/sh\nnonroot:x:65532:65532:nonroot:/tmp:/bin/sh\n" +
		"imagebuilder:x:1001:1001:imagebuilder:" + home + ":/bin/sh\n"
	group = "root:x:0:\nnonroot:x:65532:\nimagebuilder:x:1001:\n"
)

// fillBusybox makes a root file system with busybox under the names of all its applets.
func fillBusybox(ctx context.Context, root string, p programs) error {
	applets, err := exec.CommandContext(ctx, p.busybox, "--list").Output()
	if err != nil {
		return fmt.Errorf("asking busybox for its applets: %w", err)
	}
	t := tree{root: root}
	t.copyTo("/bin/busybox", p.busybox)
	for applet := range strings.FieldsSeq(string(applets)) {
		if applet != "busybox" {
			t.link("/bin/"+applet, "busybox")
		}
	}
	t.link("/usr/bin/env", "../../bin/busybox")
	t.write("/etc/passwd", []byte(passwd), 0o644)
	t.write("/etc/group", []byte(group), 0o644)
	t.directory("/tmp", 0o777|fs.ModeSticky)
	return t.err
}

// fillBuilder makes the builder's root file system.
func fillBuilder(ctx context.Context, root string, p programs) error {
	libraries, err := sharedLibraries(ctx, p.make, p.packer)
	if err != nil {
		return err
	}
	if err := fillBusybox(ctx, root, p); err != nil {
		return err
	}
	t := tree{root: root}
	t.copyTo("/usr/bin/make", p.make)
	t.copyTo("/usr/bin/packer", p.packer)
	for _, library := range libraries {
		t.copyTo(library, library)
	}
	t.fillHome(home)
	return t.err
}

// fillHome makes the builder's home directory. Builds write below it, as whichever user a task runs them.
func (t *tree) fillHome(dir string) {
	t.directory(dir, 0o777|fs.ModeSticky)
	err := fs.WalkDir(capi, "capi", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := capi.ReadFile(name)
		mode := fs.FileMode(0o644)
		if filepath.Ext(name) == ".sh" {
			mode = 0o755
		}
		t.write(dir+strings.TrimPrefix(name, "capi"), content, mode)
		return err
	})
	t.err = errors.Join(t.err, err)
}

// tree is a root file system that is being made. After the first error it does nothing.
type tree struct {
	root string
	err  error
}

// place is where a path of the tree is on this machine. The directories above it are made.
func (t *tree) place(path string) string {
	file := filepath.Join(t.root, path)
	if t.err == nil {
		t.err = os.MkdirAll(filepath.Dir(file), 0o755)
	}
	return file
}

func (t *tree) directory(path string, mode fs.FileMode) {
	dir := t.place(path)
	if t.err == nil {
		t.err = os.MkdirAll(dir, 0o755)
	}
	if t.err == nil {
		t.err = os.Chmod(dir, mode) // without the umask, which has no part in an image
	}
}

func (t *tree) write(path string, content []byte, mode fs.FileMode) {
	file := t.place(path)
	if t.err == nil {
		t.err = os.WriteFile(file, content, mode)
	}
	if t.err == nil {
		t.err = os.Chmod(file, mode)
	}
}

func (t *tree) link(path, target string) {
	file := t.place(path)
	if t.err == nil {
		t.err = os.Symlink(target, file)
	}
}

// copyTo copies a program or a library, links followed.
func (t *tree) copyTo(path, from string) {
	if t.err != nil {
		return
	}
	content, err := os.ReadFile(from)
	if t.err = err; err == nil {
		t.write(path, content, 0o755)
	}
}
