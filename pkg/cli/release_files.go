package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/release"
)

// releaseFile is a file that may have Release resources in it.
type releaseFile struct {
	path  string
	named bool // it was asked for by its name, and so has to have one
}

// readReleases reads the Release resources in files and directories, each file once. The error joins everything that is wrong.
func readReleases(args []string) ([]release.Release, error) {
	var all []release.Release
	var problems []error
	seen := make(map[string]bool)
	for _, arg := range args {
		files, err := releaseFiles(arg)
		problems = append(problems, err)
		found := 0
		for _, file := range files {
			releases, err := readRelease(file)
			found += len(releases)
			if err != nil {
				found++ // what is wrong with it is told
			}
			if clean := filepath.Clean(file.path); !seen[clean] {
				seen[clean] = true
				problems = append(problems, err)
				all = append(all, releases...)
			}
		}
		if err == nil && found == 0 {
			problems = append(problems, fmt.Errorf("%s: has no Release of %s", arg, release.ResourceVersion))
		}
	}
	return all, errors.Join(problems...)
}

func readRelease(file releaseFile) ([]release.Release, error) {
	data, err := os.ReadFile(file.path)
	if err != nil {
		return nil, unreadable(file.path, err)
	}
	if !file.named && !release.Mentions(data) {
		return nil, nil
	}
	return release.Decode(file.path, data)
}

// unreadable is why a path can't be read, in the form that problems of files have.
func unreadable(path string, err error) error {
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		err = pathErr.Err
	}
	return fmt.Errorf("%s: can't be read: %w", path, err)
}

// releaseFiles are the YAML files that an argument stands for, in lexical order. Below a directory, hidden directories and those of
// archived releases are left out.
func releaseFiles(arg string) ([]releaseFile, error) {
	info, err := os.Stat(arg)
	if err != nil {
		return nil, unreadable(arg, err)
	}
	if !info.IsDir() {
		return []releaseFile{{arg, true}}, nil
	}
	var files []releaseFile
	err = filepath.WalkDir(arg, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return unreadable(path, err)
		case entry.IsDir() && path != arg && (entry.Name() == "archived" || strings.HasPrefix(entry.Name(), ".")):
			return filepath.SkipDir
		case !entry.IsDir() && slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(path)):
			files = append(files, releaseFile{path, false})
		}
		return nil
	})
	return files, err
}
