package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// newTree makes a root file system with everything that an image can have.
func newTree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	writeFile(t, filepath.Join(root, "bin/tool"), []byte("#!/bin/sh\n"))
	writeFile(t, filepath.Join(root, "etc/empty"), nil)
	writeFile(t, filepath.Join(root, "tmp/kept"), []byte("x"))
	for _, err := range []error{
		os.Chmod(filepath.Join(root, "bin/tool"), 0o755), os.Chmod(filepath.Join(root, "etc/empty"), 0o600),
		os.Chmod(filepath.Join(root, "tmp"), 0o777|os.ModeSticky), os.Symlink("tool", filepath.Join(root, "bin/sh")),
		os.Symlink("/nowhere", filepath.Join(root, "etc/dangling")),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestTree(t *testing.T) {
	t.Parallel()
	img := load(t, mustRun(t, "1700000000", "-format", "docker", "-name", reference, "-root", newTree(t), "-platform", "linux/arm64",
		"-entrypoint", "sh", "-entrypoint", "-c", "-env", "PATH=/bin", "-env", "A=b=c", "-user", "1001:1001", "-workdir", "/home",
		"-label", "a=1"))
	got, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	want := v1.Config{
		User: "1001:1001", WorkingDir: "/home", Entrypoint: []string{"sh", "-c"}, Env: []string{"PATH=/bin", "A=b=c"},
		Labels: map[string]string{"a": "1"},
	}
	if diff := cmp.Diff(want, got.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
	if got.OS != "linux" || got.Architecture != "arm64" || got.Created.Unix() != 1700000000 {
		t.Errorf("the image is for %s/%s and of %s", got.OS, got.Architecture, got.Created)
	}
	files := []string{
		"0755 0:0 bin/", "0777 0:0 bin/sh -> tool", `0755 0:0 bin/tool "#!/bin/sh\n"`,
		"0755 0:0 etc/", "0777 0:0 etc/dangling -> /nowhere", `0600 0:0 etc/empty ""`,
		"1777 0:0 tmp/", `0644 0:0 tmp/kept "x"`,
	}
	if diff := cmp.Diff(files, listLayer(t, img)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestTreeDefaults(t *testing.T) {
	t.Parallel()
	got, err := load(t, mustRun(t, "", "-format", "docker", "-name", reference, "-root", newTree(t))).ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(v1.Config{User: "65532:65532"}, got.Config); diff != "" {
		t.Errorf("configuration (-want +got):\n%s", diff)
	}
}

func TestSameTreeSameBytes(t *testing.T) {
	t.Parallel()
	first, second := newTree(t), newTree(t)
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(second, "bin/tool"), later, later); err != nil {
		t.Fatal(err)
	}
	pack := func(root string) string {
		return string(readFile(t, mustRun(t, "1700000000", "-format", "docker", "-name", reference, "-root", root, "-platform", "linux/amd64")))
	}
	if pack(first) != pack(second) {
		t.Error("two trees with the same contents differ")
	}
}

func TestBadTreeFlags(t *testing.T) {
	t.Parallel()
	tree := newTree(t)
	for title, test := range map[string]struct {
		args []string
		want []string
	}{
		"everything at once": {
			[]string{"-root", tree + ".gone", "-path", "/tool", "-workdir", "home", "-env", "=x", "-platform", "linux"},
			[]string{
				"-root: can't stand together with -binary and -path", "-root " + tree + ".gone: want a directory",
				"-workdir home: want an absolute path", "-env =x: want name=value", "-platform linux: want one like linux/amd64",
			},
		},
		"without a root": {
			[]string{
				"-path", "/tool", "-binary", "linux/amd64=" + newBinary(t, "amd64"), "-platform", "linux/amd64", "-user", "0:0",
				"-workdir", "/", "-entrypoint", "sh", "-env", "A=b",
			},
			[]string{
				"-platform: goes with -root only", "-user: goes with -root only", "-workdir: goes with -root only",
				"-entrypoint: goes with -root only", "-env: goes with -root only",
			},
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			status, stderr := runWith("", append(test.args, "-name", reference, "-output", filepath.Join(t.TempDir(), "x"))...)
			got := strings.Split(strings.TrimPrefix(strings.TrimSpace(stderr), "ociimage: "), "\n")
			if diff := cmp.Diff(test.want, got); status != 2 || diff != "" {
				t.Errorf("exit status %d, message (-want +got):\n%s", status, diff)
			}
		})
	}
}

func TestTreeWithAPipe(t *testing.T) {
	t.Parallel()
	root := newTree(t)
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, stderr := runWith("", "-name", reference, "-root", root, "-output", filepath.Join(t.TempDir(), "x"))
	if status != 1 || !strings.Contains(stderr, "pipe is no file, directory or symbolic link") {
		t.Errorf("exit status %d, message %q; want 1 and the reason", status, stderr)
	}
}

// load reads an image in docker's form.
func load(t *testing.T, file string) v1.Image {
	t.Helper()
	tag, err := name.NewTag(reference)
	if err != nil {
		t.Fatal(err)
	}
	img, err := tarball.ImageFromPath(file, &tag)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Image(img); err != nil {
		t.Errorf("image isn't valid: %v", err)
	}
	return img
}

// listLayer lists the image's one layer: every path with mode and owner, and where it points or what it holds.
func listLayer(t *testing.T, img v1.Image) (list []string) {
	t.Helper()
	layers, err := img.Layers()
	if err != nil || len(layers) != 1 {
		t.Fatalf("%d layers, %v; want 1", len(layers), err)
	}
	layer, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer layer.Close()
	for archive := tar.NewReader(layer); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return list
		}
		content, errRead := io.ReadAll(archive)
		if err = errors.Join(err, errRead); err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%04o %d:%d %s", header.Mode, header.Uid, header.Gid, header.Name)
		switch header.Typeflag {
		case tar.TypeReg:
			line += fmt.Sprintf(" %q", content)
		case tar.TypeSymlink:
			line += " -> " + header.Linkname
		}
		if header.ModTime.Unix() != 1700000000 {
			t.Errorf("%s is of %s, want SOURCE_DATE_EPOCH", header.Name, header.ModTime)
		}
		list = append(list, line)
	}
}
