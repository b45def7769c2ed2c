package socket

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// paired connects a socket to a hub and gives both ends.
func paired(t *testing.T, flags int) (linux.FD, *os.File) {
	t.Helper()
	h, err := newHub(watching(t))
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	local := unixSocket(t, flags)
	t.Cleanup(func() { _ = local.Close() })
	fd, err := h.pair(local)
	if err != nil {
		t.Fatal(err)
	}
	far, err := fd.File("plaintext")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	return local, far
}

func TestHubConnectsInPlace(t *testing.T) {
	for _, flags := range []int{0, linux.SockNonblock} {
		local, far := paired(t, flags)
		if _, err := far.Write([]byte("to the program")); err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 32)
		if n, err := linux.Read(local, b); err != nil || string(b[:n]) != "to the program" {
			t.Errorf("recv: got %q and %v", b[:max(n, 0)], err)
		}
		if nonblock, err := linux.Nonblocking(local); err != nil || nonblock != (flags != 0) {
			t.Errorf("O_NONBLOCK of the program's end: got %v and %v", nonblock, err)
		}
	}
}

// TestHubPairsTheRightEnds connects many sockets at once; each has to meet its own other end.
func TestHubPairsTheRightEnds(t *testing.T) {
	h, err := newHub(watching(t))
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	var work sync.WaitGroup
	for i := range byte(50) {
		local := unixSocket(t, 0)
		work.Go(func() {
			defer local.Close()
			far, err := h.pair(local)
			if err != nil {
				t.Error(err)
				return
			}
			defer far.Close()
			if _, err := linux.Send(local, []byte{i}); err != nil {
				t.Error(err)
			}
			b := make([]byte, 1)
			if _, err := linux.Read(far, b); err != nil || b[0] != i {
				t.Errorf("got %d and %v from socket %d", b[0], err, i)
			}
		})
	}
	work.Wait()
}

func TestHubRefusesWhatIsConnected(t *testing.T) {
	h, err := newHub(watching(t))
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	a, b, err := linux.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	defer b.Close()
	if _, err := h.pair(a); !errors.Is(err, linux.EISCONN) {
		t.Errorf("pair of a connected socket: got %v, want EISCONN", err)
	}
	fresh := unixSocket(t, 0)
	defer fresh.Close()
	far, err := h.pair(fresh)
	if err != nil {
		t.Fatalf("pair afterwards: %v", err)
	}
	_ = far.Close()
}

func TestFilledSocketLooksConnecting(t *testing.T) {
	for _, flags := range []int{0, linux.SockNonblock} {
		local, far := paired(t, flags)
		n, err := fill(local)
		if err != nil || n < 1 {
			t.Fatalf("fill: got %d and %v", n, err)
		}
		if got := polled(t, local, linux.PollIn|linux.PollOut); got != 0 {
			t.Errorf("poll: got %#x, want nothing", got)
		}
		if _, err := linux.Send(local, []byte("early")); !errors.Is(err, linux.EAGAIN) {
			t.Errorf("send: got %v, want EAGAIN", err)
		}
		edge := writableEdge(t, local)
		widen(local)
		drain(t, far, n-1)
		event(t, edge)
		if got := polled(t, local, linux.PollIn|linux.PollOut); got != linux.PollOut {
			t.Errorf("poll when drained: got %#x, want writable", got)
		}
		if _, err := linux.Send(local, make([]byte, 64<<10)); err != nil {
			t.Errorf("send when drained: %v", err)
		}
	}
}

func drain(t *testing.T, far *os.File, n int) {
	t.Helper()
	if err := far.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(far, make([]byte, n)); err != nil {
		t.Fatal(err)
	}
}

// writableEdge has Go's poller, which takes edges, wait until a socket can be written to. The result is closed
// then.
func writableEdge(t *testing.T, fd linux.FD) <-chan struct{} {
	t.Helper()
	f, err := duplicateOf(t, fd).File("registered")
	if err != nil {
		t.Fatal(err)
	}
	looked, came := make(chan struct{}, 8), make(chan struct{})
	go func() {
		defer f.Close()
		defer close(came)
		_ = linux.WaitWrite(f, func(fd linux.FD) bool {
			events, err := linux.Poll(fd, linux.PollOut, 0)
			looked <- struct{}{}
			return err != nil || events != 0
		})
	}()
	event(t, looked)
	return came
}

func TestHeldSocketThatFails(t *testing.T) {
	local, far := paired(t, linux.SockNonblock)
	if _, err := fill(local); err != nil {
		t.Fatal(err)
	}
	_ = far.Close() // with the filler unread
	want := int16(linux.PollIn | linux.PollOut | linux.PollErr | linux.PollHup)
	if got := polled(t, local, linux.PollIn|linux.PollOut); got != want {
		t.Errorf("poll: got %#x, want %#x", got, want)
	}
	if e, err := linux.GetsockoptInt(local, linux.SolSocket, linux.SoError); err != nil || linux.Errno(e) != linux.ECONNRESET {
		t.Errorf("SO_ERROR: got %v and %v, want ECONNRESET", linux.Errno(e), err)
	}
}

// TestServiceThatDies closes the service's end of a working socket with the one byte unread.
func TestServiceThatDies(t *testing.T) {
	local, far := paired(t, 0)
	if err := mark(local); err != nil {
		t.Fatal(err)
	}
	if got := polled(t, local, linux.PollOut); got != linux.PollOut {
		t.Errorf("poll of a marked socket: got %#x, want writable", got)
	}
	_ = far.Close()
	if _, err := linux.Read(local, make([]byte, 1)); !errors.Is(err, linux.ECONNRESET) {
		t.Errorf("recv: got %v, want ECONNRESET and not the end of the stream", err)
	}
}

// TestHangups closes one of two held sockets that are watched, in two steps, and a third that is not watched any more.
func TestHangups(t *testing.T) {
	h, err := newHangups()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { h.run(ctx) })
	defer running.Wait()
	defer cancel()
	told := make(chan string, 3)
	held := func(name string) (local, far linux.FD, id uint64) {
		local, far, err := linux.SocketPair()
		if err == nil {
			_, err = fill(local)
		}
		if err == nil {
			id, err = h.watch(far, func() { told <- name })
		}
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = far.Close() })
		return local, far, id
	}
	stays, here, _ := held("stays")
	defer stays.Close()
	left, there, id := held("left")
	h.unwatch(there, id)
	_ = left.Close()
	closes, far, id := held("closes")
	dup := duplicateOf(t, closes)
	_ = linux.Shutdown(dup, linux.ShutWr) // half of it is not the end
	_ = closes.Close()
	if linux.HungUp(far) {
		t.Error("gone before the last close")
	}
	_ = dup.Close()
	if got := event(t, told); got != "closes" {
		t.Errorf("told of the socket that %s", got)
	}
	h.unwatch(far, id)
	if !linux.HungUp(far) || linux.HungUp(here) {
		t.Errorf("gone: %v of the closed one, %v of the open one", linux.HungUp(far), linux.HungUp(here))
	}
	if len(told) > 0 {
		t.Errorf("told of the socket that %s too", <-told)
	}
}

func TestWidenMakesRoomForARun(t *testing.T) {
	local, _ := paired(t, 0)
	if err := linux.SetsockoptInt(local, linux.SolSocket, linux.SoSndBuf, 1); err != nil {
		t.Fatal(err)
	}
	widen(local)
	const least = 2 * 106496 // the kernel's default
	if got, err := linux.GetsockoptInt(local, linux.SolSocket, linux.SoSndBuf); err != nil || got < least {
		t.Errorf("SO_SNDBUF: got %d and %v, want at least %d", got, err, least)
	}
}
