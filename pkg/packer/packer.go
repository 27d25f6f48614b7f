// Package packer turns a build of a plan into what a make target of kubernetes-sigs/image-builder reads: a file of Packer
// variables, an environment and the name of the target.
//
// Packer ignores variables that a template does not use, without a word, and each template takes an image's name from variables
// of its own. A misspelt or renamed variable, or a release of image-builder that does not know it yet, thus builds the wrong
// image under the right name. This package knows what upstream reads, and refuses everything else before a build starts.
//
// Where several sources have something to say, the order is: what makes the image what its name says (its name, its versions,
// whether something is replaced) is fixed; then the image set's own variables and environment; then what follows from the
// settings of the providers; then defaults. Lists are not replaced but joined, the image set's own entries first: ami_regions,
// replication_regions, node_custom_roles_post, ansible_user_vars and PACKER_FLAGS. In the image set's variables and environment,
// {name}, {channel}, {flatcar}, {kubernetes}, {tooling}, {suffix} and {arch} stand for what they are in this build, as in the key
// of an S3 object: a source image that is chosen by hand can follow the version.
package packer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

// Input is a build and what the image set says about the providers that it serves.
type Input struct {
	Build     plan.BuildRun
	Providers map[string]imageset.Provider // by name; those that the build serves have to be there
}

// Output is what a build step reads. Nothing in it is a credential.
type Output struct {
	Variables   map[string]string // Packer variables; upstream wants their file as the last one in PACKER_VAR_FILES
	Environment map[string]string // environment of the make target
	Target      string            // make target
	Warnings    []string          // what may go wrong, or could not be checked; one sentence each
}

// For makes the variables, environment and target of a build. The error is of type [Errors], holds every problem, and comes
// with an empty output.
func For(in Input) (Output, error) {
	w := work{
		build: in.Build, providers: in.Providers,
		variables: map[string]string{}, environment: map[string]string{},
		fields: map[string]string{
			"name": in.Build.Image, "channel": in.Build.Channel, "flatcar": in.Build.Flatcar, "kubernetes": in.Build.Kubernetes,
			"tooling": in.Build.Tooling,
		},
	}
	if w.chooseBuilder() {
		w.all()
	}
	if len(w.problems) > 0 {
		return Output{}, w.problems
	}
	return Output{Variables: w.variables, Environment: w.environment, Target: in.Build.Target, Warnings: w.warnings}, nil
}

// work is a build whose output is being put together.
type work struct {
	build     plan.BuildRun
	providers map[string]imageset.Provider
	builder   builder
	known     names           // the variables that upstream reads
	release   *semver.Version // of image-builder; nil if the image set doesn't say
	fields    map[string]string

	variables   map[string]string
	environment map[string]string
	problems    Errors
	warnings    []string
}

// all puts everything together. Later steps see what earlier ones have set.
func (w *work) all() {
	w.checkRelease()
	w.checkImage()
	w.checkProviders()
	for key, value := range w.builder.defaults {
		w.variables[key] = expand(value, w.fields)
	}
	switch w.builder.upstream {
	case "ami":
		w.aws()
	case "azure":
		w.azure()
	case "ova":
		w.vsphere()
	}
	w.ownVariables()
	w.ownEnvironment()
	w.checkAzure()
	w.tools()
	w.checkText()
	w.fix()
	w.overwrite()
	w.checkGates()
	w.checkSources()
	if w.builder.note != "" {
		w.warn("builders."+w.build.Builder+".target", "is %s: %s", w.build.Target, expand(w.builder.note, w.fields))
	}
}

// chooseBuilder finds what upstream's target makes. Without that, nothing else can be checked.
func (w *work) chooseBuilder() bool {
	var found bool
	w.builder, found = builderOf(w.build.Target)
	path := "builders." + w.build.Builder + ".target"
	switch {
	case !found:
		w.fail(path, "is %q, which no release of image-builder has for Flatcar; the nearest is %s", w.build.Target,
			nearest(w.build.Target, targets()))
	case w.builder.unnameable != "":
		w.fail(path, "is %s, which %s: consumers would not find %s", w.build.Target,
			expand(w.builder.unnameable, w.fields), w.build.Image)
	default:
		w.known = variablesOf(w.builder.upstream)
		return true
	}
	return false
}

// fix sets what makes the image what its name says. On Flatcar only kubernetes_semver decides what is installed; the versions of
// packages feed upstream's own tests, and move along (packer/config/kubernetes.json).
func (w *work) fix() {
	major, minor, _ := cutVersion(w.build.Kubernetes)
	w.variables["kubernetes_semver"] = "v" + w.build.Kubernetes
	w.variables["kubernetes_series"] = "v" + major + "." + minor
	w.variables["kubernetes_deb_version"] = w.build.Kubernetes + "-1.1"
	w.variables["kubernetes_rpm_version"] = w.build.Kubernetes
	for key, value := range w.builder.fixed {
		w.variables[key] = expand(value, w.fields)
	}
	// Without the version, upstream takes the channel's newest one.
	w.environment["FLATCAR_CHANNEL"] = w.build.Channel
	w.environment["FLATCAR_VERSION"] = w.build.Flatcar
	for key, value := range w.builder.environment {
		w.environment[key] = expand(value, w.fields)
	}
}

func cutVersion(v string) (major, minor, patch string) {
	major, rest, _ := strings.Cut(v, ".")
	minor, patch, _ = strings.Cut(rest, ".")
	return major, minor, patch
}

// expand replaces the fields of an S3 key, such as {flatcar}, and nothing else: a shell's ${name} stays what it is.
func expand(text string, fields map[string]string) string {
	var b strings.Builder
	for text != "" {
		i := strings.IndexByte(text, '{')
		if i < 0 {
			break
		}
		field, tail, closed := strings.Cut(text[i+1:], "}")
		value, known := fields[field]
		if !closed || !known || (i > 0 && text[i-1] == '$') {
			b.WriteString(text[:i+1])
			text = text[i+1:]
			continue
		}
		b.WriteString(text[:i] + value)
		text = tail
	}
	return b.String() + text
}

// sorted walks a map by its keys, so that problems come in the same order every time.
func sorted(m map[string]string) func(yield func(string, string) bool) {
	return func(yield func(string, string) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}

func (w *work) fail(path, format string, args ...any) {
	w.problems = append(w.problems, Error{Path: path, Text: fmt.Sprintf(format, args...)})
}

func (w *work) warn(path, format string, args ...any) {
	w.warnings = append(w.warnings, Error{Path: path, Text: fmt.Sprintf(format, args...)}.Error())
}
