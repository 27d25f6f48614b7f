// Package directory looks for image files below a local directory.
//
// Who writes images there should write each to a temporary name beside the final one (image.raw.part, .tmp or .partial), rename
// it when it is whole, and write its marker last: then half an image never looks like a whole one.
package directory

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// Options are what a look needs beside the settings. The zero value is right for production.
type Options struct {
	// FS opens the directory; nil means os.DirFS. It may be asked for a directory that doesn't exist.
	FS func(directory string) fs.FS
}

// New returns the source of one directory; its one location is the path as it was configured. Nothing is read yet, and the
// directory need not exist. The error is about templates that lead out of the directory.
func New(settings imageset.Directory, opts Options) ([]inventory.Source, error) {
	if opts.FS == nil {
		opts.FS = os.DirFS
	}
	fields := make(map[string]string)
	for _, field := range imageset.TemplateFields() {
		fields[field] = field
	}
	if _, _, err := expand(settings, fields); err != nil {
		return nil, fmt.Errorf("the directory %s: %w", settings.Path, err)
	}
	return []inventory.Source{&directory{settings: settings, files: opts.FS(settings.Path)}}, nil
}

// expand makes the names of an image's file and of its marker, "" where there is none.
func expand(settings imageset.Directory, fields map[string]string) (file, marker string, err error) {
	if file, err = below("file", settings.File, fields); err != nil {
		return "", "", err
	}
	fields["file"] = file
	if settings.Marker != "" {
		marker, err = below("marker", settings.Marker, fields)
	}
	return file, marker, err
}

// below expands a template into a name below the directory, without detours.
func below(field, template string, fields map[string]string) (string, error) {
	name, err := imageset.Expand(template, fields)
	if err != nil {
		return "", fmt.Errorf("%s %w", field, err)
	}
	if name = path.Clean(name); !fs.ValidPath(name) || name == "." {
		return "", fmt.Errorf("%s must be a file below the directory: %s", field, template)
	}
	return name, nil
}

// directory is the source of one directory.
type directory struct {
	settings imageset.Directory
	files    fs.FS
}

func (d *directory) Locations() []string { return []string{d.settings.Path} }

// Look reads every directory that a wanted file may be in once. That settles all its names with one call each, shows the
// temporary names beside them, and compares names exactly also on file systems that fold case. Nothing goes over a network, so
// no request is counted.
func (d *directory) Look(ctx context.Context, images []inventory.Image) (inventory.Findings, error) {
	tree := newTree(d.files)
	findings := make(inventory.Findings, len(images))
	var problem error // the first one; every finding has its own
	for _, image := range images {
		if ctx.Err() != nil {
			return findings, fmt.Errorf("looking into the directory %s: %s", d.settings.Path, inventory.Cause(ctx.Err()))
		}
		finding, err := d.judge(tree, image)
		if err != nil {
			err = fmt.Errorf("looking into the directory %s: %w", d.settings.Path, err)
			finding = inventory.Finding{State: inventory.Unknown, Notes: []string{err.Error()}}
			if problem == nil {
				problem = err
			}
		}
		finding.Location = d.settings.Path
		findings.Add(image, finding)
	}
	return findings, problem
}
