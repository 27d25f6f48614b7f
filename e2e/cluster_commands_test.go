package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/giantswarm/nodeimage/internal/apiserver"
)

// namespace is that of the runs.
const namespace = "node-images"

type serverKey struct{}

func serverOf(ts *testscript.TestScript) *apiserver.Server {
	return ts.Value(serverKey{}).(*apiserver.Server)
}

// clusterCommands are those of transcripts in a cluster.
func clusterCommands() map[string]func(*testscript.TestScript, bool, []string) {
	return map[string]func(*testscript.TestScript, bool, []string){
		"cluster":  cluster,
		"as":       as,
		"run":      run,
		"fails":    fails,
		"leases":   leases,
		"finishes": finishes,
		"asked":    asked,
	}
}

// cluster puts what follows into a container of a cluster: cluster
func cluster(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(serverOf(ts).Mount(ts.MkAbs("account"), namespace))
	for _, line := range serverOf(ts).Environment() {
		name, value, _ := strings.Cut(line, "=")
		ts.Setenv(name, value)
	}
	ts.Setenv("SERVICE_ACCOUNT", ts.MkAbs("account"))
}

// uid is that of a run.
func uid(name string) string { return "uid-of-" + name }

// as makes what follows a part of a run, which is there and has not ended: as NAME, or as ” for no run
func as(ts *testscript.TestScript, _ bool, args []string) {
	ts.Setenv("NODEIMAGE_PIPELINE_RUN", args[0])
	ts.Setenv("NODEIMAGE_PIPELINE_RUN_UID", "")
	if args[0] != "" {
		serverOf(ts).PutRun(namespace, args[0], uid(args[0]), "Unknown")
		ts.Setenv("NODEIMAGE_PIPELINE_RUN_UID", uid(args[0]))
	}
}

// run ends a run: run NAME True|False|deleted
func run(ts *testscript.TestScript, _ bool, args []string) {
	if args[1] == "deleted" {
		serverOf(ts).DeleteRun(namespace, args[0])
		return
	}
	serverOf(ts).PutRun(namespace, args[0], uid(args[0]), args[1])
}

// fails lets requests go wrong from now on: fails METHOD|all RESOURCE FAULT, or with ” for the fault to end it
func fails(ts *testscript.TestScript, _ bool, args []string) {
	serverOf(ts).Fail(strings.TrimPrefix(args[0], "all"), args[1], apiserver.Fault(args[2]))
}

// leases checks who has claims: leases RUN…
func leases(ts *testscript.TestScript, _ bool, want []string) {
	var got []string
	for _, lease := range serverOf(ts).Leases(namespace) {
		var spec struct{ HolderIdentity string }
		ts.Check(json.Unmarshal(lease.Spec, &spec))
		holder, _, _ := strings.Cut(spec.HolderIdentity, "/")
		got = append(got, holder)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		ts.Fatalf("the claims are those of %q, want %q", got, want)
	}
}

// finishes lets a run write a file and end before the nth request of a kind is answered: finishes RUN FILE N METHOD RESOURCE
func finishes(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[2])
	ts.Check(err)
	server, file := serverOf(ts), ts.MkAbs(args[1])
	server.At(args[3]+" "+args[4], n, func() {
		if os.MkdirAll(filepath.Dir(file), 0o755) == nil && os.WriteFile(file, []byte("an image"), 0o600) == nil {
			server.PutRun(namespace, args[0], uid(args[0]), "True")
		}
	})
}

// asked checks how many requests of a kind there have been: asked N METHOD RESOURCE
func asked(ts *testscript.TestScript, _ bool, args []string) {
	n := 0
	for _, r := range serverOf(ts).Requests() {
		if r == args[1]+" "+args[2] {
			n++
		}
	}
	if strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d requests, want %s", n, args[0])
	}
}
