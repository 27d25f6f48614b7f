package e2e

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/giantswarm/nodeimage/internal/apiserver"
	"github.com/giantswarm/nodeimage/internal/clouds"
	"github.com/giantswarm/nodeimage/pkg/cli"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"nodeimage": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		os.Exit(cli.Run(ctx, cli.Environment{
			Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Version: "v0.0.0-test",
			ServiceAccount: os.Getenv("SERVICE_ACCOUNT"), WaitInterval: time.Millisecond,
		}))
	}})
}

// TestTranscripts runs the transcripts in testdata: command lines with what they print, how they end and what they write.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       os.Getenv("UPDATE_TRANSCRIPTS") != "",
		RequireExplicitExec: true,
		Setup:               setup,
		Cmds:                commands(),
	})
}

// commands are those that transcripts have beside testscript's own.
func commands() map[string]func(*testscript.TestScript, bool, []string) {
	all := map[string]func(*testscript.TestScript, bool, []string){
		"status": status,
		"ami":    ami,
		"breaks": breaks,
		"gone":   gone,
		"holds":  holds,
		"calls":  calls,
		"fill":   fill,
		"repo":   repo,
	}
	maps.Copy(all, clusterCommands())
	return all
}

type boxKey struct{}

// setup gives every transcript a cloud in a box of its own, which holds nothing until it is told to.
func setup(env *testscript.Env) error {
	box, err := clouds.NewBox(env.WorkDir)
	if err != nil {
		return err
	}
	env.Defer(box.Close)
	env.Values[boxKey{}] = box
	server := apiserver.Start()
	env.Defer(server.Close)
	env.Values[serverKey{}] = server
	for _, line := range box.Environment() {
		name, value, _ := strings.Cut(line, "=")
		env.Setenv(name, value)
	}
	env.Setenv("AWS_MAX_ATTEMPTS", "2")
	env.Setenv("V200", patches(200))
	env.Setenv("V201", patches(201))
	env.Setenv("DOCUMENT", document)
	env.Setenv("LINES", "local\nnowhere")
	env.Setenv("HOME", env.WorkDir)
	return nil
}

// document is a plan as a Tekton param.
const document = `{"apiVersion": "nodeimage.giantswarm.io/v1alpha1", "kind": "Plan", "versions": {"tooling": "1.15.0"},
  "builds": [{"key": "ami-0", "target": "build-ami-flatcar", "environment": {"EXTRA": "\u0024(HOME)"}}]}`

// patches is a list of n Kubernetes versions.
func patches(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("1.29.%d", i)
	}
	return strings.Join(all, ",")
}

// status runs a command that must end with a status: status 3 nodeimage plan …
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status N command [arg…]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("ended with status %d, want %d", got, want)
	}
}

func boxOf(ts *testscript.TestScript) *clouds.Box { return ts.Value(boxKey{}).(*clouds.Box) }

func ec2Of(ts *testscript.TestScript) *clouds.EC2 { return boxOf(ts).EC2 }

// fill puts images in every state into all clouds: fill
func fill(ts *testscript.TestScript, _ bool, _ []string) { boxOf(ts).Fill() }

// ami puts an image into regions: ami REGION[,REGION…] NAME [field=value…]
func ami(ts *testscript.TestScript, _ bool, args []string) {
	image := clouds.AMI{Name: args[1], Public: true, Created: time.Date(2024, time.August, 1, 0, 0, 0, 0, time.UTC)}
	for _, arg := range args[2:] {
		field, value, _ := strings.Cut(arg, "=")
		switch field {
		case "state":
			image.State = value
		case "owner":
			image.Owner = value
		case "architecture":
			image.Architecture = value
		case "public":
			image.Public = value == "true"
		case "id":
			image.ID = value
		case "created":
			created, err := time.Parse(time.DateOnly, value)
			ts.Check(err)
			image.Created = created
		case "deprecated":
			deprecated, err := time.Parse(time.DateOnly, value)
			ts.Check(err)
			image.Deprecated = deprecated
		default:
			ts.Fatalf("no such field: %s", field)
		}
	}
	for _, region := range strings.Split(args[0], ",") {
		ec2Of(ts).AddImage(region, image)
	}
}

// breaks lets a region fail from now on: breaks REGION FAULT
func breaks(ts *testscript.TestScript, _ bool, args []string) {
	ec2Of(ts).Fail(args[0], clouds.Fault(args[1]))
}

// gone ends all clouds: gone
func gone(ts *testscript.TestScript, _ bool, _ []string) { boxOf(ts).Close() }

// holds checks a file to the last byte: holds FILE CONTENT
func holds(ts *testscript.TestScript, _ bool, args []string) {
	if got := ts.ReadFile(args[0]); got != args[1] {
		ts.Fatalf("%s holds %q, want %q", args[0], got, args[1])
	}
}

// calls checks how many requests the cloud has had since the last time: calls N
func calls(ts *testscript.TestScript, _ bool, args []string) {
	if got := fmt.Sprint(len(ec2Of(ts).Requests())); got != args[0] {
		ts.Fatalf("%s requests, want %s", got, args[0])
	}
	ec2Of(ts).Reset()
}

// repo copies a file of the repository: repo FROM TO
func repo(ts *testscript.TestScript, _ bool, args []string) {
	data, err := os.ReadFile("../" + args[0])
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data, 0o600))
}
