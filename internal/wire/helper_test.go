package wire_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/identity"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/wire"
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

// witness reads /proc in the process itself.
type witness struct{}

func (witness) Supervisor(_ context.Context, c linux.PeerCred, _ linux.FD) (wire.Supervisor, error) {
	s, err := identity.ReadStat(c.PID)
	return wire.Supervisor{PID: c.PID, UID: c.UID, Start: s.Start}, err
}

func (witness) Program(_ context.Context, s wire.Supervisor, pidfd linux.FD) (socket.App, error) {
	pid, err := linux.PidfdPID(pidfd)
	if err != nil {
		return socket.App{}, abi.Failf(abi.Forbidden, "no process: %w", err)
	}
	if below, err := identity.Descends(pid, s.PID); err != nil || !below {
		return socket.App{}, abi.Failf(abi.Forbidden, "process %d is not below the supervisor", pid)
	}
	return identity.Read(pid)
}

// daemon is a service behind a socket.
type daemon struct {
	t      *testing.T
	path   string
	config wire.ServerConfig
	log    *journal

	server    *wire.Server
	service   *service.Service
	listening *os.File
	served    chan error
}

// journal collects what is logged.
type journal struct {
	t testing.TB
	c chan string
}

func (j *journal) Write(p []byte) (int, error) {
	if testing.Verbose() {
		j.t.Log(strings.TrimSpace(string(p)))
	}
	select {
	case j.c <- string(p):
	default:
	}
	return len(p), nil
}

// newDaemon starts a service at a path of its own; it ends with the test.
func newDaemon(t *testing.T, change func(*wire.ServerConfig)) *daemon {
	t.Helper()
	d := &daemon{
		t: t, path: filepath.Join(t.TempDir(), "service.sock"), log: &journal{t, make(chan string, 10000)},
		config: wire.ServerConfig{
			Witness: witness{}, ProofKey: bytes.Repeat([]byte{7}, 32), Limits: wire.DefaultLimits(4<<30, 20000),
		},
	}
	d.config.Logger = slog.New(slog.NewTextHandler(d.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	if change != nil {
		change(&d.config)
	}
	d.start()
	t.Cleanup(func() { d.stop() })
	return d
}

func (d *daemon) start() {
	d.t.Helper()
	fd, err := linux.ListenSeqpacket(d.path, 128)
	if err != nil {
		d.t.Fatal(err)
	}
	if d.listening, err = fd.File("service"); err != nil {
		d.t.Fatal(err)
	}
	d.service = service.New(service.Config{Logger: d.config.Logger})
	c := d.config
	c.Service = d.service
	d.server = wire.NewServer(c)
	d.served = make(chan error, 1)
	server, listening := d.server, d.listening
	go func() { d.served <- server.Serve(listening) }()
}

// leave stops accepting supervisors, as a process does that hands over.
func (d *daemon) leave() {
	_ = d.listening.Close()
	_ = os.Remove(d.path)
	if err := <-d.served; err != nil {
		d.t.Errorf("Serve: %v", err)
	}
}

// stop ends the service and all it has, as its death would.
func (d *daemon) stop() {
	if d.server == nil {
		return
	}
	d.leave()
	d.end(d.server, d.service)
	d.server = nil
}

func (d *daemon) end(server *wire.Server, s *service.Service) {
	server.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = s.Close(ctx)
}

// client makes a client of the daemon.
func (d *daemon) client() *wire.Client {
	d.t.Helper()
	c, err := wire.Dial(within(d.t), wire.ClientConfig{Path: d.path, Wait: 5 * time.Second, Logger: d.config.Logger})
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		_ = c.Close(ctx)
	})
	return c
}

func app() socket.App {
	return socket.App{PID: os.Getpid(), UID: os.Getuid(), Exe: "/usr/bin/claimed"}
}

// network makes a connected TCP socket.
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

// site is a certificate with what a client needs to trust it.
type site struct {
	server, client abi.Request
}

func newSite(t *testing.T) site {
	t.Helper()
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}})
	pem, err := os.ReadFile(ca.Path)
	if err != nil {
		t.Fatal(err)
	}
	return site{
		server: abi.Request{Credentials: []abi.Credential{{Chain: leaf.ChainPEM, Key: leaf.KeyPEM}}, ALPN: []string{"x", "y"}},
		client: abi.Request{RemoteHostname: "a.example", TrustAnchors: pem, ALPN: []string{"y"}},
	}
}

// listen listens on the loopback address.
func listen(t *testing.T, c socket.Service, r abi.Request, backlog int) (socket.Listener, netip.AddrPort) {
	t.Helper()
	var config net.ListenConfig
	config.SetMultipathTCP(false)
	l, err := config.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	addr := testutil.AddrPort(l)
	served, err := c.Listen(within(t), socket.Listen{App: app(), Request: r, Network: fileOf(t, l.(*net.TCPListener)), Local: addr, Backlog: backlog})
	if err != nil {
		t.Fatalf("Listen: %v", err)
	}
	t.Cleanup(func() { _ = served.Close() })
	return served, addr
}

func dial(t *testing.T, c socket.Service, r abi.Request, addr netip.AddrPort) (socket.Conn, error) {
	t.Helper()
	return c.Connect(within(t), socket.Dial{App: app(), Request: r, Network: network(t, addr), Remote: addr, ID: 7})
}

func mustDial(t *testing.T, c socket.Service, r abi.Request, addr netip.AddrPort) socket.Conn {
	t.Helper()
	conn, err := dial(t, c, r, addr)
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	return conn
}

func accept(t *testing.T, l socket.Listener) socket.Conn {
	t.Helper()
	c, err := l.Accept(within(t))
	if err != nil {
		t.Fatalf("Accept: %v", err)
	}
	return c
}

// start starts the relay and gives the program's end.
func start(t *testing.T, c socket.Conn) *net.UnixConn {
	t.Helper()
	ours, b, err := linux.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := linux.Send(b, []byte{0}); err != nil {
		t.Fatal(err)
	}
	theirs, err := b.File("theirs")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = theirs.Close() }()
	p, err := net.FileConn(theirs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	_ = p.SetDeadline(time.Now().Add(patience))
	c.Start(ours, 1)
	u, _ := p.(*net.UnixConn)
	return u
}

// exchange sends a message from one program to the other.
func exchange(t *testing.T, from, to io.ReadWriter, text string) {
	t.Helper()
	if _, err := io.WriteString(from, text); err != nil {
		t.Fatalf("write: %v", err)
	}
	got := make([]byte, len(text))
	if _, err := io.ReadFull(to, got); err != nil {
		t.Fatalf("read: %v", err)
	}
	if string(got) != text {
		t.Errorf("message (-want +got):\n-%q\n+%q", text, got)
	}
}

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

// ended waits for the end of a connection.
func ended(t *testing.T, c socket.Conn) error {
	t.Helper()
	over := make(chan struct{})
	c.AfterEnd(func() { close(over) })
	select {
	case <-over:
		return c.Err()
	case <-time.After(patience):
		t.Fatal("the connection does not end")
		return nil
	}
}

func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("the condition never held")
		}
	}
}

// echo sends back what comes until it ends.
func echo(t *testing.T, c socket.Conn) {
	p := start(t, c)
	go func() {
		_, _ = io.Copy(p, p)
		_ = p.Close()
	}()
}

// visit connects and exchanges a message again and again, and counts.
func visit(t *testing.T, c socket.Service, s site, addr netip.AddrPort, stop <-chan struct{}) (n int) {
	for {
		select {
		case <-stop:
			return n
		default:
		}
		conn, err := c.Connect(t.Context(), socket.Dial{App: app(), Request: s.client, Network: network(t, addr), Remote: addr})
		if err != nil {
			t.Errorf("Connect: %v", err)
			return n
		}
		p := start(t, conn)
		exchange(t, p, p, "hello")
		_ = p.Close()
		n++
	}
}
