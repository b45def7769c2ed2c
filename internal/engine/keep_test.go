package engine_test

import (
	"bytes"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// drawer is a store in memory, which may give something else than was put there.
type drawer struct {
	instead []byte

	mu   sync.Mutex
	kept map[[32]byte][]byte
}

func newDrawer() *drawer { return &drawer{kept: map[[32]byte][]byte{}} }

func (d *drawer) Put(id [32]byte, _ time.Time, secret []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept[id] = bytes.Clone(secret)
}

func (d *drawer) Get(id [32]byte) ([]byte, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	secret, ok := d.kept[id]
	if ok && d.instead != nil {
		return d.instead, true
	}
	return secret, ok
}

func (d *drawer) Remove(id [32]byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.kept, id)
}

// restart is one row: two connections, before the second of which engines are made anew.
type restart struct {
	name           string
	client, server bool
	wait           time.Duration
	second         func(*sides)
	want           bool
}

func restarts() []restart {
	same := func(*sides) {}
	return []restart{
		{"ok client", true, false, 0, same, true},
		{"ok server", false, true, 0, same, true},
		{"ok both", true, true, 3599 * time.Second, same, true},
		{"bad beyond its life", true, true, time.Hour, same, false},
		{"bad from the future", true, true, -2 * time.Minute, same, false},
		{"bad other client", true, true, 0, func(s *sides) { s.client.App = "other" }, false},
		{"bad other server", true, true, 0, func(s *sides) { s.server.App = "other" }, false},
		{"bad other name", true, true, 0, func(s *sides) { s.client.Name = "b.example" }, false},
		{"bad other anchors", true, true, 0, func(s *sides) { s.client.Trust[0]++ }, false},
	}
}

func TestResumptionAfterRestart(t *testing.T) {
	year := testutil.Leaf{Names: []string{"a.example", "b.example"}, NotAfter: time.Now().Add(365 * 24 * time.Hour)}
	leaf := credential(t, testutil.NewCA(t, "root").Issue(t, year))
	for version, v := range versions() {
		for _, r := range restarts() {
			t.Run(version+" "+r.name, func(t *testing.T) { r.run(t, fit(t, v, leaf)) })
		}
	}
}

func (r restart) run(t *testing.T, s sides) {
	c := newClock()
	clients, tickets := newDrawer(), newDrawer()
	start := func() *engine.Engine {
		return engine.New(engine.Config{Now: c.Now, ClientSessions: clients, TicketKeys: tickets})
	}
	client, server := start(), start()
	s.shake(t, client, server).ok(t)
	if r.client {
		client = start()
	}
	if r.server {
		server = start()
	}
	c.advance(r.wait)
	r.second(&s)
	o := s.shake(t, client, server).ok(t)
	if got := o.client.State().Resumed; got != r.want {
		t.Errorf("resumed (-want +got):\n-%v\n+%v", r.want, got)
	}
	if len(o.client.State().Peer) == 0 {
		t.Error("the peer's chain is gone")
	}
}

// TestForgottenSessionsAreNotKept checks that a session whose peer is no longer believed does not come back.
func TestForgottenSessionsAreNotKept(t *testing.T) {
	leaf := credential(t, testutil.NewCA(t, "root").Issue(t, testutil.Leaf{Names: []string{"a.example"}}))
	clients := newDrawer()
	e, s := engine.New(engine.Config{ClientSessions: clients}), fit(t, abi.VersionTLS13, leaf)
	s.shake(t, e, e).ok(t)
	if len(clients.kept) != 1 {
		t.Fatalf("%d sessions are kept", len(clients.kept))
	}
	s.client.Verifier = verdict{abi.Failf(abi.Revoked, "no longer")}
	check(t, s.shake(t, e, e).clientErr, abi.Revoked, "no longer")
	if len(clients.kept) != 0 {
		t.Error("the session is still kept")
	}
}

// FuzzKept checks that whatever a store gives costs the resumption at most.
func FuzzKept(f *testing.F) {
	leaf := credential(f, testutil.NewCA(f, "root").Issue(f, testutil.Leaf{Names: []string{"a.example"}}))
	f.Add([]byte{0})
	f.Add(make([]byte, 40))
	f.Add(append(make([]byte, 12), 3, 4, 0, 0))
	f.Fuzz(func(t *testing.T, text []byte) {
		clients, tickets := newDrawer(), newDrawer()
		start := func() *engine.Engine { return engine.New(engine.Config{ClientSessions: clients, TicketKeys: tickets}) }
		s := fit(t, abi.VersionTLS13, leaf)
		s.shake(t, start(), start()).ok(t)
		clients.instead, tickets.instead = append([]byte{}, text...), append([]byte{}, text...)
		if s.shake(t, start(), start()).ok(t).client.State().Resumed {
			t.Error("what was not kept is resumed")
		}
	})
}
