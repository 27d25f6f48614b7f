package main

import (
	"bytes"
	"encoding/pem"
	"fmt"

	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// caRoots returns Mozilla's root certificates, as golang.org/x/crypto keeps
// them, in PEM. Roots that Mozilla trusts on a condition only (certificates
// issued before a day) are left out: a PEM file can't state the condition, and
// would trust them without it.
func caRoots() ([]byte, error) {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint != nil {
			continue
		}
		block := pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}
		if err := pem.Encode(&out, &block); err != nil {
			return nil, fmt.Errorf("encoding a CA root: %w", err)
		}
	}
	return out.Bytes(), nil
}
