package engine_test

import (
	"crypto/tls"
	"io"
	"net"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// BenchmarkSession carries 1 MB to a peer and back through a session, and through crypto/tls used directly: the
// two to compare. The peer is crypto/tls in both.
func BenchmarkSession(b *testing.B) {
	certificate := testutil.NewCA(b, "root").Issue(b, testutil.Leaf{Names: []string{"a.example"}})
	pair, err := tls.X509KeyPair(certificate.ChainPEM, certificate.KeyPEM)
	if err != nil {
		b.Fatal(err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}, InsecureSkipVerify: true, DynamicRecordSizingDisabled: true}
	b.Run("session", func(b *testing.B) {
		s, err := engine.New(engine.Config{}).Client(b.Context(), file(b, mirror(b, c)), engine.ClientConfig{
			App: "client", Settings: settings(b, abi.VersionTLS13), Name: "a.example", Verifier: verdict{},
		})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		roundTrips(b, connected(s))
	})
	b.Run("direct", func(b *testing.B) {
		s := tls.Client(mirror(b, c), c)
		defer func() { _ = s.Close() }()
		roundTrips(b, s)
	})
}

// mirror connects to a peer that sends back what it gets, a megabyte at a time.
func mirror(b *testing.B, c *tls.Config) *net.TCPConn {
	b.Helper()
	l := testutil.Listen(b)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		peer, buf := tls.Server(conn, c), make([]byte, 1<<20)
		for err == nil {
			if _, err = io.ReadFull(peer, buf); err == nil {
				_, err = peer.Write(buf)
			}
		}
	}()
	conn, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	tcp, _ := conn.(*net.TCPConn)
	return tcp
}

func roundTrips(b *testing.B, s io.ReadWriter) {
	b.Helper()
	buf := make([]byte, 1<<20)
	b.SetBytes(2 << 20)
	for b.Loop() {
		if _, err := s.Write(buf); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(s, buf); err != nil {
			b.Fatal(err)
		}
	}
}
