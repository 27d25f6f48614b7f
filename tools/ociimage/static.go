package main

import (
	"debug/elf"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// machines says which ELF machine an image architecture is.
var machines = map[string]elf.Machine{
	"amd64": elf.EM_X86_64,
	"arm64": elf.EM_AARCH64,
}

// checkStatic wants file to be a binary of the platform that needs no dynamic
// loader. An image from scratch has none, and the kernel's answer to a missing
// loader is a misleading "no such file or directory".
func checkStatic(file string, platform v1.Platform) error {
	machine, known := machines[platform.Architecture]
	if platform.OS != "linux" || !known {
		return fmt.Errorf("platform is %s, want linux with one of %s",
			platform.String(), strings.Join(slices.Sorted(maps.Keys(machines)), ", "))
	}
	f, err := elf.Open(file)
	if err != nil {
		return fmt.Errorf("want an ELF binary: %w", err)
	}
	defer f.Close()
	if f.Machine != machine {
		return fmt.Errorf("binary is for %s, want %s", f.Machine, machine)
	}
	for _, prog := range f.Progs {
		if prog.Type == elf.PT_INTERP {
			return errors.New("binary is dynamically linked, want a static one (CGO_ENABLED=0)")
		}
	}
	return nil
}
