// Bench measures what nodeimage costs beside the obvious alternative, in the same run: the requests and the time of look-ups at
// clouds that it serves itself, the time of a whole plan, and the size and the start of the binary. It prints ratios, since seconds
// are one machine's.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	if err := served(ctx, out); err != nil {
		return err
	}
	return binary(ctx, out)
}

// served measures what looks at clouds.
func served(ctx context.Context, out io.Writer) (err error) {
	s, err := newSite()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := lookups(ctx, s, out); err != nil {
		return err
	}
	return whole(ctx, s, out)
}
