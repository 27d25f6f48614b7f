package main

import (
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPublishedFileIsGenerated(t *testing.T) {
	t.Parallel()
	want, err := vectorsJSON()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../../docs/name-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("docs/name-vectors.json is not what go generate ./pkg/name makes:\n%s", diff)
	}
}

// TestCasesAreHeldToTheirClass proves that a case with a wrong expectation stops the generator.
func TestCasesAreHeldToTheirClass(t *testing.T) {
	t.Parallel()
	for what, c := range map[string]testCase{
		"accepted, want refused": {good(), []expectation{{"tooling", empty}}},
		"refused, want accepted": {good().with("tooling", ""), nil},
		"another field":          {good().with("tooling", ""), []expectation{{"flatcar", empty}}},
		"another class":          {good().with("tooling", ""), []expectation{{"tooling", prerelease}}},
		"one error more":         {good().with("tooling", ""), []expectation{{"tooling", empty}, {"suffix", empty}}},
		"too long, want accepted": {
			good().with("suffix", "a-suffix-that-leaves-no-room"), nil,
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			told := sentences{}
			for _, known := range refused() {
				if _, err := compose(known, told); err != nil {
					t.Fatal(err)
				}
			}
			if v, err := compose(c, told); err == nil {
				t.Errorf("made %+v, want an error", v)
			}
		})
	}
}
