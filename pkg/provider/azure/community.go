package azure

import (
	"context"
	"fmt"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/resourcemanager/compute/armcompute/v7"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// community is the source of a community gallery. Every region answers for itself: what it shows is what consumers there can use.
// This keeps the package at armcompute v7: v8 asks with a version of the API that Azure does not serve for community galleries
// (https://github.com/Azure/azure-sdk-for-go/issues/27470).
type community struct {
	settings imageset.Azure
	images   *armcompute.CommunityGalleryImagesClient
	versions *armcompute.CommunityGalleryImageVersionsClient
}

func (c *community) Locations() []string { return c.settings.Regions }

// Look lists the image definitions in every region, and then asks only about the versions whose definition is there.
//
// There is no cheaper way that is as sure. A list of versions is one request for each definition too, and the list of definitions
// shows that the gallery is there, which a 404 for a version would leave open. It pays for itself with the first image that is missing.
func (c *community) Look(ctx context.Context, images []inventory.Image) (inventory.Findings, error) {
	regions := make([]regional, len(c.settings.Regions))
	each(len(regions), func(i int) { regions[i] = c.list(ctx, c.settings.Regions[i]) })
	settle(regions)
	answers, errs := make([]inventory.Finding, len(regions)*len(images)), make([]error, len(regions)*len(images))
	each(len(answers), func(i int) {
		answers[i], errs[i] = c.find(ctx, regions[i%len(regions)], images[i/len(regions)])
	})
	findings := make(inventory.Findings, len(images))
	for i, finding := range answers {
		findings.Add(images[i/len(regions)], finding)
	}
	for _, region := range regions {
		errs = append(errs, region.err)
	}
	return findings, first(errs)
}

// regional is what one region tells about the gallery.
type regional struct {
	name      string
	known     definitions
	err       error // why nothing can be said about any image
	elsewhere bool  // only other regions know the gallery
}

func (c *community) list(ctx context.Context, region string) regional {
	known, err := c.definitions(ctx, normal(region))
	if err != nil {
		err = fmt.Errorf("listing the image definitions of community gallery %s in %s: %w", c.settings.CommunityGallery, region, err)
	}
	return regional{name: region, known: known, err: err}
}

func (c *community) definitions(ctx context.Context, region string) (definitions, error) {
	known := make(definitions)
	for pages := c.images.NewListPager(region, c.settings.CommunityGallery, nil); pages.More(); {
		page, err := ask(ctx, pages.NextPage)
		if err != nil {
			return nil, err
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

// settle decides what it means that a region doesn't know the gallery. A gallery is only where one of its versions is replicated
// to (https://github.com/skypilot-org/skypilot/pull/4145 has the answer of a region where it isn't). If another region knows it,
// its name is right, and the region just has none of its images. If no region does, the name may be wrong, and that must not
// look as if all images were missing.
func settle(regions []regional) {
	exists := slices.ContainsFunc(regions, func(r regional) bool { return r.err == nil })
	for i, region := range regions {
		switch {
		case !missing(region.err, "NotFound", "ResourceNotFound"):
		case exists:
			regions[i].err, regions[i].elsewhere = nil, true
		default:
			regions[i].err = fmt.Errorf("%w: no region is known to have this gallery", region.err)
		}
	}
}

// find makes the finding about one image in one region.
func (c *community) find(ctx context.Context, region regional, image inventory.Image) (inventory.Finding, error) {
	finding := inventory.Finding{Location: region.name, State: inventory.Absent}
	switch {
	case region.err != nil:
		finding.State, finding.Notes = inventory.Unknown, []string{region.err.Error()}
		return finding, nil // the region's error is told once, not for every image
	case region.elsewhere:
		finding.Notes = []string{"nothing of the community gallery is replicated to this region yet"}
		return finding, nil
	}
	found, note, ok := region.known.fitting(image, c.settings)
	if !ok {
		if note != "" {
			finding.Notes = []string{note}
		}
		return finding, nil
	}
	return c.version(ctx, finding, found, image)
}

func (c *community) version(ctx context.Context, finding inventory.Finding, found definition, image inventory.Image) (inventory.Finding, error) {
	version := image.Name.Flatcar
	answer, err := ask(ctx, func(ctx context.Context) (armcompute.CommunityGalleryImageVersionsClientGetResponse, error) {
		return c.versions.Get(ctx, normal(finding.Location), c.settings.CommunityGallery, found.name, version, nil)
	})
	if missing(err, versionCodes...) {
		finding.Notes = []string{withoutVersion(version)}
		return finding, nil
	}
	if err == nil && (value(answer.Name) != version || answer.Properties == nil) {
		err = errAnswer
	}
	if err != nil {
		err = fmt.Errorf("asking for version %s of %s in community gallery %s in %s: %w",
			version, image.Lookup, c.settings.CommunityGallery, finding.Location, err)
		finding.State, finding.Notes = inventory.Unknown, []string{err.Error()}
		return finding, err
	}
	finding.State, finding.ID = inventory.Present, value(value(answer.Identifier).UniqueID)
	finding.Created = inventory.Time(value(answer.Properties.PublishedDate))
	finding.Notes = append(found.spelling(image), lifetime(answer.Properties.EndOfLifeDate)...)
	return finding, nil
}
