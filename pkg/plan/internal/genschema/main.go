// Genschema writes the JSON schema of plans to the file that its argument names.
package main

import (
	"fmt"
	"os"

	"github.com/giantswarm/nodeimage/pkg/plan"
)

func main() {
	schema, err := plan.SchemaJSON()
	if err == nil {
		err = os.WriteFile(os.Args[1], schema, 0o644)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
