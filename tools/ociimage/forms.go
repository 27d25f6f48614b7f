package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// form is a way to write images into one file.
type form struct {
	manifest, config, layer types.MediaType
	onePlatform             bool
	write                   func(io.Writer, imageSpec, []v1.Image) error
}

// forms are the values of -format.
var forms = map[string]form{
	"oci": {
		manifest: types.OCIManifestSchema1, config: types.OCIConfigJSON, layer: types.OCILayer,
		write: writeOCI,
	},
	"docker": {
		manifest: types.DockerManifestSchema2, config: types.DockerConfigJSON, layer: types.DockerLayer,
		onePlatform: true, write: writeDocker,
	},
}

// writeOCI writes an image layout as a tar archive
// (https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md):
// one index, which holds the images of all platforms.
func writeOCI(w io.Writer, spec imageSpec, images []v1.Image) error {
	dir, err := os.MkdirTemp("", "ociimage-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	top := mutate.AppendManifests(empty.Index, mutate.IndexAddendum{
		Add:        newIndex(spec, images),
		Descriptor: v1.Descriptor{Annotations: referenceAnnotations(spec)},
	})
	if _, err := layout.Write(dir, top); err != nil {
		return fmt.Errorf("writing the image layout: %w", err)
	}
	return tarDirectory(w, dir, spec.created)
}

// referenceAnnotations tell importers what the image is called: ref.name is the
// tag, as the image layout specification has it; containerd (ctr image import)
// and Docker look for the full reference under containerd's own key
// (https://github.com/containerd/containerd/blob/v2.0.0/core/images/annotations.go).
func referenceAnnotations(spec imageSpec) map[string]string {
	return map[string]string{
		"org.opencontainers.image.ref.name": spec.tag.TagStr(),
		"io.containerd.image.name":          spec.tag.String(),
	}
}

// writeDocker writes what `docker save` writes, for `docker load` and
// `ctr image import`.
func writeDocker(w io.Writer, spec imageSpec, images []v1.Image) error {
	return tarball.Write(spec.tag, images[0], w)
}

// tarDirectory writes everything below dir, in lexical order, with nothing in
// the headers that depends on this machine.
func tarDirectory(w io.Writer, dir string, modified time.Time) error {
	archive := tar.NewWriter(w)
	root := os.DirFS(dir)
	err := fs.WalkDir(root, ".", func(p string, d fs.DirEntry, err error) error {
		if err != nil || p == "." {
			return err
		}
		if d.IsDir() {
			return archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: p + "/", Mode: 0o755, ModTime: modified})
		}
		return tarFile(archive, root, p, modified)
	})
	if err != nil {
		return fmt.Errorf("packing the image layout: %w", err)
	}
	return archive.Close()
}

func tarFile(archive *tar.Writer, root fs.FS, p string, modified time.Time) error {
	f, err := root.Open(p)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	header := &tar.Header{Typeflag: tar.TypeReg, Name: p, Mode: 0o644, Size: info.Size(), ModTime: modified}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err = io.Copy(archive, f)
	return err
}

// writeWhole writes file through write, and puts it in its place only when it
// is complete.
func writeWhole(file string, write func(io.Writer) error) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // fails, and may, after the rename
	err = errors.Join(write(temp), temp.Chmod(0o644), temp.Close())
	if err != nil {
		return fmt.Errorf("writing %s: %w", file, err)
	}
	return os.Rename(temp.Name(), file)
}
