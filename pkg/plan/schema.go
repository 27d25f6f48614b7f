package plan

import (
	"encoding/json"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/giantswarm/nodeimage/pkg/imageset"
)

//go:generate go run ./internal/genschema ../../docs/plan.schema.json

// Schema is the JSON schema of plans. A plan of a later version may have fields that it does not know.
func Schema() *jsonschema.Schema {
	s, err := jsonschema.For[Plan](nil)
	if err != nil {
		panic(err) // the types are what is translated: nothing that a user gives can make it fail
	}
	s.Schema = "https://json-schema.org/draft/2020-12/schema"
	s.Title = "nodeimage plan"
	open(s)
	enum(s.Properties["apiVersion"], APIVersion)
	enum(s.Properties["kind"], Kind)
	enum(s.Properties["onUnknown"], UnknownFails, UnknownSkips, UnknownBuild)
	image := s.Properties["images"].Items.Properties
	enum(image["type"], imageset.TypeAWS, imageset.TypeAzure, imageset.TypeS3, imageset.TypeVSphere, imageset.TypeCloudDirector, imageset.TypeDirectory)
	enum(image["decision"], Skip, Build, Replicate, Wait, Undecided)
	enum(image["findings"].Items.Properties["state"], "present", "pending", "failed", "absent", "unknown")
	return s
}

func enum[T ~string](s *jsonschema.Schema, values ...T) {
	for _, v := range values {
		s.Enum = append(s.Enum, string(v))
	}
}

// open lets objects have fields that this version does not know, since fields are added to plans.
func open(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if s.Properties != nil {
		s.AdditionalProperties = nil
	}
	for _, property := range s.Properties {
		open(property)
	}
	open(s.Items)
}

// SchemaJSON is the schema as it is checked in.
func SchemaJSON() ([]byte, error) {
	b, err := json.MarshalIndent(Schema(), "", "  ")
	return append(b, '\n'), err
}
