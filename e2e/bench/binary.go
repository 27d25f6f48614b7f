package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The bounds that the project sets itself.
const (
	maxMegabytes  = 30
	maxStartRatio = 2.0
	starts        = 100
)

// What the start is compared with: the Go runtime and nothing else, what every program has that asks a server something, and what
// the clouds' SDKs do before main begins.
const (
	emptyProgram = "package main\n\nfunc main() {}\n"
	httpProgram  = `package main

import (
	"encoding/json"
	"net/http"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		return
	}
	client := &http.Client{}
	resp, err := client.Get(os.Args[1])
	if err != nil {
		os.Exit(1)
	}
	defer resp.Body.Close()
	var answer map[string]any
	if json.NewDecoder(resp.Body).Decode(&answer) != nil {
		os.Exit(1)
	}
}
`
	sdkProgram = `package main

import (
	_ "github.com/giantswarm/nodeimage/pkg/provider/aws"
	_ "github.com/giantswarm/nodeimage/pkg/provider/azure"
	_ "github.com/giantswarm/nodeimage/pkg/provider/clouddirector"
	_ "github.com/giantswarm/nodeimage/pkg/provider/s3"
	_ "github.com/giantswarm/nodeimage/pkg/provider/vsphere"
)

func main() {}
`
)

// program is a binary that is measured.
type program struct {
	label  string
	source string // of a program of one file; "" is nodeimage
	args   []string
	bounds string // what is said behind the measures

	path string
	took []time.Duration
}

// binary measures the stripped binary: its size, and its start against that of an empty Go program. The programs between tell what
// part of the start is net/http's, and what part is the SDKs'.
func binary(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	programs := []*program{
		{label: "nodeimage version", args: []string{"version"}, bounds: fmt.Sprintf("  at most %d MB and %.1fx", maxMegabytes, maxStartRatio)},
		{label: "Go with the providers, unused", source: sdkProgram},
		{label: "Go with an http.Client and JSON", source: httpProgram},
		{label: "empty Go", source: emptyProgram},
	}
	for i, p := range programs {
		if err := p.build(ctx, filepath.Join(dir, fmt.Sprint(i))); err != nil {
			return fmt.Errorf("building %s: %w", p.label, err)
		}
	}
	if err := alternate(ctx, programs); err != nil {
		return err
	}
	fmt.Fprintf(out, "\nbinary, stripped; start at the median of %d\n\n%-32s %9s %7s\n", starts, "PROGRAM", "SIZE", "START")
	empty := programs[len(programs)-1]
	for _, p := range programs {
		info, err := os.Stat(p.path)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%-32s %6.1f MB %6.2fx%s\n", p.label, float64(info.Size())/1e6,
			median(p.took).Seconds()/median(empty.took).Seconds(), p.bounds)
	}
	return nil
}

// build makes the binary at a path without an extension.
func (p *program) build(ctx context.Context, path string) error {
	what := "./cmd/nodeimage"
	if p.source != "" {
		what = path + ".go"
		if err := os.WriteFile(what, []byte(p.source), 0o600); err != nil {
			return err
		}
	}
	p.path = path
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", path, what)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// alternate starts the programs in turn, so that what else the machine does hits all of them.
func alternate(ctx context.Context, programs []*program) error {
	for range starts {
		for _, p := range programs {
			start := time.Now()
			if err := exec.CommandContext(ctx, p.path, p.args...).Run(); err != nil {
				return fmt.Errorf("starting %s: %w", p.label, err)
			}
			p.took = append(p.took, time.Since(start))
		}
	}
	return nil
}
