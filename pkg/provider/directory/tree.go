package directory

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
)

// tree remembers the directories that were read in one look.
type tree struct {
	files fs.FS
	lists map[string]list
}

// list is what one directory holds, by name, or why that isn't known; fs.ErrNotExist if there is no such directory.
type list struct {
	entries map[string]fs.DirEntry
	err     error
}

func newTree(files fs.FS) *tree { return &tree{files, make(map[string]list)} }

// list reads a directory once, after those above it: only where the parent has no such name does the directory not exist.
func (t *tree) list(dir string) (map[string]fs.DirEntry, error) {
	l, ok := t.lists[dir]
	if !ok {
		l.entries, l.err = t.read(dir)
		t.lists[dir] = l
	}
	return l.entries, l.err
}

func (t *tree) read(dir string) (map[string]fs.DirEntry, error) {
	link := false
	if dir != "." {
		above, err := t.list(path.Dir(dir))
		if err != nil {
			return nil, err
		}
		entry, ok := above[path.Base(dir)]
		if !ok {
			return nil, fs.ErrNotExist
		}
		link = entry.Type()&fs.ModeSymlink != 0
		if !link && !entry.IsDir() {
			return nil, fmt.Errorf("%s is not a directory", dir)
		}
	}
	all, err := fs.ReadDir(t.files, dir) // an error may come with half of the entries
	switch {
	case link && errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s is a broken symbolic link", dir)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fs.ErrNotExist
	case err != nil:
		return nil, fmt.Errorf("reading %s: %w", dir, bare(err))
	}
	entries := make(map[string]fs.DirEntry, len(all))
	for _, entry := range all {
		entries[entry.Name()] = entry
	}
	return entries, nil
}

// has tells whether a directory, if it exists, has the name.
func (t *tree) has(name string) (bool, error) {
	entries, err := t.list(path.Dir(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	_, ok := entries[path.Base(name)]
	return ok, err
}

// errBroken is a symbolic link to nothing.
var errBroken = errors.New("is a broken symbolic link")

// stat follows symbolic links; nil is a name that doesn't exist. The error is errBroken or why nothing is known.
func (t *tree) stat(name string) (fs.FileInfo, error) {
	there, err := t.has(name)
	if err != nil || !there {
		return nil, err
	}
	info, err := fs.Stat(t.files, name)
	switch {
	case err == nil:
		return info, nil
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("reading %s: %w", name, bare(err))
	case t.lists[path.Dir(name)].entries[path.Base(name)].Type()&fs.ModeSymlink != 0:
		return nil, errBroken
	}
	return nil, nil // removed since the directory was read
}

// bare drops the operation and the path of an error, which its reader is told in other words.
func bare(err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
