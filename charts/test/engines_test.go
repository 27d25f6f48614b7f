// Package test renders the charts with the engines of Helm 3 and Helm 4, as helm template and helm install do.
package test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	chart3 "helm.sh/helm/v3/pkg/chart"
	loader3 "helm.sh/helm/v3/pkg/chart/loader"
	util3 "helm.sh/helm/v3/pkg/chartutil"
	engine3 "helm.sh/helm/v3/pkg/engine"
	common4 "helm.sh/helm/v4/pkg/chart/common"
	values4 "helm.sh/helm/v4/pkg/chart/common/util"
	archive4 "helm.sh/helm/v4/pkg/chart/loader/archive"
	chart4 "helm.sh/helm/v4/pkg/chart/v2"
	loader4 "helm.sh/helm/v4/pkg/chart/v2/loader"
	util4 "helm.sh/helm/v4/pkg/chart/v2/util"
	engine4 "helm.sh/helm/v4/pkg/engine"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// draw renders with values that went through YAML, as a user's do; Helm writes into those that it is given.
func draw(t *testing.T, run render, f files, values map[string]any, cluster *rest.Config) (map[string]string, error) {
	t.Helper()
	text, err := yaml.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	own := map[string]any{}
	if err := yaml.Unmarshal(text, &own); err != nil {
		t.Fatal(err)
	}
	return run(f, own, cluster)
}

// files are the files of a chart, by path. Its dependencies are in charts/, as helm dependency update leaves them.
type files map[string][]byte

// render gives the manifests by path of their template. Without a cluster nothing is looked up.
type render func(f files, values map[string]any, cluster *rest.Config) (map[string]string, error)

// engines are the renderers that every test runs with.
var engines = map[string]render{"helm 3": render3, "helm 4": render4}

func render3(f files, values map[string]any, cluster *rest.Config) (map[string]string, error) {
	c, err := load3(f)
	if err != nil {
		return nil, fmt.Errorf("loading the chart: %w", err)
	}
	if err := util3.ProcessDependencies(c, values); err != nil {
		return nil, fmt.Errorf("processing dependencies: %w", err)
	}
	all, err := util3.ToRenderValues(c, values, util3.ReleaseOptions{Name: "demo", Namespace: "org-demo", IsInstall: true}, nil)
	if err != nil {
		return nil, fmt.Errorf("merging values: %w", err)
	}
	if cluster == nil {
		return engine3.Render(c, all)
	}
	return engine3.RenderWithClient(c, all, cluster)
}

func load3(f files) (*chart3.Chart, error) {
	var buffered []*loader3.BufferedFile
	for path, data := range f {
		buffered = append(buffered, &loader3.BufferedFile{Name: path, Data: data})
	}
	return loader3.LoadFiles(buffered)
}

func render4(f files, values map[string]any, cluster *rest.Config) (map[string]string, error) {
	c, err := load4(f)
	if err != nil {
		return nil, fmt.Errorf("loading the chart: %w", err)
	}
	if err := util4.ProcessDependencies(c, values); err != nil {
		return nil, fmt.Errorf("processing dependencies: %w", err)
	}
	all, err := values4.ToRenderValues(c, values, common4.ReleaseOptions{Name: "demo", Namespace: "org-demo", IsInstall: true}, nil)
	if err != nil {
		return nil, fmt.Errorf("merging values: %w", err)
	}
	if cluster == nil {
		return engine4.Render(c, all)
	}
	return engine4.RenderWithClient(c, all, cluster)
}

func load4(f files) (*chart4.Chart, error) {
	var buffered []*archive4.BufferedFile
	for path, data := range f {
		buffered = append(buffered, &archive4.BufferedFile{Name: path, Data: data})
	}
	return loader4.LoadFiles(buffered)
}

// read adds the files under a folder, below a prefix.
func (f files) read(t *testing.T, folder, prefix string) {
	t.Helper()
	root := os.DirFS(folder)
	err := fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		f[prefix+filepath.ToSlash(path)], err = fs.ReadFile(root, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// example is the example chart with the library in charts/.
func example(t *testing.T) files {
	t.Helper()
	f := files{}
	f.read(t, "../example", "")
	f.read(t, "../nodeimage", "charts/nodeimage/")
	return f
}

// manifests gives the objects that were rendered, by kind.
func manifests(t *testing.T, rendered map[string]string) map[string]any {
	t.Helper()
	out := map[string]any{}
	for path, text := range rendered {
		for document := range strings.SplitSeq(text, "\n---\n") {
			if strings.TrimSpace(document) == "" {
				continue
			}
			var object map[string]any
			if err := yaml.Unmarshal([]byte(document), &object); err != nil {
				t.Fatalf("%s: %v\n%s", path, err, document)
			}
			out[object["kind"].(string)] = object
		}
	}
	return out
}

// at follows keys into an object. It gives nil where there is nothing.
func at(object map[string]any, keys ...string) any {
	var value any = object
	for _, key := range keys {
		inner, _ := value.(map[string]any)
		value = inner[key]
	}
	return value
}
