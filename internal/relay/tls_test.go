package relay_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"testing"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/relay"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// acceptAll believes every certificate: these tests are about data.
type acceptAll struct{}

func (acceptAll) Verify([]*x509.Certificate) error { return nil }

// programs is the program's end of a pair with its filler, and ours.
func pair(t testing.TB, filler int) (program net.Conn, plain *os.File) {
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
	_ = linux.SetsockoptInt(a, linux.SolSocket, linux.SoSndBuf, 1<<20)
	fa, err := a.File("program")
	if err != nil {
		t.Fatal(err)
	}
	defer fa.Close()
	program, err = net.FileConn(fa)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = program.Close() })
	plain, err = b.File("plain")
	if err != nil {
		t.Fatal(err)
	}
	return program, plain
}

// file takes a TCP connection over as the service gets it.
func file(t testing.TB, c net.Conn) *os.File {
	t.Helper()
	defer c.Close()
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

// accept gives the connections of a listener, one after another.
func connect(t testing.TB) (client, server net.Conn) {
	t.Helper()
	l := testutil.Listen(t)
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
	s, err := engine.New(engine.Config{}).Client(context.Background(), file(t, c), engine.ClientConfig{
		App: "test", Name: "peer.test", Settings: policy.Default(), Verifier: acceptAll{},
	})
	if err != nil {
		t.Fatalf("client handshake: %v", err)
	}
	return s
}

// relayed is a relay between a program and a peer.
type relayed struct {
	program net.Conn
	peer    *tls.Conn
	result  chan error
	session *engine.Session
	cancel  context.CancelCauseFunc
}

func start(t testing.TB) *relayed {
	t.Helper()
	client, server := connect(t)
	peer := tls.Server(server, config(t))
	shaken := make(chan error, 1)
	go func() { shaken <- peer.Handshake() }()
	s := session(t, client)
	if err := <-shaken; err != nil {
		t.Fatalf("server handshake: %v", err)
	}
	program, plain := pair(t, 1)
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &relayed{program: program, peer: peer, result: make(chan error, 1), session: s, cancel: cancel}
	go func() { r.result <- relay.Run(ctx, plain, s, 1) }()
	t.Cleanup(func() {
		_ = server.Close()
		cancel(nil)
	})
	return r
}
