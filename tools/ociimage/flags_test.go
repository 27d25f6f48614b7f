package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestBadFlags(t *testing.T) {
	t.Parallel()
	amd64 := newBinary(t, "amd64")
	script := filepath.Join(t.TempDir(), "script")
	writeFile(t, script, []byte("#!/bin/sh\n# longer than the header of an ELF file, which has 64 bytes\n"))
	good := map[string]string{"-name": reference, "-path": "/tool", "-binary": "linux/amd64=" + amd64}
	tests := map[string]struct {
		change map[string]string
		more   []string
		epoch  string
		want   []string // lines of the message
	}{
		"everything at once": {
			change: map[string]string{"-name": "", "-path": "tool", "-binary": "amd64", "-format": "zip", "-label": "x"},
			epoch:  "yesterday",
			want: []string{
				`-name "": want registry, repository and tag: tag must be between 1 and 128 characters in length: `,
				`-path "tool": want the absolute path of a file`,
				"-binary amd64: want platform=file",
				"-label x: want key=value",
				`-format "zip": want one of docker, oci`,
				`SOURCE_DATE_EPOCH is "yesterday": want seconds since 1970`,
			},
		},
		"registry left out": {
			change: map[string]string{"-name": "tool:v1"},
			want:   []string{`-name "tool:v1": want registry, repository and tag: strict validation requires the registry to be explicitly defined`},
		},
		"tag left out": {
			change: map[string]string{"-name": "registry.example/tool"},
			want:   []string{`-name "registry.example/tool": want registry, repository and tag: tag must be between 1 and 128 characters in length:`},
		},
		"path of the image's own": {
			change: map[string]string{"-path": "/etc/passwd"},
			want:   []string{"-path /etc/passwd: /etc and /tmp are the image's own"},
		},
		"platform twice": {
			more: []string{"-binary", "linux/amd64=" + amd64},
			want: []string{"-binary linux/amd64=" + amd64 + ": linux/amd64 is given twice"},
		},
		"other platform's binary": {
			change: map[string]string{"-binary": "linux/arm64=" + amd64},
			want:   []string{"-binary linux/arm64=" + amd64 + ": binary is for EM_X86_64, want EM_AARCH64"},
		},
		"platform nobody packs": {
			change: map[string]string{"-binary": "windows/amd64=" + amd64},
			want:   []string{"-binary windows/amd64=" + amd64 + ": platform is windows/amd64, want linux with one of amd64, arm64"},
		},
		"not a binary": {
			change: map[string]string{"-binary": "linux/amd64=" + script},
			want:   []string{"-binary linux/amd64=" + script + ": want an ELF binary: bad magic number '[35 33 47 98]' in record at byte 0x0"},
		},
		"no such file": {
			change: map[string]string{"-binary": "linux/amd64=" + script + ".gone"},
			want: []string{"-binary linux/amd64=" + script + ".gone: want an ELF binary: open " + script +
				".gone: no such file or directory"},
		},
		"docker with two platforms": {
			change: map[string]string{"-format": "docker"},
			more:   []string{"-binary", "linux/arm64=" + newBinary(t, "arm64")},
			want:   []string{"-format docker: holds one platform, but -binary is given 2 times"},
		},
		"argument that no flag takes": {
			more: []string{"bin/tool"},
			want: []string{"arguments that no flag takes: bin/tool"},
		},
	}
	for title, test := range tests {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			output := filepath.Join(t.TempDir(), "image.tar")
			flags := maps.Clone(good)
			maps.Copy(flags, test.change)
			args := []string{"-output", output}
			for flag, value := range flags {
				args = append(args, flag, value)
			}
			status, stderr := runWith(test.epoch, append(args, test.more...)...)
			if status != 2 {
				t.Errorf("exit status %d, want 2", status)
			}
			got := strings.Split(strings.TrimPrefix(strings.TrimSpace(stderr), "ociimage: "), "\n")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if _, err := os.Stat(output); err == nil {
				t.Error("a file was written")
			}
		})
	}
}

func TestDynamicBinaryIsRefused(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "dynamic")
	writeFile(t, file, elfFile(elf.EM_X86_64, elf.PT_INTERP))
	status, stderr := runWith("", "-name", reference, "-path", "/tool", "-binary", "linux/amd64="+file,
		"-output", filepath.Join(t.TempDir(), "image.tar"))
	if status != 2 || !strings.Contains(stderr, "dynamically linked") {
		t.Errorf("exit status %d, message %q; want 2 and the reason", status, stderr)
	}
}

func TestNothingIsLeftWhereItCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	target := filepath.Join(dir, "image.tar")
	writeFile(t, filepath.Join(target, "inside"), nil) // a directory stands where the file should go
	status, stderr := runWith("", "-name", reference, "-path", "/tool",
		"-binary", "linux/amd64="+newBinary(t, "amd64"), "-output", target)
	if status != 1 {
		t.Errorf("exit status %d, want 1; message: %s", status, stderr)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{target}, left); diff != "" {
		t.Errorf("files left (-want +got):\n%s", diff)
	}
}

func TestHelp(t *testing.T) {
	t.Parallel()
	status, stderr := runWith("", "-h")
	if status != 0 || !strings.Contains(stderr, "-binary") {
		t.Errorf("exit status %d, usage %q; want 0 and the flags", status, stderr)
	}
}

func runWith(epoch string, args ...string) (int, string) {
	var stderr bytes.Buffer
	status := run(args, epoch, &stderr)
	return status, stderr.String()
}

// mustRun packs an image that must succeed, and returns the file.
func mustRun(t *testing.T, epoch string, args ...string) string {
	t.Helper()
	output := filepath.Join(t.TempDir(), "dist", "image.tar")
	if status, stderr := runWith(epoch, append([]string{"-output", output}, args...)...); status != 0 {
		t.Fatalf("exit status %d, want 0; message: %s", status, stderr)
	}
	return output
}

// newBinary writes the smallest file that passes for a static binary.
func newBinary(t *testing.T, architecture string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), architecture)
	writeFile(t, file, elfFile(machines[architecture], elf.PT_LOAD))
	return file
}

// elfFile is an ELF file with one program header and no code.
func elfFile(machine elf.Machine, segment elf.ProgType) []byte {
	header := elf.Header64{
		Ident:   [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:    uint16(elf.ET_EXEC),
		Machine: uint16(machine),
		Version: uint32(elf.EV_CURRENT),
		Phoff:   64, Ehsize: 64, Phentsize: 56, Phnum: 1,
	}
	var out bytes.Buffer
	for _, part := range []any{header, elf.Prog64{Type: uint32(segment)}} {
		if err := binary.Write(&out, binary.LittleEndian, part); err != nil {
			panic(err) // a buffer takes everything
		}
	}
	return out.Bytes()
}

func readFile(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func writeFile(t *testing.T, file string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		t.Fatal(err)
	}
}
