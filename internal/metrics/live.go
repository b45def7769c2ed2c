package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
)

// live are the figures that are read when they are asked for.
type live struct {
	figures                       Figures
	conns, bytes, listeners, lost *prometheus.Desc
}

func newLive(f Figures) *live {
	describe := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(namespace+"_"+name, help, labels, nil)
	}
	return &live{
		figures:   f,
		conns:     describe("live_connections", "Connections that are established.", "profile", "role"),
		bytes:     describe("live_bytes", "Bytes of plaintext that live connections have carried so far.", "profile", "direction"),
		listeners: describe("listeners", "Listeners that are served."),
		lost:      describe("audit_lost_records_total", "Records missing in the file of the audit log."),
	}
}

// Describe implements prometheus.Collector.
func (l *live) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{l.conns, l.bytes, l.listeners, l.lost} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (l *live) Collect(to chan<- prometheus.Metric) {
	type key struct{ profile, what string }
	conns, bytes := map[key]float64{}, map[key]float64{}
	for _, c := range l.figures.Conns() {
		name := profile(c.Profile)
		conns[key{name, string(c.Role)}]++
		add := func(direction string, t uint64) { bytes[key{name, direction}] += float64(t) }
		add(received, c.Traffic.Received)
		add(sent, c.Traffic.Sent)
	}
	for k, n := range conns {
		to <- prometheus.MustNewConstMetric(l.conns, prometheus.GaugeValue, n, k.profile, k.what)
	}
	for k, n := range bytes {
		to <- prometheus.MustNewConstMetric(l.bytes, prometheus.GaugeValue, n, k.profile, k.what)
	}
	to <- prometheus.MustNewConstMetric(l.listeners, prometheus.GaugeValue, float64(l.figures.Listeners()))
	to <- prometheus.MustNewConstMetric(l.lost, prometheus.CounterValue, float64(l.figures.Lost()))
}
