package plan

import (
	"encoding/json"
	"strings"

	"github.com/giantswarm/nodeimage/pkg/inventory"
)

// Only is the part of a plan that is about one build, as a plan of its own: the build, its versions and the images that it serves.
// What looking cost stays with the whole plan. It is false where the plan has no such build.
func Only(p Plan, key string) (Plan, bool) {
	only := Plan{
		APIVersion: p.APIVersion, Kind: p.Kind, OnUnknown: p.OnUnknown,
		Images: []Image{}, Builds: []BuildRun{}, Requests: []inventory.Request{},
	}
	for _, b := range p.Builds {
		if b.Key == key {
			only.Builds = append(only.Builds, b)
			only.Versions = Versions{b.Tooling, FlatcarVersions{b.Channel, []string{b.Flatcar}}, []string{b.Kubernetes}}
		}
	}
	for _, image := range p.Images {
		if image.Build == key {
			only.Images = append(only.Images, image)
			only.Summary.count(image.Decision)
		}
	}
	return only, len(only.Builds) > 0
}

// Argument is the plan document in one line, for a parameter or an argument. It has no $, which Tekton and Kubernetes would take for
// the beginning of a reference, as in $(params.build) or $(HOME): JSON has another way to write it.
func (p Plan) Argument() (string, error) {
	b, err := json.Marshal(p)
	return strings.ReplaceAll(string(b), "$", `\u0024`), err
}
