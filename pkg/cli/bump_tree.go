package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/bump"
)

// state reads a directory, or else a revision of the git repository.
func (f bumpFlags) state(ctx context.Context, at string) (bump.State, error) {
	read := f.revisionTree
	if isDirectory(at) {
		read = f.directoryTree
	}
	tree, err := read(ctx, at)
	if err != nil {
		return bump.State{}, err
	}
	s, err := bump.Read(tree, f.layout)
	return s, inputError(err)
}

func isDirectory(at string) bool {
	info, err := os.Stat(at)
	return err == nil && info.IsDir()
}

// layoutPath is a path of the layout with the flag that gave it.
type layoutPath struct{ flag, path string }

func (f bumpFlags) paths() []layoutPath {
	paths := []layoutPath{{"--images", f.layout.Images}, {"--roles", f.layout.Roles}}
	if f.layout.Dockerfile != "" {
		paths = append(paths, layoutPath{"--dockerfile", f.layout.Dockerfile})
	}
	return paths
}

func validPath(p string) bool { return p == "" || fs.ValidPath(path.Clean(p)) }

// directoryTree reads the files below a directory that the layout names. What is not there is not in the tree.
func (f bumpFlags) directoryTree(_ context.Context, dir string) (bump.Tree, error) {
	tree := bump.Tree{Label: strings.TrimSuffix(dir, "/") + "/", Files: map[string][]byte{}}
	root := os.DirFS(dir)
	for _, p := range f.paths() {
		err := fs.WalkDir(root, path.Clean(p.path), func(file string, entry fs.DirEntry, err error) error {
			switch {
			case errors.Is(err, fs.ErrNotExist):
				return nil
			case err != nil:
				return err
			case entry.Type()&fs.ModeSymlink != 0:
				// As git has it: where the link leads.
				target, err := os.Readlink(filepath.Join(dir, filepath.FromSlash(file)))
				tree.Files[file] = []byte(target)
				return err
			case !entry.Type().IsRegular():
				return nil
			}
			content, err := fs.ReadFile(root, file)
			tree.Files[file] = content
			return err
		})
		if err != nil {
			return tree, inputError(fmt.Errorf("reading %s: %w", dir, err))
		}
	}
	return tree, nil
}

// revisionTree reads the files of a revision that the layout names, from git's own objects: no file is checked out, and filters
// and attributes don't change what is read.
func (f bumpFlags) revisionTree(ctx context.Context, revision string) (bump.Tree, error) {
	tree := bump.Tree{Label: revision + ":", Files: map[string][]byte{}}
	if !isDirectory(f.repo) {
		return tree, inputError(fmt.Errorf("%q is no directory, and neither is --repo %s, so that it can't be a revision", revision, f.repo))
	}
	g := git{f.repo}
	commit, err := g.run(ctx, nil, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
	if err != nil {
		return tree, gitProblem(fmt.Sprintf("%q is no directory, and finding it in the git repository %s", revision, f.repo), err)
	}
	// --full-tree takes the paths from the root, wherever in the repository --repo is.
	args := []string{"ls-tree", "-r", "-z", "--full-tree", strings.TrimSpace(string(commit)), "--"}
	for _, p := range f.paths() {
		args = append(args, path.Clean(p.path))
	}
	listing, err := g.run(ctx, nil, args...)
	if err != nil {
		return tree, gitProblem("listing the files of "+revision, err)
	}
	files, objects := readListing(listing)
	contents, err := g.run(ctx, strings.NewReader(strings.Join(objects, "")), "cat-file", "--batch")
	if err == nil {
		err = readObjects(contents, files, tree.Files)
	}
	if err != nil {
		return tree, gitProblem("reading the files of "+revision, err)
	}
	return tree, nil
}

// readListing takes apart MODE TYPE OBJECT TAB PATH NUL (https://git-scm.com/docs/git-ls-tree). Submodules have no content here.
func readListing(listing []byte) (files, objects []string) {
	for entry := range strings.SplitSeq(string(listing), "\x00") {
		head, file, found := strings.Cut(entry, "\t")
		fields := strings.Fields(head)
		if found && len(fields) == 3 && fields[1] == "blob" {
			files = append(files, file)
			objects = append(objects, fields[2]+"\n")
		}
	}
	return files, objects
}

// readObjects takes apart OBJECT TYPE SIZE LF CONTENT LF for each file (https://git-scm.com/docs/git-cat-file, batch output).
func readObjects(contents []byte, files []string, into map[string][]byte) error {
	r := bufio.NewReader(bytes.NewReader(contents))
	for _, file := range files {
		head, err := r.ReadString('\n')
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		fields := strings.Fields(head)
		if len(fields) != 3 || fields[1] != "blob" {
			return fmt.Errorf("%s: git says %q", file, strings.TrimSpace(head))
		}
		size, err := strconv.Atoi(fields[2])
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		content := make([]byte, size+1) // with the line feed behind it
		if _, err := io.ReadFull(r, content); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		into[file] = content[:size]
	}
	return nil
}

// git runs git in a repository.
type git struct{ dir string }

// gitError is git's refusal, with what it says.
type gitError struct {
	said string
	err  error
}

func (e *gitError) Error() string { return e.said }
func (e *gitError) Unwrap() error { return e.err }

func (g git) run(ctx context.Context, stdin io.Reader, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = g.dir
	cmd.Stdin = stdin
	// Paths are no patterns, nothing is fetched for a clone that lacks objects, and nobody is asked for a password.
	cmd.Env = append(cmd.Environ(), "GIT_LITERAL_PATHSPECS=1", "GIT_NO_LAZY_FETCH=1", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, &gitError{strings.TrimSpace(said.String()), err}
	}
	return out, err
}

// gitProblem tells what git refuses, which is wrong input, from git that can't be run.
func gitProblem(doing string, err error) error {
	err = fmt.Errorf("%s: %w", doing, err)
	var refused *gitError
	if errors.As(err, &refused) {
		return inputError(err)
	}
	return &statusError{exitFailed, err}
}
