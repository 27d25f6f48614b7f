package packer_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/packer"
)

// awkward are values that a shell or JSON could take for something else.
var awkward = map[string]string{
	"A_QUOTE":     `it's "quoted"`,
	"B_QUOTES":    `''"'"''`,
	"C_DOLLAR":    "$HOME ${PATH} $(id) `id`",
	"D_SPACE":     "  two  spaces  ",
	"E_BACKSLASH": `\n \' \\`,
	"F_EMPTY":     "",
	"G_OPERATORS": "; rm -rf / & | < > # ! * ? [a] {b,c} ~",
	"H_UNICODE":   "größer als 3 €",
	"I_EXCLAIM":   "!!",
}

// What is sourced has to come back unchanged, whatever is in it.
func TestEnvInShells(t *testing.T) {
	t.Parallel()
	for _, shell := range []string{"sh", "bash"} {
		t.Run(shell, func(t *testing.T) {
			t.Parallel()
			need(t, shell, shell+" is not installed, so that nothing shows how it reads the environment")
			dir := t.TempDir()
			env := filepath.Join(dir, "env")
			if err := os.WriteFile(env, packer.Output{Environment: awkward}.Env(), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(shell, "-ec", `. "$0"; exec env -0`, env)
			cmd.Env, cmd.Dir = []string{"PATH=" + os.Getenv("PATH")}, dir
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			got := map[string]string{}
			for entry := range strings.SplitSeq(string(out), "\x00") {
				if key, value, _ := strings.Cut(entry, "="); len(key) > 1 && key[1] == '_' && key != "_" {
					got[key] = value
				}
			}
			if diff := cmp.Diff(awkward, got); diff != "" {
				t.Errorf("environment (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEnvLines(t *testing.T) {
	t.Parallel()
	got := string(packer.Output{Environment: map[string]string{"B": "it's", "A": "1"}}.Env())
	if want := "export A='1'\nexport B='it'\\''s'\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestVarsJSON(t *testing.T) {
	t.Parallel()
	data := packer.Output{Variables: awkward}.VarsJSON()
	var got map[string]string
	if err := json.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(awkward, got); diff != "" {
		t.Errorf("variables (-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(string(data), "\"\n}\n") || strings.Contains(string(data), `\u003c`) {
		t.Errorf("not the form that people can read and diff:\n%s", data)
	}
	want := "{\n  \"a\": \"1\",\n  \"b\": \"<2>\"\n}\n"
	if got := string(packer.Output{Variables: map[string]string{"b": "<2>", "a": "1"}}.VarsJSON()); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
