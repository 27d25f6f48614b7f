package bump

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// Layout says where in a repository things are, as paths from its root with slashes.
type Layout struct {
	Images     string // directory whose *.yaml and *.yml are image sets, or just one of these files
	Roles      string // directory with a directory for every Ansible role; it need not be there; "" for none
	Dockerfile string // file with ARG IMAGE_BUILDER_VERSION; "" where the repository has none
}

// Tree is a repository's files at one state.
type Tree struct {
	Label string            // begins the names of files in problems, such as "v1.15.0:"
	Files map[string][]byte // by path from the root; those outside the layout are not read
}

// State is what one state of a repository bakes into images.
type State struct {
	ImageSets    map[string]*imageset.ImageSet // by file name below Layout.Images
	ImageBuilder string                        // the release of kubernetes-sigs/image-builder that the Dockerfile bundles; "" without one
	Roles        map[string]Role               // Ansible roles, by name
}

// Read makes a state of a tree. The error joins every problem: what has to be there and isn't, and what can't be read. A state
// without any image set is refused, because that its images have nothing in them is not what that means.
func Read(tree Tree, layout Layout) (State, error) {
	s := State{ImageSets: map[string]*imageset.ImageSet{}}
	var problems []error
	for file, content := range sorted(tree.Files) {
		if images := path.Clean(layout.Images); !isYAML(file) || (file != images && path.Dir(file) != images) {
			continue
		}
		set, err := imageset.Decode(tree.Label+file, content)
		problems = append(problems, err)
		s.ImageSets[path.Base(file)] = set
	}
	if len(s.ImageSets) == 0 {
		problems = append(problems, fmt.Errorf("%s%s has no image sets (*.yaml): --images says where they are", tree.Label, layout.Images))
	}
	var err error
	s.ImageBuilder, err = bundledRelease(tree, layout.Dockerfile)
	problems = append(problems, err)
	s.Roles = readRoles(tree.Files, layout.Roles)
	return s, errors.Join(problems...)
}

func isYAML(file string) bool { return slices.Contains([]string{".yaml", ".yml"}, path.Ext(file)) }

var releaseArgument = regexp.MustCompile(`(?mi)^[ \t]*ARG[ \t]+IMAGE_BUILDER_VERSION=["']?([^"'\s]+)`)

// bundledRelease reads the argument that capi-image-builder's own release tooling reads, too.
func bundledRelease(tree Tree, file string) (string, error) {
	if file == "" {
		return "", nil
	}
	content, found := tree.Files[path.Clean(file)]
	if !found {
		return "", fmt.Errorf("%s%s is missing: --dockerfile says where it is (\"\": there is none)", tree.Label, file)
	}
	m := releaseArgument.FindSubmatch(content)
	if m == nil {
		return "", fmt.Errorf("%s%s has no ARG IMAGE_BUILDER_VERSION=vX.Y.Z", tree.Label, file)
	}
	return string(m[1]), nil
}

// Warnings says where a state contradicts itself: builders that are meant for another release of image-builder than is bundled.
func (s State) Warnings() []string {
	var out []string
	for file, set := range sorted(s.ImageSets) {
		for name, b := range sorted(set.Builders) {
			if b.ImageBuilder != "" && s.ImageBuilder != "" && !sameVersion(b.ImageBuilder, s.ImageBuilder) {
				out = append(out, fmt.Sprintf("%s: builders.%s.imageBuilder is %s, but the Dockerfile bundles %s",
					file, name, b.ImageBuilder, s.ImageBuilder))
			}
		}
	}
	return out
}

func sameVersion(a, b string) bool { return strings.TrimPrefix(a, "v") == strings.TrimPrefix(b, "v") }
