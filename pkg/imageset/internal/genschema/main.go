// Genschema writes the JSON schema of image sets to the file that its argument names.
package main

import (
	"fmt"
	"os"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

func main() {
	schema, err := imageset.SchemaJSON()
	if err == nil {
		err = os.WriteFile(os.Args[1], schema, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
