package main

import (
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// programs are those of this machine that go into images, as absolute paths.
type programs struct {
	busybox, make, packer string
}

// findPrograms looks the programs up. The error names the Debian package of every one that is missing.
func findPrograms() (programs, error) {
	var p programs
	var missing []string
	for _, f := range []struct {
		into           *string
		name, inDebian string
	}{{&p.busybox, "busybox", "busybox-static"}, {&p.make, "make", "make"}, {&p.packer, "packer", "packer"}} {
		path, err := exec.LookPath(f.name)
		if err == nil {
			*f.into, err = filepath.Abs(path)
		}
		if err == nil && f.name == "busybox" {
			err = checkStatic(path)
		}
		if err != nil {
			missing = append(missing, f.inDebian)
		}
	}
	if len(missing) > 0 {
		return programs{}, fmt.Errorf("missing on this machine: %[1]s (Debian: apt-get install %[1]s)", strings.Join(missing, " "))
	}
	return p, nil
}

// checkStatic wants a program to be without a dynamic loader: Debian's package busybox has one, busybox-static has not.
func checkStatic(file string) error {
	f, err := elf.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	if slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return errors.New("dynamically linked")
	}
	return nil
}

// sharedLibraries are the files that programs load, the loader included, each once.
func sharedLibraries(ctx context.Context, programs ...string) ([]string, error) {
	var all []string
	for _, program := range programs {
		lines, err := exec.CommandContext(ctx, "ldd", program).Output()
		if err != nil {
			return nil, fmt.Errorf("asking ldd for the libraries of %s: %w", program, err)
		}
		for line := range strings.Lines(string(lines)) {
			library, err := libraryOf(line)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", program, err)
			}
			if library != "" && !slices.Contains(all, library) {
				all = append(all, library)
			}
		}
	}
	return all, nil
}

// libraryOf reads a line of ldd's: `name => /path (address)`, `/path (address)` for the loader, `name => not found`, or a name
// and an address for what the kernel provides, which is no file (https://man7.org/linux/man-pages/man1/ldd.1.html).
func libraryOf(line string) (string, error) {
	name, found, arrow := strings.Cut(strings.TrimSpace(line), " => ")
	if arrow && !strings.HasPrefix(found, "/") {
		return "", fmt.Errorf("the library %s is not found", name)
	}
	if !arrow {
		found = name
	}
	path, _, _ := strings.Cut(found, " (")
	if !filepath.IsAbs(path) {
		return "", nil
	}
	return path, nil
}
