//go:build e2e

package tekton

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// try runs kubectl and returns what it says; an error holds its complaint.
func try(ctx context.Context, stdin string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "kubectl", args...)
	cmd.Stdin = strings.NewReader(stdin)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return stdout.String(), fmt.Errorf("kubectl %s: %w: %s", strings.Join(args, " "), err, stderr.String())
	}
	return stdout.String(), nil
}

// persist tries a command until it succeeds, for three minutes: a cluster comes to what it was told in its own time.
func persist(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var last error // that was not made by the time running out
	for {
		_, err := try(ctx, "", args...)
		if err == nil {
			return nil
		}
		if ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return errors.Join(last, context.Cause(ctx))
		case <-tick.C:
		}
	}
}

// kubectl runs kubectl in the namespace of the pipeline.
func kubectl(t *testing.T, args ...string) string {
	t.Helper()
	return kubectlWith(t, "", args...)
}

func kubectlWith(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	out, err := try(t.Context(), stdin, append(args, "--namespace="+namespace)...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// read decodes what kubectl shows of something.
func read[T any](t *testing.T, args ...string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(kubectl(t, append(args, "--output=json")...)), &v); err != nil {
		t.Fatalf("kubectl %v: %v", args, err)
	}
	return v
}

// eventually waits until something holds.
func eventually(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(limit)
	defer deadline.Stop()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatalf("%s: not within %s", what, limit)
		case <-t.Context().Done():
			t.Fatalf("%s: %v", what, t.Context().Err())
		case <-tick.C:
		}
	}
}

// forwards are kubectl port-forward processes.
type forwards []*exec.Cmd

// forwardAll makes the services that the scenarios talk to reachable from here.
func forwardAll(ctx context.Context) (forwards, error) {
	var all forwards
	for _, f := range []struct {
		service, namespace, port string
		address                  *string
	}{
		{"clouds", "clouds", "8000", &cluster.control},
		{"el-node-images", namespace, "8080", &cluster.hooks},
	} {
		cmd := exec.CommandContext(ctx, "kubectl", "port-forward", "--namespace="+f.namespace, "service/"+f.service, ":"+f.port)
		out, err := cmd.StdoutPipe()
		if err != nil {
			return all, err
		}
		if err := cmd.Start(); err != nil {
			return all, err
		}
		all = append(all, cmd)
		line, err := bufio.NewReader(out).ReadString('\n')
		address := regexp.MustCompile(`127\.0\.0\.1:\d+`).FindString(line)
		if err != nil || address == "" {
			all.end()
			return nil, fmt.Errorf("forwarding %s: %w: %q", f.service, err, line)
		}
		*f.address = "http://" + address
	}
	return all, nil
}

func (f forwards) end() {
	for _, cmd := range f {
		_ = cmd.Process.Kill()
		_ = cmd.Wait() // it was killed
	}
}

// send sends a request to one of the forwarded services and decodes the answer, which must be the status.
func send(t testing.TB, r *http.Request, status int, into any) {
	t.Helper()
	answer, err := http.DefaultClient.Do(r.WithContext(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != status {
		t.Fatalf("%s %s: %s", r.Method, r.URL, answer.Status)
	}
	if into == nil {
		return
	}
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		t.Fatalf("%s %s: %v", r.Method, r.URL, err)
	}
}
