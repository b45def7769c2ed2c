package wire_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/wire"
)

// TestServiceDies checks everything that is open when the service ends without a word, and that all works again once it
// is back.
func TestServiceDies(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	l, addr := listen(t, c, s.server, 8)
	client := mustDial(t, c, s.client, addr)
	server := accept(t, l)
	a, b := start(t, client), start(t, server)
	exchange(t, a, b, "before")
	unstarted := mustDial(t, c, s.client, addr)
	d.stop()
	for _, p := range []*net.UnixConn{a, b} {
		if _, err := p.Read(make([]byte, 1)); !errors.Is(err, linux.ECONNRESET) {
			t.Errorf("read after the service has died: %v", err)
		}
	}
	for _, conn := range []socket.Conn{client, server, unstarted} {
		check(t, ended(t, conn), abi.Reset, "the TLS service has ended")
	}
	if _, err := start(t, unstarted).Read(make([]byte, 1)); !errors.Is(err, linux.ECONNRESET) {
		t.Errorf("read of one started after the service has died: %v", err)
	}
	d.start()
	again := mustDial(t, c, s.client, addr)
	x, y := start(t, again), start(t, accept(t, l))
	exchange(t, x, y, "after")
	exchange(t, y, x, "after")
}

// TestCallsWait has calls made while there is no service.
func TestCallsWait(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	d.stop()
	asked := make(chan error, 1)
	go func() {
		_, err := c.Admit(t.Context(), app(), s.client)
		asked <- err
	}()
	select {
	case err := <-asked:
		t.Fatalf("Admit without a service: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	d.start()
	if err := <-asked; err != nil {
		t.Errorf("Admit: %v", err)
	}
}

// TestServiceStaysAway bounds the wait.
func TestServiceStaysAway(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c, err := wire.Dial(within(t), wire.ClientConfig{Path: d.path, Wait: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(within(t)) }()
	_, addr := listen(t, c, s.server, 8)
	d.stop()
	_, err = c.Admit(within(t), app(), s.client)
	check(t, err, abi.Exhausted, "does not answer at "+d.path)
	_, err = dial(t, c, s.client, addr)
	check(t, err, abi.Exhausted, "is ssad running?")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Admit(ctx, app(), s.client); !errors.Is(err, context.Canceled) {
		t.Errorf("Admit that nobody waits for: %v", err)
	}
}

// TestHandshakeCutOff has the service die in the middle of a handshake.
func TestHandshakeCutOff(t *testing.T) {
	d := newDaemon(t, nil)
	c := d.client()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	addr := silent.Addr().(*net.TCPAddr).AddrPort()
	f := network(t, addr)
	failed := make(chan error, 1)
	go func() {
		_, err := c.Connect(t.Context(), socket.Dial{App: app(), Network: f, Remote: addr})
		failed <- err
	}()
	peer, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = peer.Close() }()
	if _, err := io.ReadFull(peer, make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	d.stop()
	check(t, <-failed, abi.Reset, "")
	_ = peer.SetDeadline(time.Now().Add(patience))
	if _, err := io.Copy(io.Discard, peer); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the peer is left waiting")
	}
}

// TestForgottenKey has a service that cannot know the proofs of its predecessor.
func TestForgottenKey(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	l, addr := listen(t, c, s.server, 8)
	d.stop()
	d.config.ProofKey = []byte("another key")
	d.start()
	if _, err := c.Admit(within(t), app(), s.client); err != nil {
		t.Errorf("Admit: %v", err)
	}
	x, y := start(t, mustDial(t, c, s.client, addr)), start(t, accept(t, l))
	exchange(t, x, y, "after")
}

// TestSuccessor hands over: what is established goes on at the old service, all else is the new one's.
func TestSuccessor(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	l, addr := listen(t, c, s.server, 8)
	client := mustDial(t, c, s.client, addr)
	server := accept(t, l)
	a, b := start(t, client), start(t, server)
	exchange(t, a, b, "before")

	old, oldService := d.server, d.service
	d.leave()
	drained := make(chan error, 1)
	go func() { drained <- old.Drain(within(t)) }()
	d.start()
	again := mustDial(t, c, s.client, addr)
	x, y := start(t, again), start(t, accept(t, l))
	exchange(t, x, y, "new") // which of the two has it is left to them
	exchange(t, b, a, "old")
	select {
	case err := <-drained:
		t.Fatalf("Drain returned with connections established: %v", err)
	default:
	}
	for _, p := range []*net.UnixConn{a, b, x, y} {
		_ = p.Close()
	}
	if err := <-drained; err != nil {
		t.Errorf("Drain: %v", err)
	}
	for _, conn := range []socket.Conn{client, server} {
		if err := ended(t, conn); err != nil {
			t.Errorf("end of a connection of the old service: %v", err)
		}
	}
	d.end(old, oldService)
	x, y = start(t, mustDial(t, c, s.client, addr)), start(t, accept(t, l))
	exchange(t, y, x, "after")
}

// TestSuccessorLosesNobody connects all the time while services hand over.
func TestSuccessorLosesNobody(t *testing.T) {
	d, s := newDaemon(t, nil), newSite(t)
	c := d.client()
	l, addr := listen(t, c, s.server, 64)
	go func() {
		for {
			conn, err := l.Accept(t.Context())
			if err != nil {
				return
			}
			echo(t, conn)
		}
	}()
	stop, done := make(chan struct{}), make(chan int, 4)
	for range 4 {
		go func() { done <- visit(t, c, s, addr, stop) }()
	}
	for range 5 {
		<-time.After(50 * time.Millisecond)
		old, oldService := d.server, d.service
		d.leave()
		d.start()
		if err := old.Drain(within(t)); err != nil {
			t.Errorf("Drain: %v", err)
		}
		d.end(old, oldService)
	}
	close(stop)
	total := 0
	for range 4 {
		total += <-done
	}
	t.Logf("%d connections over 5 successions", total)
	_ = l.Close()
}
