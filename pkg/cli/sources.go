package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/plan"
	"github.com/giantswarm/nodeimage/pkg/provider/aws"
	"github.com/giantswarm/nodeimage/pkg/provider/azure"
	"github.com/giantswarm/nodeimage/pkg/provider/clouddirector"
	"github.com/giantswarm/nodeimage/pkg/provider/directory"
	"github.com/giantswarm/nodeimage/pkg/provider/s3"
	"github.com/giantswarm/nodeimage/pkg/provider/vsphere"
)

// newSource makes the sources of a provider.
type newSource func(context.Context, Environment, imageset.Provider) ([]inventory.Source, error)

// sourcesByType lists every provider type.
func sourcesByType() map[string]newSource {
	return map[string]newSource{
		imageset.TypeAWS: func(ctx context.Context, _ Environment, p imageset.Provider) ([]inventory.Source, error) {
			return aws.New(ctx, *p.AWS, aws.Options{})
		},
		imageset.TypeAzure: func(_ context.Context, env Environment, p imageset.Provider) ([]inventory.Source, error) {
			return azure.New(*p.Azure, azure.Options{Getenv: env.Getenv})
		},
		imageset.TypeCloudDirector: func(_ context.Context, env Environment, p imageset.Provider) ([]inventory.Source, error) {
			return clouddirector.New(*p.CloudDirector, clouddirector.Options{Getenv: env.Getenv})
		},
		imageset.TypeDirectory: func(_ context.Context, _ Environment, p imageset.Provider) ([]inventory.Source, error) {
			return directory.New(*p.Directory, directory.Options{})
		},
		imageset.TypeS3: func(ctx context.Context, _ Environment, p imageset.Provider) ([]inventory.Source, error) {
			return s3.New(ctx, *p.S3, s3.Options{})
		},
		imageset.TypeVSphere: func(_ context.Context, env Environment, p imageset.Provider) ([]inventory.Source, error) {
			return vsphere.New(*p.VSphere, vsphere.Options{Getenv: env.Getenv})
		},
	}
}

// newTargets makes what has to be looked at for the images. Providers with the same settings share a target, and so one look.
// Excluded images are not looked for.
func newTargets(ctx context.Context, env Environment, set *imageset.ImageSet, images []plan.Wanted) []inventory.Target {
	var targets []inventory.Target
	for _, g := range groups(set, images) {
		for _, source := range sourcesOf(ctx, env, set.Providers[g.providers[0]], g.settings) {
			targets = append(targets, inventory.Target{Providers: g.providers, Source: source, Images: g.images})
		}
	}
	return targets
}

// sourcesOf makes a provider's sources. A provider that can't even be asked, for a profile that doesn't exist, say, leaves its
// images unknown like one that doesn't answer: the others are decided all the same.
func sourcesOf(ctx context.Context, env Environment, p imageset.Provider, settings string) []inventory.Source {
	sources, err := sourcesByType()[p.Type()](ctx, env, p)
	if err != nil {
		return []inventory.Source{inventory.Unreachable(locations(p), err)}
	}
	if env.Sources != nil {
		for i, source := range sources {
			sources[i] = env.Sources(settings, source)
		}
	}
	return sources
}

// locations are the locations that a provider's settings name, or its type where they name none.
func locations(p imageset.Provider) []string {
	switch {
	case p.AWS != nil:
		return p.AWS.Regions
	case p.Azure != nil:
		return p.Azure.Regions
	case p.VSphere != nil && len(p.VSphere.URLs) > 0:
		return p.VSphere.URLs
	}
	return []string{p.Type()}
}

// group is providers that look at the same place in the same way, and the images that they want there.
type group struct {
	settings  string
	providers []string
	images    []inventory.Image
}

func groups(set *imageset.ImageSet, images []plan.Wanted) []*group {
	var all []*group
	for _, w := range images {
		if w.Excluded != "" {
			continue
		}
		settings := fingerprint(set.Providers[w.Provider])
		i := slices.IndexFunc(all, func(g *group) bool { return g.settings == settings })
		if i < 0 {
			i = len(all)
			all = append(all, &group{settings: settings})
		}
		all[i].add(w)
	}
	return all
}

func (g *group) add(w plan.Wanted) {
	if !slices.Contains(g.providers, w.Provider) {
		g.providers = append(g.providers, w.Provider)
	}
	if !slices.ContainsFunc(g.images, func(i inventory.Image) bool { return i.Lookup == w.Image.Lookup }) {
		g.images = append(g.images, w.Image)
	}
}

// fingerprint is the same for providers that look at the same place in the same way, whatever builds their images. A look at AWS
// takes the architecture from each image, so that providers which differ in nothing else share it.
func fingerprint(p imageset.Provider) string {
	p.Builder = ""
	if p.AWS != nil {
		settings := *p.AWS
		settings.Architecture = ""
		p.AWS = &settings
	}
	b, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("settings of a provider are always JSON: %v", err))
	}
	return string(b)
}

// findingsOf sorts what the looks told by provider.
func findingsOf(results []inventory.Result) map[string]inventory.Findings {
	all := make(map[string]inventory.Findings)
	for _, r := range results {
		for _, provider := range r.Target.Providers {
			if all[provider] == nil {
				all[provider] = make(inventory.Findings)
			}
			for lookup, findings := range r.Findings {
				all[provider][lookup] = append(all[provider][lookup], findings...)
			}
		}
	}
	return all
}

// requestsOf says what the looks cost, by provider. Of providers that shared a look the first has its cost.
func requestsOf(results []inventory.Result, timings bool) []inventory.Request {
	var all []inventory.Request
	for _, r := range results {
		for i, provider := range r.Target.Providers {
			request := inventory.Request{Provider: provider, Location: r.Target.Source.Locations()[0]}
			if i == 0 {
				request.Calls = r.Calls
				if timings {
					request.Milliseconds = r.Took.Milliseconds()
				}
			}
			all = append(all, request)
		}
	}
	return all
}
