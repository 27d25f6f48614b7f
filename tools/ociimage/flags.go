package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// imageSpec is what the command line asks for, checked.
type imageSpec struct {
	tag      name.Tag     // full reference, registry and tag included
	tree     bool         // the binaries are directories, which become whole root file systems
	binaries []executable // one per platform, in the order of the platforms' names
	path     string       // where the binary lies in the image, absolute; not for trees
	config   v1.Config    // what the image runs, and as whom
	format   string       // a key of forms
	output   string       // file to write
	created  time.Time    // time stamp of everything in the image
}

// executable is a file or a directory on this machine and the platform that it runs on.
type executable struct {
	platform v1.Platform
	file     string
}

// rawFlags are the flags as they were given, before anything is checked, so
// that all problems can be told at once.
type rawFlags struct {
	name, path, format, output string
	binaries, labels           []string
	tree                       rawTree
}

// parse reads and checks the command line. The error holds every problem, or is
// flag.ErrHelp where the usage was asked for.
func parse(args []string, epoch string, stderr io.Writer) (imageSpec, error) {
	var raw rawFlags
	flags := flag.NewFlagSet("ociimage", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&raw.name, "name", "", "image `reference` with registry and tag")
	flags.StringVar(&raw.path, "path", "", "absolute `path` of the binary in the image; becomes the entrypoint")
	flags.StringVar(&raw.format, "format", "oci", "oci: image layout with an index of all platforms; docker: docker-save, one platform")
	flags.StringVar(&raw.output, "output", "", "`file` to write")
	flags.Func("binary", "`platform=file` of a static binary, like linux/amd64=bin/x; once per platform", gather(&raw.binaries))
	flags.Func("label", "`key=value` to label the image with; may be repeated", gather(&raw.labels))
	raw.tree.register(flags)
	if err := flags.Parse(args); err != nil {
		return imageSpec{}, err
	}
	if flags.NArg() > 0 {
		return imageSpec{}, fmt.Errorf("arguments that no flag takes: %s", strings.Join(flags.Args(), " "))
	}
	return raw.check(epoch)
}

func gather(into *[]string) func(string) error {
	return func(value string) error {
		*into = append(*into, value)
		return nil
	}
}

// check turns the flags into a spec, or says everything that is wrong with them.
func (raw rawFlags) check(epoch string) (imageSpec, error) {
	tag, errName := name.NewTag(raw.name, name.StrictValidation)
	if errName != nil {
		errName = fmt.Errorf("-name %q: want registry, repository and tag: %w", raw.name, errName)
	}
	labels, errLabels := parseLabels(raw.labels)
	created, errEpoch := parseEpoch(epoch)
	spec := imageSpec{tag: tag, path: raw.path, format: raw.format, output: raw.output, created: created}
	errContent := raw.content(&spec)
	spec.config.Labels = labels
	return spec, errors.Join(errName, errContent, errLabels,
		checkFormat(raw.format, len(raw.binaries)), checkOutput(raw.output), errEpoch)
}

// content says what goes into the image and how it runs.
func (raw rawFlags) content(spec *imageSpec) (err error) {
	if raw.tree.root != "" {
		spec.tree = true
		spec.binaries, spec.config, err = raw.tree.check(raw)
		return err
	}
	spec.config = v1.Config{User: nonroot, Entrypoint: []string{raw.path}}
	spec.binaries, err = parseBinaries(raw.binaries)
	return errors.Join(checkPath(raw.path), err, raw.tree.unused())
}

// parseBinaries reads platform=file pairs. The order of the flags must not
// show in the image, so the result is ordered by platform.
func parseBinaries(pairs []string) ([]executable, error) {
	if len(pairs) == 0 {
		return nil, errors.New("-binary: at least one is needed")
	}
	var problems []error
	files := map[string]executable{}
	for _, pair := range pairs {
		b, err := parseBinary(pair)
		key := b.platform.String()
		switch {
		case err != nil:
			problems = append(problems, fmt.Errorf("-binary %s: %w", pair, err))
		case files[key].file != "":
			problems = append(problems, fmt.Errorf("-binary %s: %s is given twice", pair, key))
		default:
			files[key] = b
		}
	}
	sorted := slices.SortedFunc(maps.Values(files), func(a, b executable) int {
		return cmp.Compare(a.platform.String(), b.platform.String())
	})
	return sorted, errors.Join(problems...)
}

func parseBinary(pair string) (executable, error) {
	platform, file, _ := strings.Cut(pair, "=")
	if file == "" {
		return executable{}, errors.New("want platform=file")
	}
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		return executable{}, err
	}
	return executable{platform: *p, file: file}, checkStatic(file, *p)
}

func parseLabels(pairs []string) (map[string]string, error) {
	labels := map[string]string{}
	var problems []error
	for _, pair := range pairs {
		key, value, found := strings.Cut(pair, "=")
		if !found || key == "" {
			problems = append(problems, fmt.Errorf("-label %s: want key=value", pair))
			continue
		}
		labels[key] = value
	}
	return labels, errors.Join(problems...)
}

func parseEpoch(seconds string) (time.Time, error) {
	if seconds == "" {
		return time.Unix(0, 0).UTC(), nil
	}
	n, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, fmt.Errorf("SOURCE_DATE_EPOCH is %q: want seconds since 1970", seconds)
	}
	return time.Unix(n, 0).UTC(), nil
}

// checkPath wants a clean absolute path that none of the image's own files needs.
func checkPath(p string) error {
	if !path.IsAbs(p) || path.Clean(p) != p || p == "/" {
		return fmt.Errorf("-path %q: want the absolute path of a file", p)
	}
	if first := strings.Split(p, "/")[1]; first == "etc" || first == "tmp" {
		return fmt.Errorf("-path %s: /etc and /tmp are the image's own", p)
	}
	return nil
}

func checkFormat(format string, platforms int) error {
	form, known := forms[format]
	if !known {
		return fmt.Errorf("-format %q: want one of %s", format, strings.Join(slices.Sorted(maps.Keys(forms)), ", "))
	}
	if form.onePlatform && platforms > 1 {
		return fmt.Errorf("-format %s: holds one platform, but -binary is given %d times", format, platforms)
	}
	return nil
}

func checkOutput(file string) error {
	if file == "" {
		return errors.New("-output: a file is needed")
	}
	return nil
}
