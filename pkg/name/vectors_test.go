package name_test

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/name"
)

// vectors is the published table, read as another implementation would.
type vectors struct {
	Classes map[string]string
	Vectors []struct {
		Input  name.Name
		Name   string
		Errors []struct{ Field, Class, Message string }
	}
}

// TestPublishedVectors holds the package to the table that other implementations are held to. That the file is what its
// generator makes is tested beside the generator, in internal/genvectors.
func TestPublishedVectors(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../docs/name-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var published vectors
	if err := json.Unmarshal(data, &published); err != nil {
		t.Fatal(err)
	}
	if len(published.Vectors) < 60 {
		t.Errorf("the table has only %d vectors", len(published.Vectors))
	}
	seen := map[name.Name]bool{}
	for _, v := range published.Vectors {
		if seen[v.Input] {
			t.Errorf("%+v is there twice", v.Input)
		}
		seen[v.Input] = true
		got, problems := composeOrRefuse(v.Input)
		var want []string
		for _, e := range v.Errors {
			if published.Classes[e.Class] == "" {
				t.Errorf("class %q is not explained", e.Class)
			}
			want = append(want, e.Message)
		}
		if diff := cmp.Diff(want, problems); got != v.Name || diff != "" {
			t.Errorf("%+v gives %q, want %q\n%s", v.Input, got, v.Name, diff)
		}
	}
}

// composeOrRefuse gives the name of an image that providers can have, or all that is wrong.
func composeOrRefuse(parts name.Name) (string, []string) {
	n, err := name.New(parts, name.Options{})
	if err == nil {
		err = name.LabelLimit().Check(n.String())
	}
	var refused name.Errors
	if errors.As(err, &refused) {
		var problems []string
		for _, e := range refused {
			problems = append(problems, e.Error())
		}
		return "", problems
	}
	if err != nil {
		return "", []string{err.Error()}
	}
	return n.String(), nil
}
