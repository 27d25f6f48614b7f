package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/giantswarm/nodeimage/pkg/cli"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// maxPlanRatio is the bound that the project sets itself: a plan of any number of locations takes little longer than the slowest
// of them alone.
const maxPlanRatio = 1.5

// whole compares a whole plan, from the command line to the plan document, with a look at the slowest of its locations alone. Both
// are done in turn, so that what else the machine does hits both, and their medians count.
func whole(ctx context.Context, s *site, out io.Writer) error {
	set := imageset.ImageSet{
		APIVersion: imageset.APIVersion, Kind: imageset.Kind, Providers: providers(regions()),
		Builders: map[string]imageset.Builder{
			"ami": {Target: "build-ami-flatcar"}, "sig": {Target: "build-azure-sig-flatcar-gen2"}, "ova": {Target: "build-node-ova-vsphere-flatcar"},
		},
	}
	images, err := json.Marshal(set) // JSON is YAML
	if err != nil {
		return err
	}
	if err := os.WriteFile(s.file("images.yaml"), images, 0o600); err != nil {
		return err
	}
	var plans []time.Duration
	alone := make(map[string][]time.Duration)
	calls := int64(0)
	for range repeats {
		if err := addAlone(ctx, set, s.images, alone); err != nil {
			return err
		}
		took, requests, err := planOnce(ctx, s)
		if err != nil {
			return err
		}
		plans, calls = append(plans, took), requests
	}
	slowest := slices.MaxFunc(slices.Sorted(maps.Keys(alone)), func(a, b string) int {
		return int(median(alone[a]) - median(alone[b]))
	})
	fmt.Fprintf(out, "\nwhole plan of %d images in %d locations (%d providers, %d AWS regions), %s a request: %d requests\n\n",
		len(set.Providers)*many, len(alone), len(set.Providers), len(regions()), latency, calls)
	fmt.Fprintf(out, "time against the slowest location alone (%s)  %.2fx, at most %.1fx\n",
		slowest, median(plans).Seconds()/median(alone[slowest]).Seconds(), maxPlanRatio)
	return nil
}

func (s *site) file(name string) string { return filepath.Join(s.dir, name) }

// addAlone looks at every location by itself, one after another, and adds how long each took.
func addAlone(ctx context.Context, set imageset.ImageSet, images []inventory.Image, alone map[string][]time.Duration) error {
	for _, provider := range slices.Sorted(maps.Keys(set.Providers)) {
		p := set.Providers[provider]
		sources, err := sourcesOf(ctx, p)
		if err != nil {
			return err
		}
		for _, source := range sources {
			result := inventory.Gather(ctx, []inventory.Target{{Source: source, Images: images}}, inventory.Options{})[0]
			if result.Err != nil {
				return result.Err
			}
			location := p.Type()
			if len(sources) > 1 {
				location += " " + source.Locations()[0]
			}
			alone[location] = append(alone[location], result.Took)
		}
	}
	return nil
}

// planOnce runs nodeimage plan, checks what it decided, and returns how long it took and how many requests it made.
func planOnce(ctx context.Context, s *site) (time.Duration, int64, error) {
	versions := make([]string, many)
	for i := range versions {
		versions[i] = kubernetes(i)
	}
	var messages bytes.Buffer
	start := time.Now()
	status := cli.Run(ctx, cli.Environment{
		Args: []string{
			"plan", "--images", s.file("images.yaml"), "--tooling", tooling, "--flatcar", flatcar,
			"--kubernetes", strings.Join(versions, ","), "-o", "table", "-o", "json=" + s.file("plan.json"),
		},
		Stdout: io.Discard, Stderr: &messages, Getenv: os.Getenv,
	})
	took := time.Since(start)
	if status != 0 {
		return 0, 0, fmt.Errorf("the plan ended with status %d: %s", status, messages.String())
	}
	calls, err := s.checkPlan()
	return took, calls, err
}

func (s *site) checkPlan() (calls int64, err error) {
	data, err := os.ReadFile(s.file("plan.json"))
	if err != nil {
		return 0, err
	}
	var p plan.Plan
	if err := json.Unmarshal(data, &p); err != nil {
		return 0, err
	}
	count := len(providers(nil))
	if skip, build := count*existing(many), count*(many-existing(many)); p.Summary.Skip != skip || p.Summary.Build != build {
		return 0, fmt.Errorf("the plan skips %d images and builds %d, but must skip %d and build %d", p.Summary.Skip, p.Summary.Build, skip, build)
	}
	for _, r := range p.Requests {
		calls += r.Calls
	}
	return calls, nil
}
