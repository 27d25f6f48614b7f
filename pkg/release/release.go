// Package release reads Giant Swarm's Release resources and says which node images they need, and whether those exist.
//
// A Release names the versions of a cluster's parts. Three of its components make the name of its node image: kubernetes, flatcar
// and os-tooling, the release of capi-image-builder. Cluster charts compose the name from them and look the image up; here the
// same is done before the Release ships.
//
// The package is pure: documents, an image set and a plan go in, and a versioned document comes out.
package release

import (
	"fmt"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"
)

// The Release resource (https://github.com/giantswarm/release-operator, api/v1alpha1/release_types.go).
const (
	Group           = "release.giantswarm.io"
	ResourceVersion = Group + "/v1alpha1"
	ResourceKind    = "Release"
)

// The components that make the name of a node image. Variant stood in its place before os-tooling was there.
const (
	Kubernetes = "kubernetes"
	Flatcar    = "flatcar"
	Tooling    = "os-tooling"
	Variant    = "flatcar-variant"
)

// components are those that make the name of an image.
func components() []string { return []string{Flatcar, Kubernetes, Tooling} }

// StateDeprecated is the state of a release that nobody should install any more. Its image may have been deleted.
const StateDeprecated = "deprecated"

// Release is a Release resource, as far as node images are concerned.
type Release struct {
	File       string // as it was given
	Line       int    // of its name
	Name       string // such as aws-29.1.0
	Provider   string // aws, azure, vsphere, cloud-director, proxmox, eks, aks
	Version    *semver.Version
	State      string               // active, deprecated, …; "" where the resource has none
	Components map[string]Component // by name
}

// Component is one component of a release.
type Component struct {
	Version     string // as it stands in the file
	Line        int    // of the component's name
	VersionLine int    // of its version
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	File string
	Line int // 0: the file as a whole
	Text string
}

func (p Problem) Error() string {
	if p.Line == 0 {
		return p.File + ": " + p.Text
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Text)
}

// Problems is everything that is wrong with files, in the order of files and lines.
type Problems []Problem

func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// err is the problems of one file in the order of their lines, each once, or nil where there are none.
func (ps Problems) err() error {
	if len(ps) == 0 {
		return nil
	}
	slices.SortStableFunc(ps, func(a, b Problem) int { return a.Line - b.Line })
	return slices.Compact(ps)
}

func (r Release) problem(line int, format string, args ...any) Problem {
	return Problem{File: r.File, Line: line, Text: r.Name + ": " + fmt.Sprintf(format, args...)}
}

// version is a component's version, or "" where the release does not have the component.
func (r Release) version(component string) string { return r.Components[component].Version }

// place is the line that tells of the image: that of os-tooling, or that of the name where there is none.
func (r Release) place() int {
	if c, ok := r.Components[Tooling]; ok {
		return c.Line
	}
	return r.Line
}
