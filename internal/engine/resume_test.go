package engine_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// resumption is one row: two connections with something in between, and whether the second resumes the first.
type resumption struct {
	name string
	// first changes both connections, second the second one only.
	first, second func(*sides)
	wait          time.Duration
	// restart gives the second connection a server engine of its own.
	restart bool
	want    bool
}

func resumptions(other engine.Credential) []resumption {
	same := func(*sides) {}
	client := func(edit func(*engine.ClientConfig)) func(*sides) { return func(s *sides) { edit(&s.client) } }
	server := func(edit func(*engine.ServerConfig)) func(*sides) { return func(s *sides) { edit(&s.server) } }
	ttl := func(client, server int) func(*sides) {
		return func(s *sides) { s.client.Settings.SessionTTL, s.server.Settings.SessionTTL = client, server }
	}
	auth := func(mode int) func(*sides) {
		return func(s *sides) {
			s.client.Credentials, s.server.Settings.PeerAuth = []engine.Credential{other}, mode
		}
	}
	elsewhere := netip.MustParseAddrPort("192.0.2.1:8443")
	return []resumption{
		{"ok at once", same, same, 0, false, true},
		{"ok just within its life", same, same, 3599 * time.Second, false, true},
		{"ok another address of the same name", same, client(func(c *engine.ClientConfig) {
			c.Remote = netip.MustParseAddrPort("192.0.2.2:443")
		}), 0, false, true},
		{"ok with a client certificate", auth(abi.PeerAuthRequire), same, 0, false, true},
		{"ok sealed with the key before", ttl(abi.SessionTTLMax, abi.SessionTTLMax), same, 13 * time.Hour, false, true},
		{"ok reuse off, then on", client(func(c *engine.ClientConfig) { c.Settings.SessionReuse = false }),
			client(func(c *engine.ClientConfig) { c.Settings.SessionReuse = true }), 0, false, true},

		{"bad beyond its life", same, same, 3600 * time.Second, false, false},
		{"bad beyond its life for the client", ttl(60, 3600), same, time.Minute, false, false},
		{"bad beyond its life for the server", ttl(3600, 60), same, time.Minute, false, false},
		{"bad from the future", same, same, -time.Minute, false, false},
		{"bad life of 0 for the client", ttl(0, 3600), same, 0, false, false},
		{"bad life of 0 for the server", ttl(3600, 0), same, 0, false, false},
		{"bad reuse off for the client", same, client(func(c *engine.ClientConfig) { c.Settings.SessionReuse = false }), 0, false, false},
		{"bad reuse off for the server", same, server(func(c *engine.ServerConfig) { c.Settings.SessionReuse = false }), 0, false, false},
		{"bad restarted server", same, same, 0, true, false},

		{"bad other client", same, client(func(c *engine.ClientConfig) { c.App = "other" }), 0, false, false},
		{"bad other name", same, client(func(c *engine.ClientConfig) { c.Name = "b.example" }), 0, false, false},
		{"bad other port", same, client(func(c *engine.ClientConfig) { c.Remote = elsewhere }), 0, false, false},
		{"bad other anchors of the client", same, client(func(c *engine.ClientConfig) { c.Trust[0]++ }), 0, false, false},
		{"bad other protocols of the client", same, client(func(c *engine.ClientConfig) { c.ALPN = []string{"h2"} }), 0, false, false},
		{"bad other credential of the client", same, client(func(c *engine.ClientConfig) { c.Credentials = []engine.Credential{other} }), 0, false, false},
		{"bad other suites of the client", same, client(func(c *engine.ClientConfig) { c.Settings.Ciphers = c.Settings.Ciphers[1:] }), 0, false, false},

		{"bad other server", same, server(func(c *engine.ServerConfig) { c.App = "other" }), 0, false, false},
		{"bad other names of the server", same, server(func(c *engine.ServerConfig) { c.Names = []string{"a.example"} }), 0, false, false},
		{"bad other port of the server", same, server(func(c *engine.ServerConfig) { c.Local = elsewhere }), 0, false, false},
		{"bad other anchors of the server", same, server(func(c *engine.ServerConfig) { c.Trust[0]++ }), 0, false, false},
		{"bad other protocols of the server", same, server(func(c *engine.ServerConfig) { c.ALPN = []string{"h2"} }), 0, false, false},
		{"bad other credential of the server", same, server(func(c *engine.ServerConfig) { c.Credentials = []engine.Credential{other} }), 0, false, false},
		{"bad certificate now requested", same, server(func(c *engine.ServerConfig) { c.Settings.PeerAuth = abi.PeerAuthRequest }), 0, false, false},
		{"bad certificate no longer requested", auth(abi.PeerAuthRequest), server(func(c *engine.ServerConfig) {
			c.Settings.PeerAuth = abi.PeerAuthNone
		}), 0, false, false},
	}
}

func TestResumption(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	year := testutil.Leaf{Names: []string{"a.example", "b.example"}, NotAfter: time.Now().Add(365 * 24 * time.Hour)}
	leaf, other := credential(t, ca.Issue(t, year)), credential(t, ca.Issue(t, year))
	for version, v := range versions() {
		t.Run(version, func(t *testing.T) {
			for _, r := range resumptions(other) {
				t.Run(r.name, func(t *testing.T) { r.run(t, fit(t, v, leaf)) })
			}
		})
	}
}

func (r resumption) run(t *testing.T, s sides) {
	c := newClock()
	config := engine.Config{Now: c.Now}
	client, server := engine.New(config), engine.New(config)
	r.first(&s)
	if s.shake(t, client, server).ok(t).client.State().Resumed {
		t.Fatal("the first connection is resumed")
	}
	if r.restart {
		server = engine.New(config)
	}
	c.advance(r.wait)
	r.second(&s)
	o := s.shake(t, client, server).ok(t)
	if got := o.client.State().Resumed; got != r.want || o.server.State().Resumed != got {
		t.Errorf("resumed (-want +got):\n-%v\n+%v (client), %v (server)", r.want, got, o.server.State().Resumed)
	}
	if len(o.client.State().Peer) == 0 {
		t.Error("the peer's chain is gone")
	}
}

// TestResumedSessionsAge checks that resuming does not prolong a life.
func TestResumedSessionsAge(t *testing.T) {
	leaf := credential(t, testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}, NotAfter: time.Now().Add(24 * time.Hour)}))
	for version, v := range versions() {
		for who, ttl := range map[string][2]int{"client": {3600, 7200}, "server": {7200, 3600}} {
			t.Run(version+" "+who, func(t *testing.T) {
				c := newClock()
				e := engine.New(engine.Config{Now: c.Now})
				s := fit(t, v, leaf)
				s.client.Settings.SessionTTL, s.server.Settings.SessionTTL = ttl[0], ttl[1]
				for i, want := range []bool{false, true, true, false} {
					if got := s.shake(t, e, e).ok(t).client.State().Resumed; got != want {
						t.Errorf("connection %d resumed (-want +got):\n-%v\n+%v", i, want, got)
					}
					c.advance(25 * time.Minute)
				}
			})
		}
	}
}

// TestResumptionIsVerified checks that a session whose peer is no longer believed ends, and is forgotten.
func TestResumptionIsVerified(t *testing.T) {
	leaf := credential(t, testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}}))
	refusal := abi.Failf(abi.Revoked, "no longer")
	for version, v := range versions() {
		t.Run("client "+version, func(t *testing.T) {
			e, s := engine.New(engine.Config{}), fit(t, v, leaf)
			s.shake(t, e, e).ok(t)
			s.client.Verifier = verdict{refusal}
			check(t, s.shake(t, e, e).clientErr, abi.Revoked, "no longer")
			s.client.Verifier = verdict{}
			if s.shake(t, e, e).ok(t).client.State().Resumed {
				t.Error("a session that failed is resumed")
			}
		})
		t.Run("server "+version, func(t *testing.T) {
			e, s := engine.New(engine.Config{}), fit(t, v, leaf)
			s.client.Credentials, s.server.Settings.PeerAuth = []engine.Credential{leaf}, abi.PeerAuthRequire
			s.shake(t, e, e).ok(t)
			s.judge = verdict{refusal}
			check(t, s.shake(t, e, e).serverErr, abi.Revoked, "no longer")
		})
	}
}
