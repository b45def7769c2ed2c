package engine_test

import (
	"errors"
	"os"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// spoken is a socket whose far end has said something and then stopped.
func spoken(t testing.TB, what []byte) *os.File {
	t.Helper()
	a, b, err := linux.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	// What does not fit is lost, which is a peer like any other.
	_, _ = linux.Send(b, what)
	_ = linux.Shutdown(b, linux.ShutWr)
	t.Cleanup(func() { _ = b.Close() })
	f, err := a.File("spoken")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// judge demands that a handshake with a peer that proved nothing failed as a protocol error and closed its socket.
func judge(t *testing.T, s *engine.Session, err error, f *os.File) {
	t.Helper()
	var failure *abi.Failure
	if s != nil || !errors.As(err, &failure) || failure.Kind != abi.Protocol {
		t.Errorf("session %v, error %v", s, err)
	}
	if err := f.Close(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("socket still open: %v", err)
	}
}

// hello is a whole ClientHello or the first flight of a server, as seeds.
func hello(f *testing.F, s sides) (client, server []byte) {
	f.Helper()
	record := func(shake func(*os.File)) []byte {
		a, b, err := linux.SocketPair()
		if err != nil {
			f.Fatal(err)
		}
		file, err := a.File("recorded")
		if err != nil {
			f.Fatal(err)
		}
		if client != nil {
			_, _ = linux.Send(b, client)
		}
		_ = linux.Shutdown(b, linux.ShutWr)
		shake(file)
		buf := make([]byte, 16<<10)
		n, _ := linux.Read(b, buf)
		_ = b.Close()
		return buf[:n]
	}
	e := engine.New(engine.Config{})
	client = record(func(n *os.File) { _, _ = e.Client(f.Context(), n, s.client) })
	server = record(func(n *os.File) {
		if srv, err := e.Server(s.server); err == nil {
			_, _ = srv.Handshake(f.Context(), engine.Accepted{Network: n})
		}
	})
	return client, server
}

// FuzzServer: whatever a client says that then stops, the server ends with a failure and without the socket.
func FuzzServer(f *testing.F) {
	leaf := credential(f, testutil.NewCA(f, "root").Issue(f, testutil.Leaf{Names: []string{"a.example"}}))
	for _, v := range versions() {
		client, _ := hello(f, fit(f, v, leaf))
		f.Add(client)
	}
	f.Add([]byte("GET / HTTP/1.1\r\n\r\n"))
	srv, err := engine.New(engine.Config{}).Server(fit(f, abi.VersionTLS13, leaf).server)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		n := spoken(t, said)
		s, err := srv.Handshake(t.Context(), engine.Accepted{Network: n})
		judge(t, s, err, n)
	})
}

// FuzzClient: whatever a server says that then stops, the client ends with a failure and without the socket.
func FuzzClient(f *testing.F) {
	leaf := credential(f, testutil.NewCA(f, "root").Issue(f, testutil.Leaf{Names: []string{"a.example"}}))
	for _, v := range versions() {
		_, server := hello(f, fit(f, v, leaf))
		f.Add(server)
	}
	f.Add([]byte(alert(40)))
	e, c := engine.New(engine.Config{}), fit(f, abi.VersionTLS12, leaf).client
	f.Fuzz(func(t *testing.T, said []byte) {
		n := spoken(t, said)
		s, err := e.Client(t.Context(), n, c)
		judge(t, s, err, n)
	})
}
