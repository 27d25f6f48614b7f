package provider_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/provider/directory"
)

// directoryPlace has no server, and so nothing that could throttle or hang up; its package's tests break the file system instead.
func directoryPlace(t *testing.T) *place {
	root := t.TempDir()
	sources, err := directory.New(imageset.Directory{Path: root, File: "{name}.raw", Marker: "{file}.sha256"}, directory.Options{})
	if err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) {
		if err := os.WriteFile(filepath.Join(root, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &place{
		source: sources[0], location: root,
		put: func(image inventory.Image, state inventory.State) {
			file := image.Lookup + ".raw"
			switch state {
			case inventory.Pending:
				write(file, "an image")
			case inventory.Failed:
				write(file, "")
			default:
				write(file, "an image")
				write(file+".sha256", "0f1e  "+file+"\n")
			}
		},
		unreadable: func() { // a file in place of the directory
			if err := os.RemoveAll(root); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(root, []byte("not a directory"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
		lookalike: func(image inventory.Image) { write(image.Lookup+".ova", "an image of another kind") },
	}
}
