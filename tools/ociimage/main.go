// Command ociimage packs static Linux binaries, or a whole root file system,
// into a container image without a container engine. The image of a binary is
// built from scratch: one layer with the binary, the public CA roots, a passwd
// file with the user it runs as, and an empty /tmp. It needs no writable root
// file system.
//
//	ociimage -name ghcr.io/giantswarm/nodeimage:v1.0.0 -path /nodeimage \
//	    -binary linux/amd64=bin/linux-amd64/nodeimage \
//	    -binary linux/arm64=bin/linux-arm64/nodeimage \
//	    -label org.opencontainers.image.licenses=Apache-2.0 \
//	    -output dist/nodeimage.oci.tar
//
// A root file system is a directory. It becomes one layer as it is, with modes
// and symbolic links, but everything belongs to root:
//
//	ociimage -name registry.example/busybox:v1 -root dist/busybox -format docker \
//	    -entrypoint sh -env PATH=/bin -output dist/busybox.tar
//
// The same input gives the same bytes: every time stamp is SOURCE_DATE_EPOCH
// (https://reproducible-builds.org/specs/source-date-epoch/), or the Unix
// epoch where that is not set.
//
// It exits 0 when the file is written, 1 when it could not be, and 2 when the
// flags are wrong; the output file is whole or not there.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Getenv("SOURCE_DATE_EPOCH"), os.Stderr))
}

// run packs the image that args ask for, and returns the exit status. epoch is
// the value of SOURCE_DATE_EPOCH: seconds since 1970, or empty.
func run(args []string, epoch string, stderr io.Writer) int {
	spec, err := parse(args, epoch, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "ociimage: %v\n", err)
		return 2
	}
	if err := pack(spec); err != nil {
		fmt.Fprintf(stderr, "ociimage: %v\n", err)
		return 1
	}
	return 0
}

// pack builds the image of every platform and writes them in the form asked for.
func pack(spec imageSpec) error {
	images, err := buildAll(spec)
	if err != nil {
		return err
	}
	return writeWhole(spec.output, func(w io.Writer) error {
		return forms[spec.format].write(w, spec, images)
	})
}
