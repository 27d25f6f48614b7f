package customrun

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/giantswarm/nodeimage/pkg/plan"
)

// metrics are the controller's own. docs/customtask.md lists them.
type metrics struct {
	decisions *prometheus.CounterVec
	ended     *prometheus.CounterVec
	seconds   *prometheus.HistogramVec
	inFlight  prometheus.Gauge
	leading   prometheus.Gauge
	asked     *prometheus.CounterVec
	looks     *prometheus.CounterVec
	requests  *prometheus.CounterVec
}

func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	m := &metrics{
		decisions: counter("nodeimage_decisions_total", "Decisions about images, of attempts that made a plan.", "provider", "decision", "reason"),
		ended:     counter("nodeimage_customruns_total", "CustomRuns that have ended, by the reason of their condition.", "reason"),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "nodeimage_plan_seconds", Help: "How long attempts took, by how they ended.",
			Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 21600},
		}, []string{"reason"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{Name: "nodeimage_customruns_in_flight", Help: "CustomRuns that an attempt of this process is for."}),
		leading:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "nodeimage_leader", Help: "1 where this process is the one that plans."}),
		asked:    counter("nodeimage_looks_wanted_total", "Looks that plans wanted, by type of provider.", "type"),
		looks:    counter("nodeimage_looks_total", "Looks that were made; one may have served several plans.", "type"),
		requests: counter("nodeimage_requests_total", "Requests that were sent to look, repeated ones included.", "type"),
	}
	for _, c := range []prometheus.Collector{m.decisions, m.ended, m.seconds, m.inFlight, m.leading, m.asked, m.looks, m.requests} {
		if err := registerer.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// planned counts an attempt.
func (m *metrics) planned(o outcome, took time.Duration) {
	m.seconds.WithLabelValues(o.reason).Observe(took.Seconds())
	if o.plan == nil {
		return
	}
	for _, image := range o.plan.Images {
		m.decided(image)
	}
}

func (m *metrics) decided(image plan.Image) {
	m.decisions.WithLabelValues(image.Provider, string(image.Decision), string(image.Reason)).Inc()
}

func (m *metrics) wanted(kind string) { m.asked.WithLabelValues(kind).Inc() }

func (m *metrics) looked(kind string) { m.looks.WithLabelValues(kind).Inc() }

func (m *metrics) requested(kind string, calls int64) {
	m.requests.WithLabelValues(kind).Add(float64(calls))
}
