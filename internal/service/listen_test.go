package service_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// served is a listener with a client that trusts it.
type served struct {
	service *service.Service
	l       socket.Listener
	addr    netip.AddrPort
	client  abi.Request
}

func newServed(t *testing.T, c service.Config, backlog int) served {
	t.Helper()
	ca := testutil.NewCA(t, "root")
	leaf := ca.Issue(t, testutil.Leaf{Names: []string{"a.example"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}})
	s := newService(t, c)
	l, addr := serve(t, s, abi.Request{Credentials: []abi.Credential{credential(leaf)}}, backlog)
	return served{s, l, addr, abi.Request{RemoteHostname: "a.example", TrustAnchors: pem(t, ca.Path)}}
}

// slow is a client that connects and says nothing.
func (s served) slow(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(s.addr))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return c
}

func TestSlowClientsDelayNobody(t *testing.T) {
	s := newServed(t, service.Config{}, 8)
	for range 50 {
		s.slow(t)
	}
	for range 10 {
		c, err := dial(t, s.service, s.client, s.addr)
		if err != nil {
			t.Fatalf("Connect: %v", err)
		}
		exchange(t, start(t, c), start(t, accept(t, s.l)), "served")
	}
}

// TestOldestMakesRoom checks that a full table of handshakes costs the oldest its place.
func TestOldestMakesRoom(t *testing.T) {
	p := policy.Default()
	p.Limits.HandshakesInFlight = 3
	s := newServed(t, service.Config{Policy: uniform(p)}, 8)
	var idle []net.Conn
	for range 3 {
		idle = append(idle, s.slow(t))
	}
	for i := range 2 {
		c, err := dial(t, s.service, s.client, s.addr)
		if err != nil {
			t.Fatalf("Connect %d: %v", i, err)
		}
		exchange(t, start(t, c), start(t, accept(t, s.l)), "served")
	}
	if _, err := idle[0].Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the oldest: %v", err)
	}
	_ = idle[2].SetReadDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := idle[2].Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the youngest: %v", err)
	}
}

func TestHandshakeDeadline(t *testing.T) {
	p := policy.Default()
	p.Limits.HandshakeTimeout = 50 * time.Millisecond
	s := newServed(t, service.Config{Policy: uniform(p)}, 8)
	if _, err := s.slow(t).Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a silent client: %v", err)
	}
}

// TestBacklog checks that connections are neither lost nor repeated when more come than the backlog holds.
func TestBacklog(t *testing.T) {
	const clients = 20
	s := newServed(t, service.Config{}, 2)
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			c, err := dial(t, s.service, s.client, s.addr)
			if err != nil {
				t.Errorf("Connect: %v", err)
				return
			}
			if _, err := fmt.Fprintf(start(t, c), "%02d", i); err != nil {
				t.Errorf("write: %v", err)
			}
		})
	}
	seen := map[string]bool{}
	for range clients {
		b := make([]byte, 2)
		if _, err := io.ReadFull(start(t, accept(t, s.l)), b); err != nil {
			t.Fatalf("read: %v", err)
		}
		seen[string(b)] = true
	}
	if len(seen) != clients {
		t.Errorf("clients (-want +got):\n-%d\n+%d", clients, len(seen))
	}
	wg.Wait()
}

// TestCloseDropsTheQueue checks that connections nobody accepted are reset, and that Accept returns.
func TestCloseDropsTheQueue(t *testing.T) {
	s := newServed(t, service.Config{}, 8)
	c, err := dial(t, s.service, s.client, s.addr)
	if err != nil {
		t.Fatal(err)
	}
	first := start(t, accept(t, s.l))
	kept, err := dial(t, s.service, s.client, s.addr)
	if err != nil {
		t.Fatal(err)
	}
	idle := s.slow(t)
	if err := s.l.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	if _, err := start(t, kept).Read(make([]byte, 1)); !errors.Is(err, linux.ECONNRESET) {
		t.Errorf("one nobody accepted: %v", err)
	}
	if _, err := idle.Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("an unfinished handshake: %v", err)
	}
	exchange(t, start(t, c), first, "accepted before")
}

func TestAcceptGivesUp(t *testing.T) {
	s := newServed(t, service.Config{}, 1)
	cause := errors.New("given up")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := s.l.Accept(ctx); !errors.Is(err, cause) {
		t.Errorf("Accept: %v", err)
	}
}

// TestDescriptorsExhausted checks that a listener neither dies nor spins when descriptors run out.
func TestDescriptorsExhausted(t *testing.T) {
	warned := make(chan string, 1000)
	s := newServed(t, service.Config{Logger: slog.New(slog.NewTextHandler(lines(warned), nil))}, 8)
	fd, err := linux.Socket(linux.AFInet, linux.SockStream, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = fd.Close() }()
	restore, err := linux.LimitDescriptors(1)
	if err != nil {
		t.Fatal(err)
	}
	connected := linux.Connect(fd, sockaddr(s.addr))
	begun := time.Now()
	for range 4 {
		if line := <-warned; !strings.Contains(line, "too many open files") {
			t.Errorf("log: %s", line)
		}
	}
	// The pauses double from 5 ms.
	if took := time.Since(begun); took < 30*time.Millisecond {
		t.Errorf("four attempts took %v: it spins", took)
	}
	if err := errors.Join(connected, restore()); err != nil {
		t.Fatal(err)
	}
	c, err := dial(t, s.service, s.client, s.addr)
	if err != nil {
		t.Fatalf("Connect: %v", err)
	}
	exchange(t, start(t, c), start(t, accept(t, s.l)), "served again")
}

// sockaddr is an IPv4 address in the kernel's form (ip(7)).
func sockaddr(a netip.AddrPort) []byte {
	b := make([]byte, linux.SockaddrInet4)
	binary.NativeEndian.PutUint16(b, linux.AFInet)
	binary.BigEndian.PutUint16(b[2:], a.Port())
	copy(b[4:], a.Addr().AsSlice())
	return b
}

// lines is a writer that gives each write to whoever waits.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	select {
	case l <- string(p):
	default:
	}
	return len(p), nil
}
