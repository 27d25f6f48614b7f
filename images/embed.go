// Package images holds the image sets that nodeimage ships.
package images

import _ "embed"

// Quickstart is the image set that is used where none is given: a directory, which needs no credentials.
//
//go:embed quickstart.yaml
var Quickstart []byte
