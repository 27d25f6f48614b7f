package output_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/giantswarm/nodeimage/pkg/output"
	"github.com/giantswarm/nodeimage/pkg/plan"
)

var update = flag.Bool("update", false, "write the golden files anew")

func read(t *testing.T, file string) plan.Plan {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := plan.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestGolden renders every testdata/x.plan.json in every form and compares it with testdata/x.FORM.
func TestGolden(t *testing.T) {
	t.Parallel()
	plans, err := filepath.Glob("testdata/*.plan.json")
	if err != nil || len(plans) == 0 {
		t.Fatalf("plans %v, %v", plans, err)
	}
	for _, file := range plans {
		for form, write := range output.Forms(false) {
			golden := strings.TrimSuffix(file, "plan.json") + form
			t.Run(golden, func(t *testing.T) {
				t.Parallel()
				var got bytes.Buffer
				if err := write(&got, read(t, file)); err != nil {
					t.Fatal(err)
				}
				compare(t, golden, got.Bytes())
			})
		}
	}
}

func compare(t *testing.T, golden string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("not %s (-want +got; -update writes it anew):\n%s", golden, diff)
	}
}

// TestColourChangesNothingElse takes the colours away again and must find the plain table.
func TestColourChangesNothingElse(t *testing.T) {
	t.Parallel()
	p := read(t, "testdata/decisions.plan.json")
	var plain, coloured bytes.Buffer
	if err := errors.Join(output.Table(&plain, p, false), output.Table(&coloured, p, true)); err != nil {
		t.Fatal(err)
	}
	stripped := coloured.String()
	for _, code := range []string{"\x1b[0m", "\x1b[31m", "\x1b[32m", "\x1b[33m", "\x1b[34m", "\x1b[39m"} {
		if !strings.Contains(stripped, code) {
			t.Errorf("no %q in the table", code)
		}
		stripped = strings.ReplaceAll(stripped, code, "")
	}
	if diff := cmp.Diff(plain.String(), stripped); diff != "" {
		t.Error(diff)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteErrorsAreReported(t *testing.T) {
	t.Parallel()
	p := read(t, "testdata/decisions.plan.json")
	for form, write := range output.Forms(true) {
		if err := write(broken{}, p); err == nil {
			t.Errorf("%s does not report that nothing was written", form)
		}
	}
}

func TestSummary(t *testing.T) {
	t.Parallel()
	for want, s := range map[string]plan.Summary{
		"no images": {},
		"1 to build, 2 to replicate, 3 to skip, 4 to wait for, 5 unknown": {Build: 1, Replicate: 2, Skip: 3, Wait: 4, Unknown: 5},
		"1 to skip": {Skip: 1},
	} {
		if got := output.Summary(plan.Plan{Summary: s}); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
