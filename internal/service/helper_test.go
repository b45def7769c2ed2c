package service_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
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

// newService makes a service that is closed, and must come to an end, when the test does.
func newService(t *testing.T, c service.Config) *service.Service {
	t.Helper()
	if testing.Verbose() && c.Logger == nil {
		c.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	s := service.New(c)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

// uniform is a policy of the same settings for everybody.
func uniform(s policy.Settings) func() *policy.Policy {
	p := policy.Uniform(s)
	return func() *policy.Policy { return p }
}

// app is the application of the tests.
func app(name string) socket.App {
	return socket.App{PID: os.Getpid(), UID: os.Getuid(), Exe: "/usr/bin/" + name}
}

// network makes a connected TCP socket of the kind the supervisor hands over.
func network(t *testing.T, addr netip.AddrPort) *os.File {
	t.Helper()
	c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(addr))
	if err != nil {
		t.Fatalf("connect: %v", err)
	}
	defer func() { _ = c.Close() }()
	return fileOf(t, c)
}

func fileOf(t *testing.T, c interface{ File() (*os.File, error) }) *os.File {
	t.Helper()
	f, err := c.File()
	if err != nil {
		t.Fatalf("duplicate socket: %v", err)
	}
	return f
}

// listening makes a listening TCP socket.
func listening(t *testing.T) (*os.File, netip.AddrPort) {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	defer func() { _ = l.Close() }()
	return fileOf(t, l), testutil.AddrPort(l)
}

// serve listens with a request.
func serve(t *testing.T, s *service.Service, r abi.Request, backlog int) (socket.Listener, netip.AddrPort) {
	t.Helper()
	f, addr := listening(t)
	l, err := s.Listen(within(t), socket.Listen{App: app("server"), Request: r, Network: f, Local: addr, Backlog: backlog})
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l, addr
}

// dial connects with a request.
func dial(t *testing.T, s *service.Service, r abi.Request, addr netip.AddrPort) (socket.Conn, error) {
	t.Helper()
	c, err := s.Connect(within(t), socket.Dial{App: app("client"), Request: r, Network: network(t, addr), Remote: addr, ID: 7})
	if err == nil {
		t.Cleanup(c.Abort)
	}
	return c, err
}

func accept(t *testing.T, l socket.Listener) socket.Conn {
	t.Helper()
	c, err := l.Accept(within(t))
	if err != nil {
		t.Fatalf("Accept: %v", err)
	}
	t.Cleanup(c.Abort)
	return c
}

// start starts the relay and gives the program's end.
func start(t *testing.T, c socket.Conn) *net.UnixConn {
	t.Helper()
	ours, b, err := linux.SocketPair()
	if err != nil {
		t.Fatalf("make socket pair: %v", err)
	}
	if _, err := linux.Send(b, []byte{0}); err != nil {
		t.Fatalf("send filler: %v", err)
	}
	theirs, err := b.File("theirs")
	if err != nil {
		t.Fatalf("file: %v", err)
	}
	defer func() { _ = theirs.Close() }()
	p, err := net.FileConn(theirs)
	if err != nil {
		t.Fatalf("conn: %v", err)
	}
	t.Cleanup(func() { _ = p.Close() })
	_ = p.SetDeadline(time.Now().Add(patience))
	c.Start(ours, 1)
	u, _ := p.(*net.UnixConn)
	return u
}

// exchange sends a message from one program to the other.
func exchange(t *testing.T, from, to io.ReadWriter, message string) {
	t.Helper()
	if _, err := io.WriteString(from, message); err != nil {
		t.Fatalf("write: %v", err)
	}
	got := make([]byte, len(message))
	if _, err := io.ReadFull(to, got); err != nil {
		t.Fatalf("read: %v", err)
	}
	if !bytes.Equal(got, []byte(message)) {
		t.Errorf("message (-want +got):\n-%q\n+%q", message, got)
	}
}

func credential(c testutil.Certificate) abi.Credential {
	return abi.Credential{Chain: c.ChainPEM, Key: c.KeyPEM}
}

// pem reads a file of a test.
func pem(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// over is closed when a connection has ended.
func over(c socket.Conn) <-chan struct{} {
	over := make(chan struct{})
	c.AfterEnd(func() { close(over) })
	return over
}
