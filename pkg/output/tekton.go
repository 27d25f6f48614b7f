package output

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/giantswarm/nodeimage/pkg/plan"
)

// tektonLimit is what all results of a task may take together, in bytes. Tekton passes them through the message that a container
// ends with, of 4,096 bytes, in which it quotes them and puts names beside them
// (https://tekton.dev/docs/pipelines/tasks/#emitting-results).
const tektonLimit = 3072

// Result is a result of a Tekton task: its name and its value.
type Result struct {
	Name    string
	Content []byte
}

// Results makes the results of a plan. Every result is always there, also where there is nothing to do, since a result that is
// declared and not written fails whoever reads it; none ends in a line break, which Tekton would keep.
//
//   - builds, replicate: arrays of keys
//   - count, unknown: the number of builds, and of images that could not be checked
//   - image-name: the name where the plan has exactly one, else empty
func Results(p plan.Plan) []Result {
	builds, replicate := []string{}, []string{}
	for _, b := range p.Builds {
		builds = append(builds, b.Key)
	}
	for _, image := range p.Images {
		if image.Decision == plan.Replicate {
			replicate = append(replicate, image.Build)
		}
	}
	return []Result{
		{"builds", array(builds)},
		{"count", []byte(strconv.Itoa(len(builds)))},
		{"replicate", array(replicate)},
		{"image-name", []byte(onlyImage(p))},
		{"unknown", []byte(strconv.Itoa(p.Summary.Unknown))},
	}
}

// Tekton makes the results of a plan task. It is an error if they are too long: Tekton would cut them off.
func Tekton(p plan.Plan) ([]Result, error) {
	results := Results(p)
	total := 0
	for _, r := range results {
		total += len(r.Content)
	}
	if total > tektonLimit {
		return nil, fmt.Errorf("the results of %d builds and %d replications take %d bytes, but Tekton passes on %d: plan fewer images at a time (--provider, --kubernetes)",
			len(p.Builds), p.Summary.Replicate, total, tektonLimit)
	}
	return results, nil
}

// array is a JSON array as Tekton reads one: strings only, and no white space before it.
func array(keys []string) []byte {
	b, err := json.Marshal(keys)
	if err != nil {
		panic(err) // strings are always JSON
	}
	return b
}
