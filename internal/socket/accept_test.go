package socket

import (
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// TestTokens takes a connection in each way: the program's listener is readable before, and not after.
func TestTokens(t *testing.T) {
	fd := unixSocket(t, linux.SockNonblock)
	defer fd.Close()
	ref, err := watching(t).bind(fd, func() {})
	if err != nil {
		t.Fatal(err)
	}
	defer ref.Close()
	if err := linux.Listen(fd, tokens); err != nil {
		t.Fatal(err)
	}
	s := &Socket{state: abi.Listening, ref: ref, external: linux.NoFD}
	s.listener = &listener{socket: s, room: make(chan struct{}, 1), backlog: 1}
	h := &Handle{Socket: s, Local: fd}
	readable := func(when string, want bool) {
		t.Helper()
		if got := polled(t, fd, linux.PollIn)&linux.PollIn != 0; got != want {
			t.Errorf("%s: the listener is readable: %v", when, got)
		}
	}
	offer := func() {
		t.Helper()
		if err := s.listener.offer(&Accepted{Socket: &Socket{}, Local: linux.NoFD}, false); err != nil {
			t.Fatal(err)
		}
		readable("with a connection", true)
	}
	offer()
	if a, _, err := h.Accept(); a == nil || err != nil {
		t.Fatalf("accept: %v, %v", a, err)
	}
	readable("after accept", false)
	_, wait, err := h.Accept()
	if wait == nil || err != nil {
		t.Fatalf("accept of none: %v, %v", wait, err)
	}
	offer() // before the caller waits
	wait.Join(h)
	<-wait.C
	readable("after a wait", false)
}
