package customrun

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tektoncd/pipeline/pkg/apis/pipeline"
	"github.com/tektoncd/pipeline/pkg/apis/pipeline/v1beta1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation"
)

// Param is a param of the custom task, with the value that it has where it is not given.
type Param struct{ Name, Default string }

// imagesParam names the key of the ConfigMap that has the image set; the others are flags of nodeimage plan.
const imagesParam = "images"

// Params are all params, in the order of the arguments that are made of them: those of the task nodeimage-plan, but for its Secrets.
func Params() []Param {
	return []Param{
		{imagesParam, "images.yaml"},
		{"tooling", ""},
		{"flatcar", ""},
		{"kubernetes", ""},
		{"provider", "all"},
		{"suffix", ""},
		{"force", "false"},
		{"on-unknown", "fail"},
		{"wait", "false"},
	}
}

// request is what a CustomRun asks for.
type request struct {
	params    map[string]string
	configMap string // "": the image set is not in one
	key       string // of the image set in the ConfigMap
	inline    []byte
	problems  error // everything that is wrong with the CustomRun, as far as nodeimage does not find it
}

// inlineFile is what an inline image set is called in messages.
const inlineFile = "customSpec.spec"

// file is what the image set is called.
func (r request) file() string { return cmp.Or(r.key, inlineFile) }

// Arguments are those of nodeimage for the params, with an image set and for what is written into the folder output: those of the
// step of the task nodeimage-plan, to the letter, but for the last, which writes results into files of Tekton's.
func Arguments(params map[string]string, imageSet, output string) []string {
	args := []string{"plan"}
	for _, p := range Params() {
		value := params[p.Name]
		if p.Name == imagesParam {
			value = imageSet
		}
		args = append(args, "--"+p.Name+"="+value)
	}
	return append(args,
		"--output=table",
		"--output=table="+filepath.Join(output, tableFile),
		"--output=json="+filepath.Join(output, documentFile),
	)
}

// read takes a CustomRun apart.
func read(run *v1beta1.CustomRun) request {
	r := request{params: make(map[string]string)}
	problems := []error{r.readParams(run.Spec.Params)}
	switch {
	case run.Spec.CustomRef != nil:
		problems = append(problems, r.readRef(run.Spec.CustomRef))
	case run.Spec.CustomSpec != nil:
		problems = append(problems, r.readSpec(run))
	}
	for _, w := range run.Spec.Workspaces {
		problems = append(problems, fmt.Errorf("workspace %s: there are none, the image set is in a ConfigMap or in customSpec", w.Name))
	}
	r.problems = errors.Join(problems...)
	return r
}

func (r request) readParams(given v1beta1.Params) error {
	var problems []error
	for _, p := range Params() {
		r.params[p.Name] = p.Default
	}
	for i, p := range given {
		_, known := r.params[p.Name]
		switch {
		case !known:
			problems = append(problems, fmt.Errorf("param %s: the params are %s", p.Name, strings.Join(names(), ", ")))
		case p.Value.Type != v1beta1.ParamTypeString && p.Value.Type != "":
			problems = append(problems, fmt.Errorf("param %s: must be a string, and is an %s; a list is one string with commas", p.Name, p.Value.Type))
		case slices.ContainsFunc(given[:i], func(other v1beta1.Param) bool { return other.Name == p.Name }):
			problems = append(problems, fmt.Errorf("param %s: is given twice", p.Name))
		default:
			r.params[p.Name] = p.Value.StringVal
		}
	}
	return errors.Join(problems...)
}

func names() []string {
	var all []string
	for _, p := range Params() {
		all = append(all, p.Name)
	}
	return all
}

func (r *request) readRef(ref *v1beta1.TaskRef) error {
	var problems []error
	if ref.Name == "" {
		problems = append(problems, errors.New("customRef.name is missing: the ConfigMap with the image set"))
	} else if wrong := validation.IsDNS1123Subdomain(ref.Name); len(wrong) > 0 {
		problems = append(problems, fmt.Errorf("customRef.name %q: no ConfigMap can have this name: %s", ref.Name, strings.Join(wrong, "; ")))
	} else {
		r.configMap = ref.Name
	}
	if ref.Resolver != "" || len(ref.Params) > 0 {
		problems = append(problems, errors.New("customRef: resolvers are not supported, only the name of a ConfigMap"))
	}
	// The key becomes the name of a file.
	r.key = r.params[imagesParam]
	if wrong := validation.IsConfigMapKey(r.key); len(wrong) > 0 {
		problems = append(problems, fmt.Errorf("param images: %q is no key of a ConfigMap: %s", r.key, strings.Join(wrong, "; ")))
		r.configMap, r.key = "", imagesParam
	}
	return errors.Join(problems...)
}

func (r *request) readSpec(run *v1beta1.CustomRun) error {
	var problems []error
	if r.inline = run.Spec.CustomSpec.Spec.Raw; string(r.inline) == "null" {
		r.inline = nil
	}
	if len(r.inline) == 0 {
		problems = append(problems, errors.New("customSpec.spec is missing: the image set"))
	}
	if run.Spec.GetParam(imagesParam) != nil {
		problems = append(problems, errors.New("param images: it names a key of a ConfigMap, and the image set is in customSpec"))
	}
	return errors.Join(problems...)
}

// waits reports whether an attempt may wait for another PipelineRun, which takes hours.
func (r request) waits() bool { return r.params["wait"] == "true" }

// getenv is the environment of an attempt: the controller's, and the PipelineRun that owns the CustomRun, for which builds are claimed.
func getenv(outer func(string) string, run *v1beta1.CustomRun) func(string) string {
	own := map[string]string{"NODEIMAGE_NAMESPACE": run.Namespace, "NODEIMAGE_PIPELINE_RUN": "", "NODEIMAGE_PIPELINE_RUN_UID": ""}
	if owner := metav1.GetControllerOf(run); owner != nil && owner.Kind == pipeline.PipelineRunControllerName {
		own["NODEIMAGE_PIPELINE_RUN"], own["NODEIMAGE_PIPELINE_RUN_UID"] = owner.Name, string(owner.UID)
	}
	return func(name string) string {
		if value, ok := own[name]; ok {
			return value
		}
		return outer(name)
	}
}
