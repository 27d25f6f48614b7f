// Package name composes, parses and checks the names of node images.
//
// A name carries the three versions that make an image distinct, none of them with a v:
//
//	flatcar-stable-3815.2.5-kube-1.29.7-tooling-1.15.0-gs
//
// It is the only place where names are put together or taken apart. Names in the forms used before 2024-11 are recognised by
// [Parse], and never made.
package name

import (
	"fmt"
	"slices"
	"strings"
)

// OS is the only operating system that names are made for.
const OS = "flatcar"

// The processor architectures, in Go's and Kubernetes' words. Only arm64 shows in a name: Packer's amazon-ebs builder refuses a
// name that already exists for another architecture, so the two can't share one.
const (
	AMD64 = "amd64"
	ARM64 = "arm64"
)

// DefaultChannel and DefaultSuffix are what a name gets where nobody says otherwise.
const (
	DefaultChannel = "stable"
	DefaultSuffix  = "gs"
)

// Channels lists Flatcar's release channels (https://www.flatcar.org/docs/latest/setup/releases/switching-channels/).
func Channels() []string { return []string{"stable", "beta", "alpha", "lts"} }

// Name is the name of an image, taken apart. The zero value is no name; [New] and [Parse] make valid ones.
type Name struct {
	Channel    string `json:"channel"`    // one of Channels
	Flatcar    string `json:"flatcar"`    // MAJOR.MINOR.PATCH
	Kubernetes string `json:"kubernetes"` // MAJOR.MINOR.PATCH, without v
	Tooling    string `json:"tooling"`    // release of capi-image-builder, MAJOR.MINOR.PATCH, without v
	Arch       string `json:"arch"`       // AMD64 or ARM64
	Suffix     string `json:"suffix"`     // "gs", "mn-gs" for a test build, "gs-lille" for a site
}

// String composes the name.
func (n Name) String() string {
	var b strings.Builder
	b.Grow(64)
	b.WriteString(OS + "-")
	b.WriteString(n.Channel)
	b.WriteByte('-')
	b.WriteString(n.Flatcar)
	b.WriteString("-kube-")
	b.WriteString(n.Kubernetes)
	b.WriteString("-tooling-")
	b.WriteString(n.Tooling)
	b.WriteByte('-')
	if n.Arch == ARM64 {
		b.WriteString(ARM64 + "-")
	}
	b.WriteString(n.Suffix)
	return b.String()
}

// FileStem is the file name, without ending, that the OVA and qcow2 builders give the image: the part before "-tooling", with
// a v before the Kubernetes version. Consumers of the bucket expect exactly this, in a directory called like the image
// (giantswarm/image-distribution-operator, pkg/image/image.go, GetImageKey).
func (n Name) FileStem() string {
	return OS + "-" + n.Channel + "-" + n.Flatcar + "-kube-v" + n.Kubernetes
}

// FieldError is one thing that is wrong with one part of a name.
type FieldError struct {
	Field   string // "flatcar", "kubernetes", "tooling", "channel", "arch" or "suffix"
	Value   string // as it was given
	Problem string // continues a sentence that begins with the value
}

func (e *FieldError) Error() string { return fmt.Sprintf("%s %q %s", e.Field, e.Value, e.Problem) }

// Errors are all things that are wrong with a name, in the order of its parts.
type Errors []*FieldError

func (es Errors) Error() string {
	lines := make([]string, len(es))
	for i, e := range es {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}

// Options change what [New] accepts.
type Options struct {
	// AllowPrerelease accepts pre-release versions of the tooling and of Kubernetes, such as 1.15.0-rc.1. Consumers' own
	// parsers don't all know these, so they are for trying things out.
	AllowPrerelease bool
}

// New checks the parts and brings them into the form that names carry: one leading v of a version is dropped, an empty channel
// and an empty architecture get their defaults. The error is of type [Errors] and holds every problem.
func New(parts Name, opts Options) (Name, error) {
	n := Name{
		Channel:    orDefault(parts.Channel, DefaultChannel),
		Flatcar:    strings.TrimPrefix(parts.Flatcar, "v"),
		Kubernetes: strings.TrimPrefix(parts.Kubernetes, "v"),
		Tooling:    strings.TrimPrefix(parts.Tooling, "v"),
		Arch:       orDefault(parts.Arch, AMD64),
		Suffix:     parts.Suffix,
	}
	var errs Errors
	check := func(field, given, problem string) {
		if problem != "" {
			errs = append(errs, &FieldError{Field: field, Value: given, Problem: problem})
		}
	}
	check("channel", parts.Channel, oneOf(n.Channel, Channels()))
	check("flatcar", parts.Flatcar, versionProblem(n.Flatcar, Options{}))
	check("kubernetes", parts.Kubernetes, versionProblem(n.Kubernetes, opts))
	check("tooling", parts.Tooling, toolingProblem(n.Tooling, opts))
	check("arch", parts.Arch, oneOf(n.Arch, []string{AMD64, ARM64}))
	check("suffix", parts.Suffix, suffixProblem(n.Suffix))
	if len(errs) > 0 {
		return Name{}, errs
	}
	return n, nil
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

func oneOf(s string, known []string) string {
	if slices.Contains(known, s) {
		return ""
	}
	if p := textProblem(s); p != "" {
		return p
	}
	return "is not one of " + strings.Join(known, ", ")
}
