package engine_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// patience bounds whatever a test waits for.
const patience = 20 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// verdict is a verifier that always says the same.
type verdict struct{ err error }

func (v verdict) Verify(engine.Peer) error { return v.err }

// clock is time that a test moves. The real time of its start keeps certificates valid.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Now()} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// settings are the built-in ones limited to one version.
func settings(t testing.TB, version uint16) policy.Settings {
	t.Helper()
	s, err := policy.Narrow(policy.Default(), abi.Request{VersionMin: version, VersionMax: version})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// versions names the versions every table is run with.
func versions() map[string]uint16 {
	return map[string]uint16{"TLS 1.2": abi.VersionTLS12, "TLS 1.3": abi.VersionTLS13}
}

func credential(t testing.TB, c testutil.Certificate) engine.Credential {
	t.Helper()
	k, err := keys.Load(abi.Credential{Chain: c.ChainPEM, Key: c.KeyPEM})
	if err != nil {
		t.Fatal(err)
	}
	return engine.Credential{Chain: k.Chain, Signer: k.Signer}
}

// pair makes the two ends of a TCP connection.
func pair(t testing.TB) (client, server *os.File) {
	t.Helper()
	l := testutil.Listen(t)
	defer func() { _ = l.Close() }()
	c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(testutil.AddrPort(l)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	return file(t, c), file(t, s)
}

// file turns a connection into the kind of socket the engine gets.
func file(t testing.TB, c *net.TCPConn) *os.File {
	t.Helper()
	defer func() { _ = c.Close() }()
	f, err := c.File()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// sides are the configurations of two ends.
type sides struct {
	client engine.ClientConfig
	server engine.ServerConfig
	// judge decides about clients.
	judge engine.Verifier
}

// fit makes two sides that come to an understanding.
func fit(t testing.TB, version uint16, leaf engine.Credential) sides {
	t.Helper()
	s := settings(t, version)
	return sides{
		client: engine.ClientConfig{
			App: "client", Settings: s, Name: "a.example", Remote: netip.MustParseAddrPort("192.0.2.1:443"), Verifier: verdict{},
		},
		server: engine.ServerConfig{
			App: "server", Settings: s, Local: netip.MustParseAddrPort("192.0.2.1:443"),
			Credentials: []engine.Credential{leaf},
		},
		judge: verdict{},
	}
}

// outcome is what came of a handshake.
type outcome struct {
	client, server       *conn
	clientErr, serverErr error
}

// shake does the handshake of both sides, the client's on its engine, the server's on its own.
func (s sides) shake(t *testing.T, client, server *engine.Engine) outcome {
	t.Helper()
	a, b := pair(t)
	return s.shakeOn(t, client, server, [2]*os.File{a, b})
}

func (s sides) shakeOn(t *testing.T, client, server *engine.Engine, ends [2]*os.File) outcome {
	t.Helper()
	srv, err := server.Server(s.server)
	if err != nil {
		t.Fatalf("Server: %v", err)
	}
	var o outcome
	var wg sync.WaitGroup
	wg.Go(func() {
		s, err := srv.Handshake(within(t), engine.Accepted{Network: ends[1], Remote: netip.MustParseAddrPort("192.0.2.7:1234"), Verifier: s.judge})
		o.server, o.serverErr = connected(s), err
	})
	c, err := client.Client(within(t), ends[0], s.client)
	o.client, o.clientErr = connected(c), err
	wg.Wait()
	t.Cleanup(o.close)
	return o
}

// connected is nil where there is no session.
func connected(s *engine.Session) *conn {
	if s == nil {
		return nil
	}
	return &conn{Session: s}
}

func (o outcome) close() {
	for _, s := range []*conn{o.client, o.server} {
		if s != nil {
			_ = s.Close()
		}
	}
}

// ok demands that both ends got there and sends a byte each way, so that tickets arrive.
func (o outcome) ok(t *testing.T) outcome {
	t.Helper()
	if o.clientErr != nil || o.serverErr != nil {
		t.Fatalf("client: %v\nserver: %v", o.clientErr, o.serverErr)
	}
	send(t, o.client, o.server)
	send(t, o.server, o.client)
	return o
}

func send(t *testing.T, from, to *conn) {
	t.Helper()
	if _, err := from.Write([]byte{42}); err != nil {
		t.Fatalf("write: %v", err)
	}
	b := make([]byte, 1)
	if _, err := to.Read(b); err != nil || b[0] != 42 {
		t.Fatalf("read: %v, %v", b, err)
	}
}

// check compares an error with its kind and a part of its text.
func check(t *testing.T, err error, kind abi.Kind, text string) {
	t.Helper()
	var f *abi.Failure
	if !errors.As(err, &f) {
		t.Fatalf("error %v is no *abi.Failure", err)
	}
	if f.Kind != kind || !strings.Contains(err.Error(), text) {
		t.Errorf("error (-want +got):\n-kind %d: ...%s...\n+kind %d: %v", kind, text, f.Kind, err)
	}
}
