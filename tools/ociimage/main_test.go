package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

const reference = "registry.example/team/tool:v1.2.3"

func TestOCI(t *testing.T) {
	t.Parallel()
	amd64, arm64 := newBinary(t, "amd64"), newBinary(t, "arm64")
	index := readLayout(t, mustRun(t, "1700000000",
		"-name", reference, "-path", "/app/bin/tool", "-label", "a=1", "-label", "b=x=y",
		"-binary", "linux/arm64="+arm64, "-binary", "linux/amd64="+amd64))

	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	var platforms []string
	for i, binary := range []string{amd64, arm64} {
		descriptor := manifest.Manifests[i]
		platforms = append(platforms, descriptor.Platform.String())
		img, err := index.Image(descriptor.Digest)
		if err != nil {
			t.Fatal(err)
		}
		checkMediaTypes(t, img, types.OCIManifestSchema1, types.OCIConfigJSON, types.OCILayer)
		checkConfig(t, img, *descriptor.Platform)
		checkFiles(t, img, binary)
	}
	if diff := cmp.Diff([]string{"linux/amd64", "linux/arm64"}, platforms); diff != "" {
		t.Errorf("platforms (-want +got):\n%s", diff)
	}
}

func TestDocker(t *testing.T) {
	t.Parallel()
	binary := newBinary(t, "arm64")
	file := mustRun(t, "1700000000", "-format", "docker", "-name", reference, "-path", "/app/bin/tool",
		"-label", "a=1", "-label", "b=x=y", "-binary", "linux/arm64="+binary)
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
	checkConfig(t, img, v1.Platform{OS: "linux", Architecture: "arm64"})
	checkFiles(t, img, binary)
}

func TestSameInputSameBytes(t *testing.T) {
	t.Parallel()
	amd64, arm64 := newBinary(t, "amd64"), newBinary(t, "arm64")
	common := []string{"-name", reference, "-path", "/tool"}
	tests := map[string]struct{ first, second []string }{
		"oci": {
			first:  append([]string{"-label", "a=1", "-label", "b=2", "-binary", "linux/amd64=" + amd64, "-binary", "linux/arm64=" + arm64}, common...),
			second: append([]string{"-binary", "linux/arm64=" + arm64, "-label", "b=2", "-binary", "linux/amd64=" + amd64, "-label", "a=1"}, common...),
		},
		"docker": {
			first:  append([]string{"-format", "docker", "-label", "a=1", "-binary", "linux/amd64=" + amd64}, common...),
			second: append([]string{"-binary", "linux/amd64=" + amd64, "-label", "a=1", "-format", "docker"}, common...),
		},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			want := readFile(t, mustRun(t, "1700000000", test.first...))
			if got := readFile(t, mustRun(t, "1700000000", test.second...)); !bytes.Equal(want, got) {
				t.Error("two runs with the same input differ")
			}
			if other := readFile(t, mustRun(t, "", test.first...)); bytes.Equal(want, other) {
				t.Error("SOURCE_DATE_EPOCH doesn't show in the output")
			}
		})
	}
}

func TestCARoots(t *testing.T) {
	t.Parallel()
	rest, err := caRoots()
	if err != nil {
		t.Fatal(err)
	}
	if !x509.NewCertPool().AppendCertsFromPEM(rest) {
		t.Error("crypto/x509 finds no certificate")
	}
	trusted := map[string]bool{}
	for block, rest := pem.Decode(rest); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			t.Fatal(err)
		}
		if !certificate.IsCA {
			t.Errorf("%s isn't a CA", certificate.Subject)
		}
		trusted[string(block.Bytes)] = true
	}
	if len(trusted) < 100 {
		t.Errorf("%d roots, want Mozilla's 100 and more", len(trusted))
	}
	for root := range bundle.Roots() {
		if got, want := trusted[string(root.Certificate)], root.Constraint == nil; got != want {
			t.Errorf("a root with a condition: %t, trusted: %t", !want, got)
		}
	}
}

// checkMediaTypes wants those of the form: registries and engines refuse mixtures.
func checkMediaTypes(t *testing.T, img v1.Image, want ...types.MediaType) {
	t.Helper()
	manifest, err := img.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	got := []types.MediaType{manifest.MediaType, manifest.Config.MediaType, manifest.Layers[0].MediaType}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("media types of manifest, configuration and layer (-want +got):\n%s", diff)
	}
}

func checkConfig(t *testing.T, img v1.Image, platform v1.Platform) {
	t.Helper()
	got, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	created := time.Unix(1700000000, 0).UTC()
	layers := got.RootFS
	want := &v1.ConfigFile{
		OS: platform.OS, Architecture: platform.Architecture, Created: v1.Time{Time: created},
		Config: v1.Config{
			User:       "65532:65532",
			Entrypoint: []string{"/app/bin/tool"},
			Labels:     map[string]string{"a": "1", "b": "x=y"},
		},
		History: []v1.History{{Created: v1.Time{Time: created}, CreatedBy: "ociimage"}},
		RootFS:  layers,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: configuration (-want +got):\n%s", platform.String(), diff)
	}
	if len(layers.DiffIDs) != 1 {
		t.Errorf("%s: %d layers, want 1", platform.String(), len(layers.DiffIDs))
	}
}

// checkFiles compares the one layer with what the image must hold: every path
// with its mode, owner and time, and what the files say.
func checkFiles(t *testing.T, img v1.Image, binary string) {
	t.Helper()
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	layer, err := layers[0].Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	defer layer.Close()
	listing, content := readTar(t, layer)
	want := []string{
		"0755 0:0 etc/", "0644 0:0 etc/passwd", "0755 0:0 etc/ssl/", "0755 0:0 etc/ssl/certs/",
		"0644 0:0 etc/ssl/certs/ca-certificates.crt", "1777 0:0 tmp/",
		"0755 0:0 app/", "0755 0:0 app/bin/", "0755 0:0 app/bin/tool",
	}
	if diff := cmp.Diff(want, listing); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if !bytes.Equal(content["app/bin/tool"], readFile(t, binary)) {
		t.Error("the binary in the image isn't the one given")
	}
	if got := string(content["etc/passwd"]); !strings.Contains(got, "\nnonroot:x:65532:65532:") {
		t.Errorf("passwd has no nonroot user with 65532:\n%s", got)
	}
	if roots := content["etc/ssl/certs/ca-certificates.crt"]; !x509.NewCertPool().AppendCertsFromPEM(roots) {
		t.Error("crypto/x509 finds no CA root")
	}
}

func readTar(t *testing.T, r io.Reader) (listing []string, content map[string][]byte) {
	t.Helper()
	content = map[string][]byte{}
	archive := tar.NewReader(r)
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return listing, content
		}
		if err != nil {
			t.Fatal(err)
		}
		if header.ModTime.Unix() != 1700000000 {
			t.Errorf("%s is of %s, want SOURCE_DATE_EPOCH", header.Name, header.ModTime)
		}
		listing = append(listing, fmt.Sprintf("%04o %d:%d %s", header.Mode, header.Uid, header.Gid, header.Name))
		if content[header.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
}

// readLayout unpacks an OCI archive, checks its names and its soundness, and
// returns the index that lists the platforms.
func readLayout(t *testing.T, file string) v1.ImageIndex {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, content := readTar(t, f)
	dir := t.TempDir()
	for name, data := range content {
		if !strings.HasSuffix(name, "/") {
			writeFile(t, filepath.Join(dir, name), data)
		}
	}
	top, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(top); err != nil {
		t.Errorf("layout isn't valid: %v", err)
	}
	manifest, err := top.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	if len(manifest.Manifests) != 1 || manifest.Manifests[0].MediaType != types.OCIImageIndex {
		t.Fatalf("index.json holds %+v, want one index", manifest.Manifests)
	}
	want := map[string]string{"org.opencontainers.image.ref.name": "v1.2.3", "io.containerd.image.name": reference}
	if diff := cmp.Diff(want, manifest.Manifests[0].Annotations); diff != "" {
		t.Errorf("annotations (-want +got):\n%s", diff)
	}
	index, err := top.ImageIndex(manifest.Manifests[0].Digest)
	if err != nil {
		t.Fatal(err)
	}
	return index
}
