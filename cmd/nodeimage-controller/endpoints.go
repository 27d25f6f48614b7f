package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// endpoints are what Kubernetes and Prometheus ask.
type endpoints struct {
	mux     *http.ServeMux
	isReady atomic.Bool
}

func newEndpoints(registry *prometheus.Registry) *endpoints {
	e := &endpoints{mux: http.NewServeMux()}
	e.mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	e.mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	e.mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !e.isReady.Load() {
			http.Error(w, "the CustomRuns are being listed", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	return e
}

// ready says that the controller could lead. Both of two are ready: what they wait for is each other.
func (e *endpoints) ready() { e.isReady.Store(true) }

// serve answers until ctx ends.
func (e *endpoints) serve(ctx context.Context, address string) error {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return fmt.Errorf("serving metrics and health: %w", err)
	}
	server := &http.Server{Handler: e.mux, ReadHeaderTimeout: 10 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer stop()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving metrics and health: %w", err)
	}
	return nil
}
