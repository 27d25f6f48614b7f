package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestOptions has command lines, and what is said about those that are wrong.
func TestOptions(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		args      string
		namespace string // where the process runs
		problems  []string
	}{
		"defaults": {namespace: "node-images"},
		"elsewhere": {
			args:     "--plans 0 --requests-per-second -1 --burst 0 now",
			problems: []string{"--namespace is empty", "--plans 0", "--requests-per-second -1", "--burst 0", "SYSTEM_NAMESPACE is not set", "no flag takes: now"},
		},
		"bad level": {args: "--log-level loud", namespace: "node-images", problems: []string{"log-level"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			getenv := func(name string) string { return map[string]string{"SYSTEM_NAMESPACE": tc.namespace}[name] }
			o, err := parse(strings.Fields(tc.args), getenv, io.Discard)
			if tc.problems == nil && (err != nil || o.config.Namespace != tc.namespace || o.client.QPS != defaultQPS) {
				t.Errorf("got %+v, %v", o, err)
			}
			for _, want := range tc.problems {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, without %s", err, want)
				}
			}
		})
	}
}

// TestEndpoints asks what Kubernetes and Prometheus ask.
func TestEndpoints(t *testing.T) {
	t.Parallel()
	registry := prometheus.NewRegistry()
	registry.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "of_the_test"}))
	e := newEndpoints(registry)
	ask := func(path string, status int, text string) {
		t.Helper()
		answer := httptest.NewRecorder()
		e.mux.ServeHTTP(answer, httptest.NewRequest("GET", path, nil))
		if answer.Code != status || !strings.Contains(answer.Body.String(), text) {
			t.Errorf("%s: status %d, %s", path, answer.Code, answer.Body)
		}
	}
	ask("/healthz", 200, "ok")
	ask("/readyz", 503, "listed")
	e.ready()
	ask("/readyz", 200, "ok")
	ask("/metrics", 200, "of_the_test 0")
}

// TestLoggers wants both loggers to write JSON lines of the level, and Knative's to tell of trouble only.
func TestLoggers(t *testing.T) {
	for level, want := range map[slog.Level][]string{
		slog.LevelDebug: {"own debug", "own info", "knative info", "knative warning"},
		slog.LevelInfo:  {"own info", "knative warning"},
		slog.LevelError: {"knative warning"},
	} {
		var out bytes.Buffer
		log, knative := newLoggers(&out, level)
		log.Debug("own debug")
		log.Info("own info")
		knative.Info("knative info")
		knative.Warn("knative warning")
		var got []string
		for line := range strings.Lines(out.String()) {
			var entry struct{ Msg string }
			if err := json.Unmarshal([]byte(line), &entry); err != nil {
				t.Fatal(err)
			}
			got = append(got, entry.Msg)
		}
		if strings.Join(got, ", ") != strings.Join(want, ", ") {
			t.Errorf("%s: got %v, want %v", level, got, want)
		}
	}
}
