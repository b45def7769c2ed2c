// Package metrics counts the decisions of the TLS service for Prometheus. It is fed with the records of the audit log, and
// labels what it counts by profile, role and what a handshake established, never by process, path or peer: the number of
// series is bounded by the policy. It decides nothing.
package metrics

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/securesocketapi/ssa/api"
)

// Global is the label of what no profile matches. No profile can have the name (ssa-policy(5)).
const Global = "(global)"

// Figures are those that are read when they are asked for.
type Figures interface {
	Conns() []api.Conn
	Listeners() int
	// Lost is how many records are missing in the file of the audit log.
	Lost() uint64
}

// Metrics counts. It is safe for concurrent use.
type Metrics struct {
	registry    *prometheus.Registry
	connections *prometheus.CounterVec
	handshakes  *prometheus.CounterVec
	refusals    *prometheus.CounterVec
	bytes       *prometheus.CounterVec
	complaints  *prometheus.CounterVec
	exceptions  *prometheus.CounterVec
	reloads     *prometheus.CounterVec
	renewals    *prometheus.CounterVec
	verdicts    *prometheus.CounterVec
	claims      prometheus.Counter
	durations   *prometheus.HistogramVec
}

// New makes counters that begin with 0.
func New(f Figures) *Metrics {
	m := &Metrics{
		registry:    prometheus.NewRegistry(),
		connections: counter("connections_total", "Connections established.", "profile", "role"),
		handshakes:  counter("handshakes_total", "Handshakes by their result, which is ok or the class of the failure.", "profile", "role", "result", "version", "suite"),
		refusals:    counter("refusals_total", "What was refused or failed, by what was asked for and the class of the failure.", "profile", "event", "class"),
		bytes:       counter("closed_bytes_total", "Bytes of plaintext that connections had carried when they ended.", "profile", "direction"),
		complaints:  counter("complaints_total", "What profiles in complain mode would have refused.", "profile"),
		exceptions:  counter("exceptions_used_total", "Connections and listeners that made use of an exception from the floor.", "profile"),
		reloads:     counter("policy_reloads_total", "Attempts to read the policy again.", "result"),
		renewals:    counter("certificate_renewals_total", "Certificates and keys replaced on disk.", "result"),
		verdicts:    counter("verdicts_total", "Answers of judges about certificates.", "judge", "answer"),
		claims: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: namespace, Name: "forged_claims_total", Help: "Claims of supervisors that the kernel did not confirm.",
		}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "handshake_seconds", Help: "Duration of handshakes that succeeded.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"profile", "role"}),
	}
	m.registry.MustRegister(m.connections, m.handshakes, m.refusals, m.bytes, m.complaints, m.exceptions, m.reloads, m.renewals,
		m.verdicts, m.claims, m.durations, newLive(f))
	return m
}

const namespace = "ssa"

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// Handler gives the text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{DisableCompression: true})
}

// Observe counts a record.
func (m *Metrics) Observe(r api.Record) {
	if r.Decision == api.Refused && r.Failure != nil {
		m.refusals.WithLabelValues(profile(r.Profile), string(r.Event), r.Failure.Class).Inc()
	}
	if len(r.Exceptions) > 0 && r.Decision == api.Allowed {
		m.exceptions.WithLabelValues(profile(r.Profile)).Inc()
	}
	switch r.Event {
	case api.Connection:
		m.connection(&r)
	case api.Claim:
		m.claims.Inc()
	case api.Policy:
		m.reloads.WithLabelValues(string(r.Decision)).Inc()
	case api.Certificate:
		m.renewals.WithLabelValues(string(r.Decision)).Inc()
	case api.Listener, api.Option, api.Lost:
	}
}

func (m *Metrics) connection(r *api.Record) {
	for _, v := range r.Verdicts {
		m.verdicts.WithLabelValues(v.Judge, v.Answer).Inc()
	}
	name, role := profile(r.Profile), string(r.Role)
	switch r.Decision {
	case api.Allowed:
		m.connections.WithLabelValues(name, role).Inc()
		m.handshakes.WithLabelValues(name, role, "ok", r.TLS.Version, r.TLS.Suite).Inc()
		m.durations.WithLabelValues(name, role).Observe(r.Took)
	case api.Refused:
		m.handshakes.WithLabelValues(name, role, r.Failure.Class, "", "").Inc()
	case api.Complained:
		m.complaints.WithLabelValues(name).Add(float64(len(r.Complaints)))
	case api.Closed:
		m.bytes.WithLabelValues(name, received).Add(float64(r.Traffic.Received))
		m.bytes.WithLabelValues(name, sent).Add(float64(r.Traffic.Sent))
	}
}

// The directions of bytes, as the program sees them.
const (
	received = "received"
	sent     = "sent"
)

// profile is the label of a profile.
func profile(name string) string {
	if name == "" {
		return Global
	}
	return name
}
