package relay_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/relay"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// acceptAll believes every certificate: these tests are about data.
type acceptAll struct{}

func (acceptAll) Verify(engine.Peer) error { return nil }

// pair makes the program's socket, with filler bytes written, and our end of it.
func pair(t testing.TB, filler int) (program net.Conn, plain *os.File) {
	t.Helper()
	program, plain = ends(t, filler)
	t.Cleanup(func() { _ = program.Close() })
	return program, plain
}

// ends is pair that leaves it to the test to close the program's end.
func ends(t testing.TB, filler int) (program net.Conn, plain *os.File) {
	t.Helper()
	a, b, err := linux.SocketPair()
	if err != nil {
		t.Fatalf("make socket pair: %v", err)
	}
	if filler > 0 {
		if _, err := linux.Send(a, make([]byte, filler)); err != nil {
			t.Fatalf("fill: %v", err)
		}
	}
	_ = linux.SetsockoptInt(a, linux.SolSocket, linux.SoSndBuf, 512<<10)
	fa, err := a.File("program")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = fa.Close() }()
	if program, err = net.FileConn(fa); err != nil {
		t.Fatal(err)
	}
	if plain, err = b.File("plain"); err != nil {
		t.Fatal(err)
	}
	return program, plain
}

// descriptor is what a relay is given of a file.
func descriptor(t testing.TB, f *os.File) linux.FD {
	t.Helper()
	fd, err := linux.Detach(f)
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// file takes a TCP connection over as the service gets it.
func file(t testing.TB, c net.Conn) *os.File {
	t.Helper()
	defer func() { _ = c.Close() }()
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		t.Fatalf("%T is not TCP", c)
	}
	f, err := tcp.File()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// config is the TLS configuration of a peer that uses crypto/tls directly.
func config(t testing.TB) *tls.Config {
	t.Helper()
	c := testutil.NewCA(t, "relay").Issue(t, testutil.Leaf{Names: []string{"peer.test"}})
	pair, err := tls.X509KeyPair(c.ChainPEM, c.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{pair}, DynamicRecordSizingDisabled: true, InsecureSkipVerify: true}
}

// connect makes a TCP connection.
func connect(t testing.TB) (client, server net.Conn) {
	t.Helper()
	return connectTo(t, testutil.Listen(t))
}

func connectTo(t testing.TB, l net.Listener) (client, server net.Conn) {
	t.Helper()
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err = l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

// session does a client's handshake with our engine over c.
func session(t testing.TB, c net.Conn) *engine.Session {
	t.Helper()
	return handshake(t, file(t, c))
}

func handshake(t testing.TB, network *os.File) *engine.Session {
	t.Helper()
	s, err := engine.New(engine.Config{}).Client(context.Background(), network, engine.ClientConfig{
		App: "test", Name: "peer.test", Settings: policy.Default(), Verifier: acceptAll{},
	})
	if err != nil {
		t.Fatalf("client handshake: %v", err)
	}
	return s
}

// serve does a server's handshake with our engine over c.
func serve(t testing.TB, c net.Conn) *engine.Session {
	t.Helper()
	certificate := config(t).Certificates[0]
	signer, ok := certificate.PrivateKey.(crypto.Signer)
	if !ok {
		t.Fatalf("%T does not sign", certificate.PrivateKey)
	}
	server, err := engine.New(engine.Config{}).Server(engine.ServerConfig{
		App: "test", Settings: policy.Default(),
		Credentials: []engine.Credential{{Chain: []*x509.Certificate{certificate.Leaf}, Signer: signer}},
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.Handshake(context.Background(), engine.Accepted{Network: file(t, c), Verifier: acceptAll{}})
	if err != nil {
		t.Fatalf("server handshake: %v", err)
	}
	return s
}

// relayed is a relay between a program and a peer.
type relayed struct {
	program *net.UnixConn
	session *engine.Session
	result  chan error
	cancel  context.CancelCauseFunc
}

// begin starts to relay between a program and a session.
func begin(t testing.TB, s *engine.Session) *relayed {
	t.Helper()
	conn, plain := pair(t, 1)
	program, _ := conn.(*net.UnixConn)
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &relayed{program: program, session: s, result: make(chan error, 1), cancel: cancel}
	go func() { r.result <- relay.Run(ctx, plain, s, 1) }()
	t.Cleanup(func() { cancel(nil) })
	return r
}

// wait gives the result of Run.
func (r *relayed) wait(t testing.TB) error {
	t.Helper()
	select {
	case err := <-r.result:
		return err
	case <-time.After(testutil.Patience):
		t.Fatal("the relay does not end")
		return nil
	}
}

// wired is a relay whose peer is crypto/tls in this process, over a connection that can be tampered with.
type wired struct {
	*relayed
	peer *tls.Conn
	wire *tamper
}

// tamper damages what is written.
type tamper struct {
	*net.TCPConn
	// flip is how many of the next writes to damage.
	flip atomic.Int32
}

func (w *tamper) Write(p []byte) (int, error) {
	if w.flip.Load() > 0 {
		w.flip.Add(-1)
		p = bytes.Clone(p)
		p[len(p)/2] ^= 1
	}
	return w.TCPConn.Write(p)
}

func start(t testing.TB, versions ...uint16) *wired {
	t.Helper()
	client, server := connect(t)
	tcp, _ := server.(*net.TCPConn)
	wire := &tamper{TCPConn: tcp}
	cfg := config(t)
	for _, v := range versions {
		cfg.MinVersion, cfg.MaxVersion = v, v
	}
	peer := tls.Server(wire, cfg)
	shaken := make(chan error, 1)
	go func() { shaken <- peer.Handshake() }()
	s := session(t, client)
	if err := <-shaken; err != nil {
		t.Fatalf("server handshake: %v", err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return &wired{relayed: begin(t, s), peer: peer, wire: wire}
}
