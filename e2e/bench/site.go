package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/imageset"
	"github.com/giantswarm/nodeimage/pkg/inventory"
	"github.com/giantswarm/nodeimage/pkg/name"
	"github.com/giantswarm/nodeimage/pkg/provider/aws"
	"github.com/giantswarm/nodeimage/pkg/provider/azure"
	"github.com/giantswarm/nodeimage/pkg/provider/clouddirector"
	"github.com/giantswarm/nodeimage/pkg/provider/s3"
	"github.com/giantswarm/nodeimage/pkg/provider/vsphere"
)

// The size of what is measured. Every request takes as long as one to a distant region.
const (
	many    = 77  // names that are looked for at once
	few     = 25  // names that are also looked for one by one, which takes its time
	older   = 200 // images of former releases, which every place has gathered
	latency = 50 * time.Millisecond
)

// The places of a [clouds.Box].
const (
	owner   = "706635527432"
	group   = "cluster-api-images"
	gallery = "CapzFlatcar"
	bucket  = "gs-public-capi-vm-images"
	key     = "capv/{name}/flatcar-{channel}-{flatcar}-kube-v{kubernetes}.ova"
	folder  = "/dc/vm/templates"
	org     = "giantswarm"
	catalog = "giantswarm"
)

// The versions of the images: Kubernetes is the one that differs.
const (
	flatcar = "3815.2.5"
	tooling = "1.15.0"
)

// regions are those of the plan, of which the comparison takes the first 8.
func regions() []string {
	return []string{
		"eu-central-1", "eu-north-1", "eu-west-1", "eu-west-2", "eu-west-3", "sa-east-1", "us-east-1", "us-west-1",
		"ap-east-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-south-1", "ap-southeast-1", "ap-southeast-2",
		"ca-central-1", "eu-central-2", "eu-south-1", "us-east-2", "us-west-2",
	}
}

// providers are one of each type.
func providers(regions []string) map[string]imageset.Provider {
	return map[string]imageset.Provider{
		"capa": {Builder: "ami", AWS: &imageset.AWS{Owner: owner, Regions: regions}},
		"capz": {Builder: "sig", Azure: &imageset.Azure{ResourceGroup: group, Gallery: gallery, Regions: []string{"westeurope"}}},
		"capv": {Builder: "ova", S3: &imageset.S3{Bucket: bucket, Region: "eu-central-1", Key: key}},
		"site": {Builder: "ova", VSphere: &imageset.VSphere{Folder: folder}},
		"vcd":  {Builder: "ova", CloudDirector: &imageset.CloudDirector{Org: org, Catalog: catalog}},
	}
}

func sourcesOf(ctx context.Context, p imageset.Provider) ([]inventory.Source, error) {
	switch p.Type() {
	case imageset.TypeAWS:
		return aws.New(ctx, *p.AWS, aws.Options{})
	case imageset.TypeAzure:
		return azure.New(*p.Azure, azure.Options{Getenv: os.Getenv})
	case imageset.TypeS3:
		return s3.New(ctx, *p.S3, s3.Options{})
	case imageset.TypeVSphere:
		return vsphere.New(*p.VSphere, vsphere.Options{Getenv: os.Getenv})
	case imageset.TypeCloudDirector:
		return clouddirector.New(*p.CloudDirector, clouddirector.Options{Getenv: os.Getenv})
	}
	return nil, fmt.Errorf("no source for providers of type %s", p.Type())
}

// site is a cloud in a box with images in it, and a directory for files.
type site struct {
	box    *clouds.Box
	dir    string
	images []inventory.Image // every second one exists
	before []string          // the environment without the box
}

// newSite starts the clouds and makes their environment that of this process, from which the SDKs take it.
func newSite() (*site, error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	s := &site{dir: dir, before: os.Environ()}
	if s.box, err = clouds.NewBox(dir); err == nil {
		err = errors.Join(s.fill(), s.enter())
	}
	if err != nil {
		return nil, errors.Join(err, s.close())
	}
	s.box.Latency(latency)
	return s, nil
}

// enter replaces what the environment says about clouds.
func (s *site) enter() error {
	var errs []error
	for _, line := range s.before {
		variable, _, _ := strings.Cut(line, "=")
		prefix, _, _ := strings.Cut(variable, "_")
		if slices.Contains([]string{"AWS", "AZURE", "GOVC", "VCD"}, prefix) {
			errs = append(errs, os.Unsetenv(variable))
		}
	}
	return errors.Join(append(errs, setAll(s.box.Environment()))...)
}

// close ends the clouds and restores the environment.
func (s *site) close() error {
	if s.box != nil {
		s.box.Close()
	}
	os.Clearenv()
	return errors.Join(setAll(s.before), os.RemoveAll(s.dir))
}

func setAll(lines []string) error {
	var errs []error
	for _, line := range lines {
		variable, value, _ := strings.Cut(line, "=")
		errs = append(errs, os.Setenv(variable, value))
	}
	return errors.Join(errs...)
}

// fill puts every second of the images that will be looked for into all places, and older ones beside them.
func (s *site) fill() error {
	for i := range older {
		image, err := newImage(fmt.Sprintf("1.28.%d", i), "1.14.0")
		if err != nil {
			return err
		}
		s.put(image)
	}
	for i := range many {
		image, err := newImage(kubernetes(i), tooling)
		if err != nil {
			return err
		}
		s.images = append(s.images, image)
		if i%2 == 0 {
			s.put(image)
		}
	}
	return nil
}

func kubernetes(i int) string { return fmt.Sprintf("1.29.%d", i) }

// existing is how many of the first n images exist.
func existing(n int) int { return (n + 1) / 2 }

func newImage(kubernetes, tooling string) (inventory.Image, error) {
	n, err := name.New(name.Name{Flatcar: flatcar, Kubernetes: kubernetes, Tooling: tooling, Suffix: name.DefaultSuffix}, name.Options{})
	return inventory.Image{Name: n, Lookup: n.String()}, err
}

func (s *site) put(image inventory.Image) {
	for _, region := range regions() {
		s.box.EC2.AddImage(region, clouds.AMI{Name: image.Lookup})
	}
	s.box.Azure.PutVersion(gallery, image.Lookup, clouds.AzureVersion{
		Name: image.Name.Flatcar, Regions: map[string]string{"West Europe": "Completed"},
	})
	s.box.S3.PutObject(bucket, keyOf(image), clouds.S3Object{Body: []byte("an image")})
	s.box.VSphere.AddMachine(folder, clouds.VirtualMachine{Name: image.Lookup})
	s.box.VCD.AddTemplate(org, catalog, clouds.VCDTemplate{Name: image.Lookup})
}

// keyOf is the key of an image. Its template has no field that images lack.
func keyOf(image inventory.Image) string {
	expanded, _ := imageset.Expand(key, image.Fields())
	return expanded
}
