// Package e2e tests nodeimage from outside: as a command, and as a tree of packages.
package e2e

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/giantswarm/nodeimage/"

// flow is the order in which packages stand. Each may import those before it, and none beside or behind it.
var flow = [][]string{
	{"images"},
	{"pkg/imageset"},
	{"pkg/versions"},
	{"pkg/name"},
	{"pkg/inventory"},
	{"pkg/provider/aws", "pkg/provider/azure", "pkg/provider/clouddirector", "pkg/provider/directory", "pkg/provider/s3", "pkg/provider/vsphere"},
	{"pkg/plan"},
	{"pkg/claim"},
	{"pkg/packer"},
	{"pkg/bump"},
	{"pkg/release"},
	{"pkg/output"},
	{"pkg/cli"},
	{"pkg/customrun"},
	{"cmd/nodeimage", "cmd/nodeimage-controller"},
}

// listed is what go list says of a package.
type listed struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func goList(t *testing.T, args ...string) []listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"list", "-json=ImportPath,Imports,Deps"}, args...)...)
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func stage(path string) int {
	return slices.IndexFunc(flow, func(packages []string) bool { return slices.Contains(packages, path) })
}

// generator reports whether a package only writes generated files.
func generator(path string) bool { return strings.Contains(path, "/internal/gen") }

// TestImportsRunOneWay holds every package to its place in the flow, and asks new ones for theirs.
func TestImportsRunOneWay(t *testing.T) {
	t.Parallel()
	for _, p := range goList(t, "./cmd/...", "./pkg/...", "./images") {
		path := strings.TrimPrefix(p.ImportPath, module)
		if generator(path) || path == "pkg/provider" { // the contract test has no package of its own
			continue
		}
		at := stage(path)
		if at < 0 {
			t.Errorf("%s has no place in the flow", path)
		}
		for _, imported := range p.Imports {
			own, found := strings.CutPrefix(imported, module)
			if found && (stage(own) < 0 || stage(own) >= at) {
				t.Errorf("%s imports %s, which does not stand before it", path, own)
			}
		}
	}
}

// TestSDKsStayWithTheirProvider lets each cloud's SDK into one package only.
func TestSDKsStayWithTheirProvider(t *testing.T) {
	t.Parallel()
	homes := map[string][]string{
		"github.com/aws/":           {"pkg/provider/aws", "pkg/provider/s3"},
		"github.com/Azure/":         {"pkg/provider/azure"},
		"github.com/vmware/govmomi": {"pkg/provider/vsphere"},
		"github.com/vmware/go-v":    {"pkg/provider/clouddirector"},
		"github.com/google/go-git":  {"pkg/versions"},
		"github.com/tektoncd/":      {"pkg/customrun"},
		"knative.dev/":              {"pkg/customrun", "cmd/nodeimage-controller"},
		"k8s.io/":                   {"pkg/customrun", "cmd/nodeimage-controller"},
	}
	for _, p := range goList(t, "./cmd/...", "./pkg/...") {
		for _, imported := range p.Imports {
			for sdk, allowed := range homes {
				if strings.HasPrefix(imported, sdk) && !slices.Contains(allowed, strings.TrimPrefix(p.ImportPath, module)) {
					t.Errorf("%s imports %s", p.ImportPath, imported)
				}
			}
		}
	}
}

// TestDecidingIsPure keeps everything that could make two runs differ out of the packages that decide and write.
func TestDecidingIsPure(t *testing.T) {
	t.Parallel()
	impure := []string{"context", "log", "log/slog", "math/rand", "math/rand/v2", "net", "net/http", "os", "os/exec", "time", "syscall"}
	for _, p := range goList(t, "./pkg/name", "./pkg/plan", "./pkg/packer", "./pkg/bump", "./pkg/output") {
		for _, imported := range p.Imports {
			if slices.Contains(impure, imported) {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
	}
}

// TestTheBinaryIsLean keeps test servers and Kubernetes' clients out of what users run: a Tekton type alone costs 30 MB. (Cloud
// Director's SDK brings k8s.io/apimachinery along, for one type.)
func TestTheBinaryIsLean(t *testing.T) {
	t.Parallel()
	for _, dep := range goList(t, "./cmd/nodeimage")[0].Deps {
		for _, unwanted := range []string{"github.com/tektoncd/", "knative.dev/", "k8s.io/client-go", "k8s.io/api/", module + "internal/", "testing", "/simulator", "armcompute/v7/fake"} {
			if strings.HasPrefix(dep, unwanted) || strings.HasSuffix(dep, unwanted) {
				t.Errorf("the binary contains %s", dep)
			}
		}
	}
}

// TestTheProcessBelongsToTheCommand finds every use of the environment, the standard streams, the arguments and os.Exit below
// the command line.
func TestTheProcessBelongsToTheCommand(t *testing.T) {
	t.Parallel()
	process := []string{"Args", "Environ", "Exit", "Getenv", "LookupEnv", "Stdin", "Stdout", "Stderr"}
	err := filepath.WalkDir("../pkg", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
			strings.HasPrefix(path, "../pkg/cli/") || strings.Contains(path, "/internal/gen") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok && x.Name == "os" && slices.Contains(process, s.Sel.Name) {
					t.Errorf("%s uses os.%s", path, s.Sel.Name)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
