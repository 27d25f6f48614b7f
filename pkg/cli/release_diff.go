package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/release"
)

// diffFlags are the flags of nodeimage release diff.
type diffFlags struct {
	before, after string // image sets
	repo, images  string // a checkout of capi-image-builder, and the image set in it
	form          string
	prereleases   bool
}

func newReleaseDiff(env Environment) *cobra.Command {
	var f diffFlags
	cmd := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Tell what changes between two releases, and whether that needs a new node image",
		Long: "Diff compares the components of two Release resources of a provider, and prints lines for release notes. With the image set of\n" +
			"each tooling version it tells which tools change too: from two files, or from a git checkout of capi-image-builder, where the\n" +
			"image set is read at the tags of the two tooling versions. Nothing is looked up.",
		Example: "  nodeimage release diff capa/v29.1.0/release.yaml capa/v30.0.0/release.yaml\n" +
			"  nodeimage release diff capa/v29.1.0/release.yaml capa/v30.0.0/release.yaml --repo ../capi-image-builder",
		Args: usage(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, args []string) error { return runReleaseDiff(cmd.Context(), env, f, args) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.before, "images-old", "", "image set of the old release's tooling version")
	flags.StringVar(&f.after, "images-new", "", "image set of the new release's tooling version")
	flags.StringVar(&f.repo, "repo", "", "git checkout of capi-image-builder, to read the image set at both tooling versions' tags")
	flags.StringVar(&f.images, "images", "images/giantswarm.yaml", "with --repo: the image set's path in it")
	flags.BoolVar(&f.prereleases, "allow-prerelease", false, "accept pre-releases of Kubernetes and the tooling")
	flags.StringVarP(&f.form, "output", "o", "notes", "form of the result: notes (Markdown) or json")
	return cmd
}

func runReleaseDiff(ctx context.Context, env Environment, f diffFlags, args []string) error {
	before, beforeErr := oneRelease(args[0])
	after, afterErr := oneRelease(args[1])
	if err := inputError(beforeErr, afterErr, f.check()); err != nil {
		return err
	}
	old, oldErr := f.side(ctx, before, f.before)
	current, currentErr := f.side(ctx, after, f.after)
	if err := inputError(oldErr, currentErr); err != nil {
		return err
	}
	var opts release.Options
	opts.Name.AllowPrerelease = f.prereleases
	d, err := release.Compare(old, current, opts)
	if err != nil {
		return inputError(err)
	}
	if f.form == "json" {
		return writeDiffJSON(env.Stdout, d)
	}
	return release.Notes(env.Stdout, d)
}

func writeDiffJSON(w io.Writer, d release.Diff) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(d)
}

func (f diffFlags) check() error {
	var problems []error
	if !slices.Contains([]string{"notes", "json"}, f.form) {
		problems = append(problems, fmt.Errorf("-o %q: the forms are json, notes", f.form))
	}
	if (f.before == "") != (f.after == "") {
		problems = append(problems, errors.New("--images-old and --images-new need each other"))
	}
	if f.repo != "" && f.before+f.after != "" {
		problems = append(problems, errors.New("--repo can't stand beside --images-old and --images-new"))
	}
	return errors.Join(problems...)
}

// oneRelease reads a file that has one Release.
func oneRelease(file string) (release.Release, error) {
	releases, err := readRelease(releaseFile{file, true})
	switch {
	case err != nil:
		return release.Release{}, err
	case len(releases) != 1:
		return release.Release{}, fmt.Errorf("%s: has %d Releases of %s, but must have one", file, len(releases), release.ResourceVersion)
	}
	return releases[0], nil
}

// side is a release with the image set of its tooling version, where that is to be had. A legacy release does not tell its own.
func (f diffFlags) side(ctx context.Context, r release.Release, file string) (release.Side, error) {
	tooling := r.Components[release.Tooling].Version
	var set *imageset.ImageSet
	var err error
	switch {
	case file != "":
		set, err = imageset.Load(file)
	case f.repo != "" && tooling != "":
		set, err = imagesAt(ctx, f.repo, "v"+strings.TrimPrefix(tooling, "v"), f.images)
	}
	return release.Side{Release: r, Set: set}, err
}

// imagesAt reads the image set that a git repository has at a tag.
func imagesAt(ctx context.Context, repo, tag, path string) (*imageset.ImageSet, error) {
	var out, problem bytes.Buffer
	place := "refs/tags/" + tag + ":" + path
	cmd := exec.CommandContext(ctx, "git", "-C", repo, "show", "--end-of-options", place)
	cmd.Stdout, cmd.Stderr = &out, &problem
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("--repo %s: reading %s at %s: git: %w: %s", repo, path, tag, err, strings.Join(strings.Fields(problem.String()), " "))
	}
	return imageset.Decode(tag+":"+path, out.Bytes())
}
