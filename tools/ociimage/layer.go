package main

import (
	"archive/tar"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// The user that the image runs as. 65532 is what distroless images call
// nonroot; Kubernetes' runAsNonRoot needs the number.
// (https://github.com/GoogleContainerTools/distroless/blob/main/common/variables.bzl)
const userID = 65532

// nonroot is that user and its group, as the image's configuration has them.
const nonroot = "65532:65532"

// rootsPath is the first place that Go's crypto/x509, and OpenSSL on Debian,
// look for CA roots (go.dev/src/crypto/x509/root_linux.go).
const rootsPath = "/etc/ssl/certs/ca-certificates.crt"

// entry is one file or directory of the layer. All belong to root.
type entry struct {
	path    string
	mode    int64
	content []byte // nil for a directory
	link    string // where a symbolic link points; such an entry has no content
	file    string // on this machine, with the content in place of it
}

// rootFS lists the image's files with binary at binaryPath, parents first.
func rootFS(binaryPath string, binary []byte) ([]entry, error) {
	roots, err := caRoots()
	if err != nil {
		return nil, err
	}
	// /tmp is the home directory, because it is the one directory that is writable
	// where the root file system is not.
	passwd := fmt.Sprintf("root:x:0:0:root:/:/sbin/nologin\nnonroot:x:%[1]d:%[1]d:nonroot:/tmp:/sbin/nologin\n", userID)
	entries := []entry{
		{path: "/etc", mode: 0o755},
		{path: "/etc/passwd", mode: 0o644, content: []byte(passwd)},
		{path: "/etc/ssl", mode: 0o755},
		{path: "/etc/ssl/certs", mode: 0o755},
		{path: rootsPath, mode: 0o644, content: roots},
		{path: "/tmp", mode: 0o1777},
	}
	for _, dir := range parents(binaryPath) {
		entries = append(entries, entry{path: dir, mode: 0o755})
	}
	return append(entries, entry{path: binaryPath, mode: 0o755, content: binary}), nil
}

// parents lists the directories above an absolute path, without the root.
func parents(p string) []string {
	dir := path.Dir(p)
	if dir == "/" {
		return nil
	}
	return append(parents(dir), dir)
}

// newLayer packs the binary with the rest of the file system, or a tree as it is. The media type is the one of the form that the
// image is written in.
func newLayer(spec imageSpec, b executable, mediaType types.MediaType) (v1.Layer, error) {
	entries, err := contents(spec, b)
	if err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		go func() { _ = w.CloseWithError(writeTar(w, entries, spec.created)) }() // which never fails
		return r, nil
	}
	return tarball.LayerFromOpener(open, tarball.WithMediaType(mediaType),
		tarball.WithCompressionLevel(gzip.DefaultCompression), tarball.WithCompressedCaching)
}

func contents(spec imageSpec, b executable) ([]entry, error) {
	if spec.tree {
		return treeFS(b.file)
	}
	binary, err := os.ReadFile(b.file)
	if err != nil {
		return nil, err
	}
	return rootFS(spec.path, binary)
}

// writeTar writes the entries in the order given, with nothing in the headers
// that depends on this machine.
func writeTar(w io.Writer, entries []entry, modified time.Time) error {
	archive := tar.NewWriter(w)
	for _, e := range entries {
		if err := e.write(archive, modified); err != nil {
			return fmt.Errorf("packing %s: %w", e.path, err)
		}
	}
	return archive.Close()
}

func (e entry) write(archive *tar.Writer, modified time.Time) error {
	header := &tar.Header{
		Typeflag: tar.TypeReg, Name: strings.TrimPrefix(e.path, "/"),
		Mode: e.mode, Size: int64(len(e.content)), ModTime: modified,
	}
	switch {
	case e.file != "":
		return e.copy(archive, header)
	case e.link != "":
		header.Typeflag, header.Linkname = tar.TypeSymlink, e.link
	case e.content == nil:
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
	}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(e.content)
	return err
}

// copy writes an entry whose content is a file on this machine.
func (e entry) copy(archive *tar.Writer, header *tar.Header) error {
	f, err := os.Open(e.file)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header.Size = info.Size()
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, f)
	return err
}
