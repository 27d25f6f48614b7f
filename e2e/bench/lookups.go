package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// repeats is how often a quick look is timed; its median counts.
const repeats = 3

// subject is one type of provider in the comparison.
type subject struct {
	where    string // how many locations
	provider imageset.Provider
	cloud    *clouds.Behaviour // counts its requests
	least    int               // requests for many names
	why      string            // what the least is made of
	more     string            // what nodeimage's look has beyond it
	open     open
}

func subjects(s *site) []subject {
	of, compared := providers(regions()[:8]), regions()[:8]
	there := older + existing(many)
	return []subject{
		{
			where: "8 regions", provider: of["capa"], cloud: &s.box.EC2.Behaviour, open: openEC2(compared),
			least: pages(many, 200) * len(compared), why: "one for every 200 names and region",
		},
		{
			where: "1 gallery", provider: of["capz"], cloud: &s.box.Azure.Behaviour, open: openAzure,
			least: 1 + existing(many), why: "one list, and one for every definition that is wanted and exists",
		},
		{
			where: "1 bucket", provider: of["capv"], cloud: &s.box.S3.Behaviour, open: openS3,
			least: pages(there, 1000), why: "one for every 1,000 keys with the prefix that all have",
		},
		{
			where: "1 vCenter", provider: of["site"], cloud: &s.box.VSphere.Behaviour, open: openVSphere,
			least: 5, why: "the service's content, the log-in, the folder, its machines, the log-out",
		},
		{
			where: "1 catalog", provider: of["vcd"], cloud: &s.box.VCD.Behaviour, open: openVCD,
			least: 3 + pages(there, 128), why: "the versions, the log-in, the templates in pages of 128, the log-out",
			more: "for the catalog itself",
		},
	}
}

func pages(n, size int) int { return (n + size - 1) / size }

// comparison is what a look cost in both ways.
type comparison struct {
	made   int     // requests for many names
	tokens int     // of them requests for tokens
	single int     // the same one by one
	faster float64 // how often a look at few names fits into the time that they take one by one
}

// lookups compares nodeimage's look at every type with one question for every name, asked by one client that has logged in once, one
// after another as loops do. Both must find the same.
func lookups(ctx context.Context, s *site, out io.Writer) error {
	fmt.Fprintf(out, "look-up of %d names, of which %d exist beside %d older images; %s a request\n\n", many, existing(many), older, latency)
	fmt.Fprintf(out, "%-15s %-10s %9s %6s %11s %8s %7s\n", "TYPE", "IN", "REQUESTS", "LEAST", "ONE BY ONE", "AS MANY", "TIME")
	var notes []string
	for _, u := range subjects(s) {
		c, err := compare(ctx, u, s.images)
		if err != nil {
			return fmt.Errorf("looking at %s: %w", u.provider.Type(), err)
		}
		fmt.Fprintf(out, "%-15s %-10s %9d %6d %11d %7.1fx %6.1fx\n", u.provider.Type(), u.where, c.made, u.least, c.single,
			float64(c.single)/float64(c.made), c.faster)
		notes = append(notes, c.notes(u))
	}
	fmt.Fprintf(out, "\nLEAST       what the API takes at least for that many names:\n")
	for _, note := range notes {
		fmt.Fprintf(out, "            %s\n", note)
	}
	fmt.Fprintf(out, "ONE BY ONE  a question for every name by the same SDK, made for %d names and scaled to %d; one log-in\n", few, many)
	fmt.Fprintf(out, "TIME        of one by one against nodeimage's, both for %d names\n", few)
	return nil
}

// notes say what the numbers are made of.
func (c comparison) notes(u subject) string {
	note := fmt.Sprintf("%-15s %s", u.provider.Type(), u.why)
	if c.made > u.least {
		note += fmt.Sprintf("; %d more %s", c.made-u.least, u.more)
	}
	if c.tokens > 0 {
		note += fmt.Sprintf("; %d more both ways for a token", c.tokens)
	}
	return note
}

func compare(ctx context.Context, u subject, images []inventory.Image) (comparison, error) {
	var c comparison
	before := len(u.cloud.Requests())
	first, err := look(ctx, u.provider, images)
	if err != nil {
		return c, err
	}
	c.made = len(u.cloud.Requests()) - before
	c.tokens = first.calls - c.made
	took := make([]time.Duration, repeats)
	for i := range took {
		again, err := look(ctx, u.provider, images[:few])
		if err != nil {
			return c, err
		}
		took[i] = again.took
	}
	single, alone, err := oneByOne(ctx, u, images[:few])
	c.single, c.faster = single, alone.Seconds()/median(took).Seconds()
	return c, err
}

// cost is what a look took.
type cost struct {
	calls int // as nodeimage counts them, those for tokens too
	took  time.Duration
}

// look looks at all locations of a provider side by side.
func look(ctx context.Context, p imageset.Provider, images []inventory.Image) (cost, error) {
	sources, err := sourcesOf(ctx, p)
	if err != nil {
		return cost{}, err
	}
	var targets []inventory.Target
	for _, source := range sources {
		targets = append(targets, inventory.Target{Providers: []string{p.Type()}, Source: source, Images: images})
	}
	start := time.Now()
	results := inventory.Gather(ctx, targets, inventory.Options{})
	c := cost{took: time.Since(start)}
	for _, r := range results {
		if r.Err != nil {
			return c, r.Err
		}
		c.calls += int(r.Calls)
		if got := present(r); got != existing(len(images)) {
			return c, fmt.Errorf("found %d of %d names, but %d exist", got, len(images), existing(len(images)))
		}
	}
	return c, nil
}

func present(r inventory.Result) int {
	n := 0
	for _, findings := range r.Findings {
		if !slices.ContainsFunc(findings, func(f inventory.Finding) bool { return f.State != inventory.Present }) {
			n++
		}
	}
	return n
}

// oneByOne asks for every name by itself, and returns how many requests that takes for many names and how long it took for these.
func oneByOne(ctx context.Context, u subject, images []inventory.Image) (int, time.Duration, error) {
	before, start := len(u.cloud.Requests()), time.Now()
	ask, err := u.open(ctx)
	if err != nil {
		return 0, 0, err
	}
	opened, found := len(u.cloud.Requests()), 0
	for _, image := range images {
		there, err := ask(ctx, image)
		if err != nil {
			return 0, 0, fmt.Errorf("asking for %s by itself: %w", image.Lookup, err)
		}
		if there {
			found++
		}
	}
	took := time.Since(start)
	if found != existing(len(images)) {
		return 0, 0, fmt.Errorf("found %d of %d names one by one, but %d exist", found, len(images), existing(len(images)))
	}
	asked := len(u.cloud.Requests()) - opened
	return opened - before + asked*many/len(images), took, nil
}

func median(all []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
