package main

import (
	"archive/tar"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// rawTree are the flags of an image that is a directory tree, as they were given.
type rawTree struct {
	root, platform, user, workdir string
	entrypoint, env               []string
}

func (t *rawTree) register(flags *flag.FlagSet) {
	flags.StringVar(&t.root, "root", "", "`directory` that becomes the image's root file system, instead of -binary and -path")
	flags.StringVar(&t.platform, "platform", "", "`platform` of -root; linux and this machine's architecture if not given")
	flags.StringVar(&t.user, "user", "", "`user:group` that an image of -root runs as, in numbers; "+nonroot+" if not given")
	flags.StringVar(&t.workdir, "workdir", "", "`path` in which an image of -root starts")
	flags.Func("entrypoint", "`word` of the command that an image of -root runs; once per word", gather(&t.entrypoint))
	flags.Func("env", "`name=value` in the environment of an image of -root; may be repeated", gather(&t.env))
}

// unused wants the flags that go with -root not to be given without it.
func (t rawTree) unused() error {
	var problems []error
	for _, f := range []struct{ name, value string }{
		{"-platform", t.platform},
		{"-user", t.user},
		{"-workdir", t.workdir},
		{"-entrypoint", strings.Join(t.entrypoint, " ")},
		{"-env", strings.Join(t.env, " ")},
	} {
		if f.value != "" {
			problems = append(problems, fmt.Errorf("%s: goes with -root only", f.name))
		}
	}
	return errors.Join(problems...)
}

// check turns the flags into the one tree of the image and what it runs.
func (t rawTree) check(raw rawFlags) ([]executable, v1.Config, error) {
	config := v1.Config{User: t.user, WorkingDir: t.workdir, Entrypoint: t.entrypoint, Env: t.env}
	if t.user == "" {
		config.User = nonroot
	}
	if t.platform == "" {
		t.platform = "linux/" + runtime.GOARCH
	}
	var problems []error
	if raw.path != "" || len(raw.binaries) > 0 {
		problems = append(problems, errors.New("-root: can't stand together with -binary and -path"))
	}
	if info, err := os.Stat(t.root); err != nil || !info.IsDir() {
		problems = append(problems, fmt.Errorf("-root %s: want a directory", t.root))
	}
	if t.workdir != "" && !path.IsAbs(t.workdir) {
		problems = append(problems, fmt.Errorf("-workdir %s: want an absolute path", t.workdir))
	}
	for _, pair := range t.env {
		if name, _, found := strings.Cut(pair, "="); !found || name == "" {
			problems = append(problems, fmt.Errorf("-env %s: want name=value", pair))
		}
	}
	platform, err := v1.ParsePlatform(t.platform)
	if err != nil || platform.OS == "" || platform.Architecture == "" {
		return nil, config, errors.Join(append(problems, fmt.Errorf("-platform %s: want one like linux/amd64", t.platform))...)
	}
	return []executable{{platform: *platform, file: t.root}}, config, errors.Join(problems...)
}

// treeFS lists everything below a directory, parents first, in lexical order.
func treeFS(root string) ([]entry, error) {
	var entries []entry
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil || file == root {
			return err
		}
		e, err := newEntry(root, file, d)
		entries = append(entries, e)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", root, err)
	}
	return entries, nil
}

// newEntry describes a file, directory or symbolic link below root. Others have no place in an image.
func newEntry(root, file string, d fs.DirEntry) (entry, error) {
	info, err := d.Info()
	if err != nil {
		return entry{}, err
	}
	// The header has the mode in Unix' own numbers, the sticky bit of /tmp included.
	header, err := tar.FileInfoHeader(info, "")
	if err != nil {
		return entry{}, err
	}
	name, err := filepath.Rel(root, file)
	e := entry{path: "/" + filepath.ToSlash(name), mode: header.Mode}
	switch header.Typeflag {
	case tar.TypeReg:
		e.file = file
	case tar.TypeDir:
	case tar.TypeSymlink:
		var errLink error
		e.link, errLink = os.Readlink(file)
		err = errors.Join(err, errLink)
	default:
		err = errors.Join(err, fmt.Errorf("%s is no file, directory or symbolic link", file))
	}
	return e, err
}
