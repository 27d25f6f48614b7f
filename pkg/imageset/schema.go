package imageset

import (
	"encoding/json"

	"github.com/google/jsonschema-go/jsonschema"
)

//go:generate go run ./internal/genschema ../../docs/imageset.schema.json

// Schema is the JSON schema of the file, for editors and for [Decode], which reads by it.
func Schema() *jsonschema.Schema {
	s, err := jsonschema.For[ImageSet](nil)
	if err != nil {
		panic(err) // the types above are what is translated: nothing that a user gives can make it fail
	}
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "nodeimage image set"
	constant(s.Properties["apiVersion"], APIVersion)
	constant(s.Properties["kind"], Kind)
	naming := s.Properties["name"].Properties
	oneOf(naming["os"], "flatcar")
	oneOf(naming["channel"], "stable", "beta", "alpha", "lts")
	naming["suffix"].Pattern = `^[A-Za-z0-9]+(-[A-Za-z0-9]+)*$`
	s.Properties["builders"].MinProperties = jsonschema.Ptr(1)
	s.Properties["providers"].MinProperties = jsonschema.Ptr(1)
	builder := s.Properties["builders"].AdditionalProperties.Properties
	builder["target"].Pattern = `^[a-z0-9][a-z0-9.-]*$`
	builder["imageBuilder"].Pattern = `^v[0-9]+\.[0-9]+\.[0-9]+$`
	constrainProviders(s.Properties["providers"].AdditionalProperties.Properties)
	return s
}

func constrainProviders(provider map[string]*jsonschema.Schema) {
	aws, azure := provider["aws"].Properties, provider["azure"].Properties
	aws["owner"].Pattern = `^[0-9]{12}$`
	aws["regions"].MinItems = jsonschema.Ptr(1)
	aws["regions"].Items.Pattern = `^[a-z0-9]+(-[a-z0-9]+)*$`
	provider["vsphere"].Properties["folder"].Pattern = `^/.`
	azure["regions"].MinItems = jsonschema.Ptr(1)
	oneOf(aws["architecture"], "amd64", "arm64")
	oneOf(azure["architecture"], "amd64", "arm64")
	oneOf(azure["hyperVGeneration"], "V1", "V2")
	oneOf(azure["cloud"], "public", "usgovernment", "china")
	for _, text := range []*jsonschema.Schema{
		provider["builder"], provider["s3"].Properties["bucket"], provider["s3"].Properties["key"],
		provider["cloudDirector"].Properties["org"], provider["cloudDirector"].Properties["catalog"],
		provider["directory"].Properties["path"], provider["directory"].Properties["file"],
	} {
		text.MinLength = jsonschema.Ptr(1)
	}
	for _, prefixed := range []string{"vsphere", "cloudDirector"} {
		provider[prefixed].Properties["prefix"].Pattern = `^[A-Z][A-Z0-9_]*$`
	}
}

func oneOf(s *jsonschema.Schema, values ...string) {
	for _, v := range values {
		s.Enum = append(s.Enum, v)
	}
}

func constant(s *jsonschema.Schema, value any) { s.Const = &value }

// SchemaJSON is the schema as it is checked in.
func SchemaJSON() ([]byte, error) {
	b, err := json.MarshalIndent(Schema(), "", "  ")
	return append(b, '\n'), err
}
