package main

import (
	"fmt"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// buildAll builds the images of the spec's binaries, in their order.
func buildAll(spec imageSpec) ([]v1.Image, error) {
	images := make([]v1.Image, 0, len(spec.binaries))
	for _, b := range spec.binaries {
		img, err := buildImage(spec, b)
		if err != nil {
			return nil, fmt.Errorf("building the image for %s: %w", b.platform.String(), err)
		}
		images = append(images, img)
	}
	return images, nil
}

// buildImage builds one platform's image with the media types of the spec's form.
func buildImage(spec imageSpec, b executable) (v1.Image, error) {
	form := forms[spec.format]
	layer, err := newLayer(spec, b, form.layer)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, form.manifest), form.config)
	img, err := mutate.Append(base, mutate.Addendum{
		Layer:     layer,
		MediaType: form.layer,
		History:   v1.History{Created: v1.Time{Time: spec.created}, CreatedBy: "ociimage"},
	})
	if err != nil {
		return nil, fmt.Errorf("adding the layer: %w", err)
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	return mutate.ConfigFile(img, configure(config.DeepCopy(), spec, b.platform))
}

func configure(config *v1.ConfigFile, spec imageSpec, platform v1.Platform) *v1.ConfigFile {
	config.OS, config.Architecture, config.Variant = platform.OS, platform.Architecture, platform.Variant
	config.Created = v1.Time{Time: spec.created}
	config.Config = spec.config
	return config
}

// newIndex lists the images with their platforms.
func newIndex(spec imageSpec, images []v1.Image) v1.ImageIndex {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for i, img := range images {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        img,
			Descriptor: v1.Descriptor{Platform: &spec.binaries[i].platform},
		})
	}
	return index
}
