package azure

import (
	"context"
	"errors"
	"fmt"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore/to"
	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// gallery is the source of a private gallery. One look at a version tells about all regions.
type gallery struct {
	settings imageset.Azure
	images   *armcompute.GalleryImagesClient
	versions *armcompute.GalleryImageVersionsClient
}

func (g *gallery) Locations() []string { return g.settings.Regions }

// Look lists the gallery's image definitions once, and then asks only about the versions whose definition is there: lists tell no
// replication states, and what has no definition costs nothing.
func (g *gallery) Look(ctx context.Context, images []inventory.Image) (inventory.Findings, error) {
	known, err := g.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing the image definitions of gallery %s: %w", g.settings.Gallery, err)
	}
	answers, errs := make([][]inventory.Finding, len(images)), make([]error, len(images))
	each(len(images), func(i int) { answers[i], errs[i] = g.find(ctx, images[i], known) })
	findings := make(inventory.Findings, len(images))
	for i, image := range images {
		for _, finding := range answers[i] {
			findings.Add(image, finding)
		}
	}
	return findings, first(errs)
}

func (g *gallery) list(ctx context.Context) (definitions, error) {
	known := make(definitions)
	for pages := g.images.NewListByGalleryPager(g.settings.ResourceGroup, g.settings.Gallery, nil); pages.More(); {
		page, err := ask(ctx, pages.NextPage)
		if err != nil {
			return nil, g.explain(err)
		}
		if page.Value == nil { // even an empty list has it
			return nil, errAnswer
		}
		for _, image := range page.Value {
			if image == nil || image.Properties == nil {
				return nil, errAnswer
			}
			if err := known.add(image.Name, image.Properties.HyperVGeneration, image.Properties.Architecture); err != nil {
				return nil, err
			}
		}
	}
	return known, nil
}

// explain says what is missing. Without the gallery, nothing is known about its images: the settings are wrong, or the credential
// is one of another subscription.
func (g *gallery) explain(err error) error {
	switch {
	case missing(err, "SubscriptionNotFound"):
		return fmt.Errorf("%w: the subscription does not exist, or the credential may not see it", err)
	case missing(err, "ResourceGroupNotFound"):
		return fmt.Errorf("%w: the resource group %s does not exist", err, g.settings.ResourceGroup)
	case missing(err, "ParentResourceNotFound", "ResourceNotFound"):
		return fmt.Errorf("%w: there is no such gallery in the resource group %s", err, g.settings.ResourceGroup)
	}
	return err
}

// find makes the findings about one image in all regions.
func (g *gallery) find(ctx context.Context, image inventory.Image, known definitions) ([]inventory.Finding, error) {
	found, note, ok := known.fitting(image, g.settings)
	switch {
	case ok:
	case note != "":
		return g.everywhere(inventory.Absent, note), nil
	default:
		return g.everywhere(inventory.Absent), nil
	}
	version := image.Name.Flatcar
	answer, err := ask(ctx, func(ctx context.Context) (armcompute.GalleryImageVersionsClientGetResponse, error) {
		return g.versions.Get(ctx, g.settings.ResourceGroup, g.settings.Gallery, found.name, version,
			&armcompute.GalleryImageVersionsClientGetOptions{Expand: to.Ptr(armcompute.ReplicationStatusTypesReplicationStatus)})
	})
	if missing(err, versionCodes...) {
		return g.everywhere(inventory.Absent, withoutVersion(version)), nil
	}
	if err == nil && (value(answer.Name) != version || answer.Properties == nil) {
		err = errAnswer
	}
	if err != nil {
		err = fmt.Errorf("asking for version %s of %s in gallery %s: %w", version, image.Lookup, g.settings.Gallery, err)
		return g.everywhere(inventory.Unknown, err.Error()), err
	}
	return g.judge(answer.GalleryImageVersion, found.spelling(image)), nil
}

// versionCodes are the codes with which Azure says that a definition lacks a version: Resource Manager's
// (https://learn.microsoft.com/en-us/azure/azure-resource-manager/troubleshooting/error-not-found), and the one with which the compute
// provider itself answers.
var versionCodes = []string{"ResourceNotFound", "NotFound"}

// withoutVersion is about what a build leaves behind that failed: the definition is created before it starts.
func withoutVersion(version string) string {
	return fmt.Sprintf("the definition is there, but not its version %s", version)
}

func (g *gallery) everywhere(state inventory.State, notes ...string) []inventory.Finding {
	findings := make([]inventory.Finding, len(g.settings.Regions))
	for i, region := range g.settings.Regions {
		findings[i] = inventory.Finding{Location: region, State: state, Notes: notes}
	}
	return findings
}

// first makes one error of those of many questions. Each has a finding of its own that says more.
func first(errs []error) error {
	var failed []error
	for _, err := range errs {
		if err != nil {
			failed = append(failed, err)
		}
	}
	switch len(failed) {
	case 0:
		return nil
	case 1:
		return failed[0]
	}
	return errors.New(failed[0].Error() + fmt.Sprintf(" (and %d more)", len(failed)-1))
}
