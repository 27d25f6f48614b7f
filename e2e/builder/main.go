// Builder makes the container images that the end-to-end tests in a cluster have in place of published ones: the builder, which
// stands for capi-image-builder, and plain busybox, which runs scripts. It is run at the repository's root:
//
//	go run ./e2e/builder -builder dist/e2e/builder.tar -busybox dist/e2e/busybox.tar
//
// What it writes is for `ctr image import` and `docker load`. The programs come from this machine, with the shared libraries that
// they need; on Debian they are those of the packages busybox-static, make and packer.
//
// The builder has upstream's make targets and templates as far as e2e/images.yaml uses them (see capi), rendered by the real
// Packer. In place of machines in a cloud it leaves their artifacts in the box of e2e/clouds. A build's environment has:
//
//	BOX_URL        the control server of the box, such as http://clouds.example.svc:8000
//	BUILD_SECONDS  how long a build lasts; 0 if not given
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "builder:", err)
		os.Exit(1)
	}
}

// image is a container image to make.
type image struct {
	name, file string   // its reference, and the file to write; none: it isn't wanted
	flags      []string // of tools/ociimage, beside these
}

func run(ctx context.Context, args []string) error {
	builder := image{flags: []string{
		"-user", "1001:1001", "-workdir", home, "-entrypoint", "make",
		"-env", "PATH=/usr/bin:/bin", "-env", "HOME=" + home, "-env", "PACKER_CACHE_DIR=/tmp/packer_cache",
	}}
	busybox := image{flags: []string{"-env", "PATH=/usr/bin:/bin"}}
	flags := flag.NewFlagSet("builder", flag.ContinueOnError)
	flags.StringVar(&builder.file, "builder", "", "`file` to write the builder's image to")
	flags.StringVar(&builder.name, "builder-name", "docker.io/giantswarm/capi-image-builder:1.15.0", "its `reference`")
	flags.StringVar(&busybox.file, "busybox", "", "`file` to write the image of busybox to")
	flags.StringVar(&busybox.name, "busybox-name", "docker.io/library/busybox:1.37.0", "its `reference`")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 || builder.file == "" && busybox.file == "" {
		return errors.New("want -builder FILE, -busybox FILE or both, and nothing else")
	}
	p, err := findPrograms()
	if err != nil {
		return err
	}
	if err := builder.make(ctx, p, fillBuilder); err != nil {
		return err
	}
	return busybox.make(ctx, p, fillBusybox)
}

// make fills a root file system and packs it.
func (i image) make(ctx context.Context, p programs, fill func(context.Context, string, programs) error) error {
	if i.file == "" {
		return nil
	}
	root, err := os.MkdirTemp("", "builder")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	if err := fill(ctx, root, p); err != nil {
		return fmt.Errorf("making the root file system of %s: %w", i.name, err)
	}
	output, err := filepath.Abs(i.file)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", append([]string{
		"-C", "tools", "run", "./ociimage", "-format", "docker", "-name", i.name, "-root", root, "-output", output,
	}, i.flags...)...)
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("packing %s with tools/ociimage, at the repository's root: %w", i.name, err)
	}
	return nil
}
