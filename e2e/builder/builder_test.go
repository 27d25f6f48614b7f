package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"sigs.k8s.io/yaml"

	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"nodeimage": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		os.Exit(cli.Run(ctx, cli.Environment{
			Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Version: "v0.0.0-test",
		}))
	}})
}

// TestBuilds plans, builds and plans again, with the programs that go into the image and the script of the task that runs them.
func TestBuilds(t *testing.T) {
	t.Parallel()
	p, err := findPrograms()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	root := t.TempDir()
	if err := fillBuilder(t.Context(), root, p); err != nil {
		t.Fatal(err)
	}
	step := stepScript(t)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"box":   box,
			"put":   put,
			"build": func(ts *testscript.TestScript, neg bool, args []string) { build(ts, neg, root, step, args[0]) },
		},
	})
}

// stepScript is what the Task nodeimage-build runs in the builder's image.
func stepScript(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("../../tekton/task/nodeimage-build/nodeimage-build.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var task struct {
		Spec struct {
			Steps []struct{ Name, Script string }
		}
	}
	if err := yaml.Unmarshal(data, &task); err != nil {
		t.Fatal(err)
	}
	for _, step := range task.Spec.Steps {
		if step.Name == "build" {
			return step.Script
		}
	}
	t.Fatal("the task has no step build")
	return ""
}

// setup gives every script a box, the image sets and a home directory as the image has it.
func setup(env *testscript.Env) error {
	b, err := clouds.NewBox(env.WorkDir)
	if err != nil {
		return err
	}
	env.Defer(b.Close)
	if err := b.ServeControl(0); err != nil {
		return err
	}
	for _, line := range b.Environment() {
		name, value, _ := strings.Cut(line, "=")
		env.Setenv(name, value)
	}
	env.Setenv("HOME", env.WorkDir)
	t := tree{root: env.WorkDir}
	t.fillHome(home)
	for _, name := range []string{"images.yaml", "many.yaml"} {
		content, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			return err
		}
		t.write(name, content, 0o600)
	}
	return t.err
}

// build makes one build of plan.json, as the task's two steps do, and leaves what it prints in log: build KEY
func build(ts *testscript.TestScript, neg bool, root, script, key string) {
	vars := ts.MkAbs("vars")
	var log bytes.Buffer
	if status := cli.Run(context.Background(), cli.Environment{
		Args: []string{"vars", "--plan", ts.MkAbs("plan.json"), "--build", key, "--out", vars}, Stdout: &log, Stderr: &log, Getenv: ts.Getenv,
	}); status != 0 {
		ts.Fatalf("nodeimage vars: status %d\n%s", status, log.Bytes())
	}
	cmd := exec.Command(filepath.Join(root, "bin/sh"), "-c", script)
	cmd.Dir = ts.MkAbs(strings.TrimPrefix(home, "/"))
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Env = []string{
		"PATH=" + filepath.Join(root, "usr/bin") + ":" + filepath.Join(root, "bin"), "HOME=" + cmd.Dir,
		"TMPDIR=" + ts.Getenv("TMPDIR"), "VARS=" + vars,
		"CREDENTIALS=" + ts.MkAbs("credentials"), "BOX_URL=" + ts.Getenv("BOX_URL"), "BUILD_SECONDS=" + ts.Getenv("BUILD_SECONDS"),
	}
	err := cmd.Run()
	ts.Check(os.WriteFile(ts.MkAbs("log"), log.Bytes(), 0o600))
	if (err != nil) != neg {
		ts.Fatalf("build %s: %v\n%s", key, err, log.Bytes())
	}
}

// box asks the box's control server, and leaves the answer in answer: box PATH
func box(ts *testscript.TestScript, _ bool, args []string) {
	res, err := http.Get(ts.Getenv("BOX_URL") + args[0])
	keep(ts, res, err)
}

// put changes the box by its control server: put PATH BODY
func put(ts *testscript.TestScript, _ bool, args []string) {
	res, err := http.Post(ts.Getenv("BOX_URL")+args[0], "application/json", strings.NewReader(args[1]))
	keep(ts, res, err)
}

func keep(ts *testscript.TestScript, res *http.Response, err error) {
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	if res.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s", res.Status, body)
	}
	ts.Check(os.WriteFile(ts.MkAbs("answer"), body, 0o600))
}
