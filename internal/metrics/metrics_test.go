package metrics_test

import (
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/metrics"
)

// text is what a collector reads.
func text(m *metrics.Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	return w.Body.String()
}

// figures are fixed ones.
type figures struct{}

func (figures) Listeners() int { return 3 }
func (figures) Lost() uint64   { return 9 }
func (figures) Conns() []api.Conn {
	return []api.Conn{
		{Role: api.Client, Program: api.Program{Exe: "/secret/path", PID: 4711}, Traffic: api.Traffic{Received: 5, Sent: 7}},
		{Role: api.Client, Traffic: api.Traffic{Received: 1}},
	}
}

func TestFigures(t *testing.T) {
	m := metrics.New(figures{})
	who := &api.Program{Exe: "/secret/path", PID: 4711, UID: 4712}
	tls := &api.TLS{Version: "TLS 1.3", Suite: "TLS_AES_128_GCM_SHA256", Peer: "CN=peer.example"}
	for _, r := range []api.Record{
		{
			Event: api.Connection, Decision: api.Allowed, Profile: "www", Role: api.Client, Program: who, TLS: tls, Took: 0.02, Remote: "192.0.2.1:443",
			Verdicts: []api.Verdict{{Judge: "standard", Answer: "valid"}}, Exceptions: []api.Exception{{Reason: "old"}},
		},
		{Event: api.Connection, Decision: api.Refused, Role: api.Server, Program: who, Failure: &api.Failure{Class: "protocol", Text: "no"}},
		{Event: api.Connection, Decision: api.Complained, Profile: "www", Program: who, Complaints: []string{"a", "b"}},
		{Event: api.Connection, Decision: api.Closed, Profile: "www", Program: who, Traffic: &api.Traffic{Received: 10, Sent: 20}},
		{Event: api.Option, Decision: api.Refused, Program: who, Failure: &api.Failure{Class: "weaker"}},
		{Event: api.Listener, Decision: api.Allowed, Program: who},
		{Event: api.Claim, Decision: api.Refused, Program: who, Failure: &api.Failure{Class: "forbidden"}},
		{Event: api.Policy, Decision: api.Allowed},
		{Event: api.Policy, Decision: api.Refused, Failure: &api.Failure{Class: "invalid"}},
		{Event: api.Certificate, Decision: api.Allowed},
		{Event: api.Lost, Decision: api.Refused, Count: 3},
	} {
		m.Observe(r)
	}
	got := text(m)
	for _, want := range []string{
		`ssa_connections_total{profile="www",role="client"} 1`,
		`ssa_handshakes_total{profile="www",result="ok",role="client",suite="TLS_AES_128_GCM_SHA256",version="TLS 1.3"} 1`,
		`ssa_handshakes_total{profile="(global)",result="protocol",role="server",suite="",version=""} 1`,
		`ssa_refusals_total{class="protocol",event="connection",profile="(global)"} 1`,
		`ssa_refusals_total{class="weaker",event="option",profile="(global)"} 1`,
		`ssa_complaints_total{profile="www"} 2`,
		`ssa_exceptions_used_total{profile="www"} 1`,
		`ssa_closed_bytes_total{direction="received",profile="www"} 10`,
		`ssa_closed_bytes_total{direction="sent",profile="www"} 20`,
		`ssa_policy_reloads_total{result="allowed"} 1`,
		`ssa_policy_reloads_total{result="refused"} 1`,
		`ssa_certificate_renewals_total{result="allowed"} 1`,
		`ssa_verdicts_total{answer="valid",judge="standard"} 1`,
		`ssa_forged_claims_total 1`,
		`ssa_handshake_seconds_bucket{profile="www",role="client",le="0.025"} 1`,
		`ssa_handshake_seconds_bucket{profile="www",role="client",le="0.01"} 0`,
		`ssa_live_connections{profile="(global)",role="client"} 2`,
		`ssa_live_bytes{direction="received",profile="(global)"} 6`,
		`ssa_live_bytes{direction="sent",profile="(global)"} 7`,
		`ssa_listeners 3`,
		`ssa_audit_lost_records_total 9`,
	} {
		if !strings.Contains(got, want+"\n") {
			t.Errorf("there is no %s", want)
		}
	}
	if leak := regexp.MustCompile(`.*(secret|471|peer\.example|192\.0\.2).*`).FindString(got); leak != "" {
		t.Errorf("it tells of a process, path or peer: %s", leak)
	}
	if t.Failed() {
		t.Log(got)
	}
}

// Every label there is says nothing of a single program.
func TestLabels(t *testing.T) {
	m := metrics.New(figures{})
	m.Observe(api.Record{Event: api.Connection, Decision: api.Allowed, TLS: &api.TLS{}, Verdicts: []api.Verdict{{}}})
	may := regexp.MustCompile(`^(profile|role|result|version|suite|event|class|direction|judge|answer|le)$`)
	for _, l := range regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(text(m), -1) {
		if !may.MatchString(l[1]) {
			t.Errorf("label %s", l[1])
		}
	}
}
