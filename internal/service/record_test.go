package service_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// records are what a service has recorded.
type records struct {
	mu   sync.Mutex
	list []api.Record
	more chan struct{}
}

func newRecords() *records { return &records{more: make(chan struct{}, 1000)} }

func (r *records) keep(one api.Record) {
	r.mu.Lock()
	r.list = append(r.list, one)
	r.mu.Unlock()
	r.more <- struct{}{}
}

func (r *records) all() []api.Record {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]api.Record{}, r.list...)
}

// find waits for a record.
func (r *records) find(t *testing.T, is func(api.Record) bool) api.Record {
	t.Helper()
	ctx := within(t)
	for {
		for _, one := range r.all() {
			if is(one) {
				return one
			}
		}
		select {
		case <-r.more:
		case <-ctx.Done():
			t.Fatalf("there is no such record among %+v", r.all())
		}
	}
}

func of(e api.Event, d api.Decision, role api.Role) func(api.Record) bool {
	return func(r api.Record) bool { return r.Event == e && r.Decision == d && r.Role == role }
}

// TestRecordsOfAConnection follows one connection, which makes use of an exception and would be refused by a profile that
// only complains, from the listener to its end.
func TestRecordsOfAConnection(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	kept := newRecords()
	s := newService(t, service.Config{Record: kept.keep, Policy: policyOf(t, fmt.Sprintf(`versions = ["TLS1.3", "TLS1.2", "TLS1.1"]
allow_weaker = { reason = "old", expires = %s }
[profile.strict]
match = { exe = "/usr/bin/*" }
mode = "complain"
versions = ["TLS1.3"]
`, time.Now().AddDate(0, 1, 0).Format(time.DateOnly)))})
	l, addr := serve(t, s, abi.Request{Credentials: []abi.Credential{credential(leaf)}}, 8)
	c, err := dial(t, s, abi.Request{RemoteHostname: "a.example", TrustAnchors: pem(t, ca.Path), VersionMax: abi.VersionTLS12}, addr)
	if err != nil {
		t.Fatal(err)
	}
	x, y := start(t, c), start(t, accept(t, l))
	exchange(t, x, y, "twelve bytes")
	live := s.Conns()
	for late := within(t); moved(live) < 2*12 && late.Err() == nil; live = s.Conns() {
		runtime.Gosched() // what has been sent is counted when it has gone
	}
	if len(live) != 2 || s.Listeners() != 1 {
		t.Errorf("%d connections, %d listeners: %+v", len(live), s.Listeners(), live)
	}
	for _, got := range live {
		sent := map[api.Role]uint64{api.Client: 12}[got.Role]
		if got.Traffic.Sent != sent || got.Traffic.Received != 12-sent || got.Profile != "strict" || got.TLS.Version != "TLS 1.2" {
			t.Errorf("live: %+v", got)
		}
	}
	_, _ = x.Close(), y.Close()

	if r := kept.find(t, of(api.Listener, api.Allowed, api.Server)); r.Local != addr.String() || r.Profile != "strict" || len(r.Exceptions) != 1 {
		t.Errorf("the listener: %+v", r)
	}
	r := kept.find(t, of(api.Connection, api.Allowed, api.Client))
	if r.ID != c.Info().ID || r.Host != "a.example" || r.Remote != addr.String() || r.Mode != "complain" || r.Rule.File != "p.toml" || r.Rule.Line != 3 ||
		len(r.Tried) != 1 || !r.Tried[0].Chosen || r.Took <= 0 || len(r.Verdicts) != 1 || r.Verdicts[0].Answer != "valid" || r.Program.Exe == "" {
		t.Errorf("the client: %+v, rule %+v", r, r.Rule)
	}
	if e := r.Exceptions; len(e) != 1 || e[0].Reason != "old" || e[0].Line == 0 {
		t.Errorf("exceptions: %+v", e)
	}
	if r := kept.find(t, of(api.Connection, api.Complained, api.Client)); r.ID != c.Info().ID || len(r.Complaints) != 1 || !strings.Contains(r.Complaints[0], "p.toml:6") {
		t.Errorf("the complaint: %+v", r)
	}
	if r := kept.find(t, of(api.Connection, api.Closed, api.Client)); r.Traffic.Sent != 12 || r.Traffic.Received != 0 || r.Traffic.Age <= 0 {
		t.Errorf("the end of the client: %+v", r.Traffic)
	}
	if r := kept.find(t, of(api.Connection, api.Closed, api.Server)); r.Traffic.Received != 12 || r.ID == 0 || r.ID == c.Info().ID {
		t.Errorf("the end of the server: %+v", r.Traffic)
	}
	if n := len(s.Conns()); n != 0 {
		t.Errorf("%d connections are left", n)
	}
	noSecret(t, kept, leaf)
}

// noSecret fails when a record has a key or a certificate.
func noSecret(t *testing.T, kept *records, c testutil.Certificate) {
	t.Helper()
	text, err := json.Marshal(kept.all())
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range strings.Split(string(c.KeyPEM)+string(c.ChainPEM), "\n") {
		if line = strings.TrimSpace(line); line != "" && strings.Contains(string(text), line) {
			t.Errorf("a record has %q", line)
		}
	}
}

// TestRecordsOfRefusals checks what is recorded of options, listeners and handshakes that are refused.
func TestRecordsOfRefusals(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	kept := newRecords()
	s := newService(t, service.Config{Record: kept.keep, Policy: policyOf(t, "versions = [\"TLS1.3\"]\nrsa_bits_min = 3072\n")})
	if _, err := s.Admit(t.Context(), app("x"), abi.Request{VersionMax: abi.VersionTLS12}); err == nil {
		t.Error("TLS 1.2 is admitted")
	}
	r := kept.find(t, of(api.Option, api.Refused, ""))
	if r.Rule == nil || r.Rule.Key != "versions" || r.Rule.Line != 1 || r.Failure.Class != "weaker" || r.ID == 0 || r.Requested[0] != (api.Asked{Option: "TLS_VERSION_MAX", Value: "0x0303"}) {
		t.Errorf("the option: %+v, rule %+v", r, r.Rule)
	}
	weak := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}, Key: testutil.RSA})
	socketOf, local := listening(t)
	if _, err := s.Listen(t.Context(), socket.Listen{
		App: app("server"), Request: abi.Request{Credentials: []abi.Credential{credential(weak)}}, Network: socketOf, Local: local, Backlog: 1,
	}); err == nil {
		t.Error("a small key is admitted")
	}
	r = kept.find(t, of(api.Listener, api.Refused, api.Server))
	if r.Rule == nil || r.Rule.Key != "rsa_bits_min" || r.Rule.Line != 2 {
		t.Errorf("the listener: %+v, rule %+v", r, r.Rule)
	}
	l, addr := serve(t, s, abi.Request{Credentials: []abi.Credential{credential(leaf)}}, 8)
	defer func() { _ = l.Close() }()
	if _, err := dial(t, s, abi.Request{RemoteHostname: "b.example", TrustAnchors: pem(t, ca.Path)}, addr); err == nil {
		t.Error("another name is believed")
	}
	r = kept.find(t, of(api.Connection, api.Refused, api.Client))
	if len(r.Verdicts) != 1 || r.Verdicts[0].Judge != "standard" || r.Verdicts[0].Answer != "invalid" || r.Failure.Class != "rejected" || r.Rule == nil {
		t.Errorf("the client: %+v", r)
	}
	r = kept.find(t, of(api.Connection, api.Refused, api.Server))
	if r.Failure.Class != "protocol" || r.Rule != nil || r.Remote == "" || r.ID == 0 {
		t.Errorf("the server: %+v", r)
	}
	noSecret(t, kept, leaf)
	noSecret(t, kept, weak)
}

// TestReview compares live connections with a policy that trusts other authorities.
func TestReview(t *testing.T) {
	ca, other := testutil.NewCA(t, "root"), testutil.NewCA(t, "other")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	trusting := func(path string) *policy.Policy {
		return policyOf(t, fmt.Sprintf("trust_store = %q\n", filepath.Clean(path)))()
	}
	now := trusting(ca.Path)
	s := newService(t, service.Config{Policy: func() *policy.Policy { return now }})
	l, addr := serve(t, s, abi.Request{Credentials: []abi.Credential{credential(leaf)}}, 8)
	c, err := dial(t, s, abi.Request{RemoteHostname: "a.example"}, addr)
	if err != nil {
		t.Fatal(err)
	}
	x, y := start(t, c), start(t, accept(t, l))
	if list := s.Review(true); len(list) != 0 {
		t.Errorf("the same policy: %+v", list)
	}
	now = trusting(other.Path)
	list := s.Review(false)
	if len(list) != 1 || list[0].Conn.ID != c.Info().ID || !strings.Contains(list[0].Reason, "trust") || list[0].Closed {
		t.Errorf("other authorities: %+v", list)
	}
	exchange(t, x, y, "it lives")
	if list := s.Review(true); len(list) != 1 || !list[0].Closed {
		t.Errorf("enforced: %+v", list)
	}
	<-over(c)
	if err := c.Err(); err == nil || !strings.Contains(err.Error(), "the policy was changed") {
		t.Errorf("it ended with %v", err)
	}
}

// moved is how many bytes connections have sent and received.
func moved(list []api.Conn) (sum uint64) {
	for _, c := range list {
		sum += c.Traffic.Sent + c.Traffic.Received
	}
	return sum
}
