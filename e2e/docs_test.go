package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

// imageSet is the beginning of an image set that stands in documentation. What it lacks to be one are its providers.
const imageSet = `apiVersion: nodeimage.giantswarm.io/v1alpha1
kind: ImageSet
`

const providersDoc = "../docs/providers.md"

// fences returns the code blocks of a language in a Markdown text.
func fences(text, language string) []string {
	var blocks []string
	for {
		_, rest, found := strings.Cut(text, "\n```"+language+"\n")
		if !found {
			return blocks
		}
		block, after, _ := strings.Cut(rest, "\n```\n")
		blocks = append(blocks, block+"\n")
		text = "\n" + after
	}
}

func readDoc(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDocumentedImageSets holds every image set in the documentation to the rules of image sets.
func TestDocumentedImageSets(t *testing.T) {
	t.Parallel()
	docs, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range append(docs, "../README.md", "../CONTRIBUTING.md") {
		for _, block := range fences(readDoc(t, file), "yaml") {
			if !strings.HasPrefix(block, imageSet) {
				continue
			}
			found++
			if _, err := imageset.Decode(file, []byte(block)); err != nil {
				t.Errorf("%v\nin\n%s", err, block)
			}
		}
	}
	if found == 0 {
		t.Error("there is no image set in the documentation")
	}
}

// TestDocumentedProviders holds every example of a provider to the rules of image sets, and wants one of each type.
func TestDocumentedProviders(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, block := range fences(readDoc(t, providersDoc), "yaml") {
		if strings.HasPrefix(block, imageSet) {
			continue
		}
		set, err := imageset.Decode(providersDoc, []byte(imageSet+
			"builders: {ami: {target: make}, sig: {target: make}, ova: {target: make}, raw: {target: make}}\n"+
			"providers:\n  "+strings.ReplaceAll(block, "\n", "\n  ")))
		if err != nil {
			t.Errorf("%v\nin\n%s", err, block)
			continue
		}
		for _, p := range set.Providers {
			seen[p.Type()] = true
		}
	}
	for _, kind := range []string{
		imageset.TypeAWS, imageset.TypeAzure, imageset.TypeS3, imageset.TypeVSphere, imageset.TypeCloudDirector, imageset.TypeDirectory,
	} {
		if !seen[kind] {
			t.Errorf("%s has no example of a provider of type %s", providersDoc, kind)
		}
	}
}

// TestDocumentedSettings wants every setting of every type named where the type is described.
func TestDocumentedSettings(t *testing.T) {
	t.Parallel()
	doc := readDoc(t, providersDoc)
	for kind, settings := range map[string]any{
		imageset.TypeAWS: imageset.AWS{}, imageset.TypeAzure: imageset.Azure{}, imageset.TypeS3: imageset.S3{},
		imageset.TypeVSphere: imageset.VSphere{}, imageset.TypeCloudDirector: imageset.CloudDirector{},
		imageset.TypeDirectory: imageset.Directory{},
	} {
		_, section, _ := strings.Cut(doc, "\n## "+kind+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		_, section, _ = strings.Cut(section, "\n**Settings**")
		section, _, _ = strings.Cut(section, "\n\n")
		for i := range reflect.TypeOf(settings).NumField() {
			name, _, _ := strings.Cut(reflect.TypeOf(settings).Field(i).Tag.Get("json"), ",")
			if !strings.Contains(section, "`"+name+"`") {
				t.Errorf("%s does not list the setting %s of type %s", providersDoc, name, kind)
			}
		}
	}
}

// TestDocumentedPolicies wants the policies and roles in the documentation to be JSON, so that they can be pasted.
func TestDocumentedPolicies(t *testing.T) {
	t.Parallel()
	policies := fences(readDoc(t, providersDoc), "json")
	for _, policy := range policies {
		if !json.Valid([]byte(policy)) {
			t.Errorf("not JSON:\n%s", policy)
		}
	}
	if len(policies) == 0 {
		t.Error("there is no policy in " + providersDoc)
	}
}
