package azure

import (
	"fmt"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/name"
)

// definition is what the list of a gallery tells about one image definition.
type definition struct {
	name         string
	generation   armcompute.HyperVGeneration
	architecture armcompute.Architecture
}

// definitions are the image definitions of a gallery by their names in lower case, as Azure's names don't distinguish case
// (https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/resource-name-rules).
type definitions map[string]definition

// add takes over what the list tells. What it leaves out has the API's defaults: https://github.com/Azure/azure-cli/issues/28557
// for the generation, and x64, as there was no other architecture before there was the field.
func (d definitions) add(named *string, generation *armcompute.HyperVGeneration, architecture *armcompute.Architecture) error {
	if value(named) == "" {
		return errAnswer
	}
	added := definition{name: *named, generation: armcompute.HyperVGenerationV1, architecture: armcompute.ArchitectureX64}
	if generation != nil {
		added.generation = *generation
	}
	if architecture != nil {
		added.architecture = *architecture
	}
	d[strings.ToLower(*named)] = added
	return nil
}

// fitting finds the definition that an image must be a version of. Where there is none, or one that the consumer could not boot
// from, it is false, and the note says what is there instead.
//
// A definition for another generation or architecture makes the image absent, and not failed, although it is in the way: nobody
// would find the image under it, but others may use what is in it, and a failed image gets overwritten. A build of an absent one
// replaces nothing. It stops, because Azure takes no version of one kind into a definition of the other
// (https://github.com/MicrosoftDocs/azure-compute-docs/pull/189) and lets nobody change a definition's kind
// (https://learn.microsoft.com/en-us/azure/virtual-machines/update-image-resources), and the note says why. Unknown would be safe as
// well, but would keep the whole run from building anything.
func (d definitions) fitting(image inventory.Image, settings imageset.Azure) (found definition, note string, ok bool) {
	found, ok = d[strings.ToLower(image.Lookup)]
	if !ok {
		return definition{}, "", false
	}
	want := armcompute.ArchitectureX64
	if image.Name.Arch == name.ARM64 {
		want = armcompute.ArchitectureArm64
	}
	const stop = ": a build would stop at it until it is deleted"
	if !strings.EqualFold(string(found.architecture), string(want)) {
		return found, fmt.Sprintf("there is a definition, but not for the architecture %s", want) + stop, false
	}
	if generation := settings.HyperVGeneration; generation != "" && string(found.generation) != generation {
		return found, fmt.Sprintf("there is a definition, but not for Hyper-V generation %s", generation) + stop, false
	}
	return found, "", true
}

// spelling notes that a name is found although it is written differently.
func (d definition) spelling(image inventory.Image) []string {
	if d.name == "" || d.name == image.Lookup {
		return nil
	}
	return []string{"Azure writes the name in another case, which makes no difference to it"}
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// normal is the form in which regions are compared: answers write "West Europe", image sets mostly westeurope.
func normal(region string) string { return strings.ToLower(strings.ReplaceAll(region, " ", "")) }
