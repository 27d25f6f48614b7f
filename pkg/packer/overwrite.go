package packer

import (
	"strconv"
	"strings"
)

// overwrite says whether what exists is replaced, by the means that upstream has for it: Packer's -force where its builders heed
// it (an AMI is deregistered, a managed image or virtual machine deleted, a directory emptied), a variable where there is one.
// Both are said when nothing is to be replaced, too: nutanix would otherwise replace by default.
func (w *work) overwrite() {
	if key := w.builder.replaces; key != "" {
		w.variables[key] = strconv.FormatBool(w.build.Overwrite)
	}
	if !w.build.Overwrite {
		return
	}
	if w.builder.force {
		w.environment["PACKER_FLAGS"] = strings.TrimSpace(w.environment["PACKER_FLAGS"] + " -force")
	}
	if w.builder.adds != "" {
		w.warn("builds."+w.build.Key+".overwrite", "is true: %s", expand(w.builder.adds, w.fields))
	}
}
