package relay_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/relay"
)

func TestEnds(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(t *testing.T, r *running)
		// fail is whether Run returns the session's failure.
		fail bool
	}{
		{"ok program half-closes first", func(t *testing.T, r *running) {
			r.writes(t, "question")
			_ = r.program.CloseWrite()
			r.await(t, "close_notify is out", func() bool { return r.finished })
			r.awaitOut(t, "question")
			r.send("answer")
			r.ends(io.EOF)
			r.reads(t, "answer", nil)
		}, false},
		{"ok peer ends first, the program may still write", func(t *testing.T, r *running) {
			r.send("greeting")
			r.ends(io.EOF)
			r.reads(t, "greeting", nil)
			r.writes(t, "farewell")
			r.awaitOut(t, "farewell")
			_ = r.program.CloseWrite()
			r.await(t, "close_notify is out", func() bool { return r.finished })
		}, false},
		{"ok an end stays an end", func(t *testing.T, r *running) {
			r.ends(io.EOF)
			_ = r.program.CloseWrite()
			r.await(t, "the session is closed", func() bool { return r.closed })
			r.reads(t, "", nil)
			r.reads(t, "", nil)
		}, false},
		{"ok program closes, what it wrote arrives", func(t *testing.T, r *running) {
			big := strings.Repeat("0123456789abcdef", 1<<15)
			r.writes(t, big)
			_ = r.program.Close()
			r.await(t, "close_notify is out", func() bool { return r.finished })
			if string(r.output()) != big {
				t.Errorf("the peer got %d bytes, want %d", len(r.output()), len(big))
			}
			r.send("nobody reads this")
			r.ends(io.EOF)
		}, false},
		{"ok program closes, the peer then truncates", func(t *testing.T, r *running) {
			_ = r.program.Close()
			r.await(t, "close_notify is out", func() bool { return r.finished })
			r.ends(errFake)
		}, false},
		{"ok program half-closes and then closes", func(t *testing.T, r *running) {
			_ = r.program.CloseWrite()
			r.await(t, "close_notify is out", func() bool { return r.finished })
			_ = r.program.Close()
			for closed := false; !closed; { // what comes before the relay notices does not count
				r.send(strings.Repeat("x", relay.LingerBytes))
				r.await(t, "the session is closed or all is taken", func() bool {
					closed = r.closed
					return closed || len(r.in) == 0
				})
			}
		}, false},
		{"ok program reads no more", func(t *testing.T, r *running) {
			_ = r.program.CloseRead()
			r.send(strings.Repeat("x", 4*relay.LingerBytes))
			r.writes(t, "still here")
			r.awaitOut(t, "still here")
			r.await(t, "everything is discarded", func() bool { return len(r.in) == 0 })
			r.writes(t, ", still")
			_ = r.program.CloseWrite()
			r.await(t, "close_notify is out", func() bool { return r.finished })
			r.awaitOut(t, "still here, still")
			r.ends(io.EOF)
		}, false},
		{"bad truncated", func(t *testing.T, r *running) {
			r.send("part")
			r.ends(errFake)
			r.reads(t, "part", linux.ECONNRESET)
		}, true},
		{"bad truncated with a large part unread", func(t *testing.T, r *running) {
			part := strings.Repeat("part", 1<<18)
			r.send(part)
			r.ends(errFake)
			r.reads(t, part, linux.ECONNRESET)
		}, true},
		{"bad truncated after half-close", func(t *testing.T, r *running) {
			_ = r.program.CloseWrite()
			r.await(t, "close_notify is out", func() bool { return r.finished })
			r.send("part")
			r.ends(errFake)
			r.reads(t, "part", linux.ECONNRESET)
		}, true},
		{"bad nothing can be sent, what arrived is delivered", func(t *testing.T, r *running) {
			r.do(func() { r.writeErr = errFake })
			r.writes(t, "lost")
			r.send("arrived")
			r.await(t, "it is taken", func() bool { return len(r.in) == 0 })
			r.ends(errFake)
			r.reads(t, "arrived", linux.ECONNRESET)
		}, true},
		{"bad nothing can be sent, the peer had ended", func(t *testing.T, r *running) {
			r.do(func() { r.writeErr = errFake })
			r.send("all")
			r.ends(io.EOF)
			r.writes(t, "lost")
			r.reads(t, "all", nil)
			r.writesFail(t)
		}, true},
		{"bad nothing can be sent after the peer has ended", func(t *testing.T, r *running) {
			r.send("all")
			r.ends(io.EOF)
			r.reads(t, "all", nil)
			r.do(func() { r.writeErr = errFake })
			r.writesFail(t)
		}, true},
		{"ok program shuts both directions down itself", func(t *testing.T, r *running) {
			_ = r.program.CloseWrite()
			r.await(t, "close_notify is out", func() bool { return r.finished })
			_ = r.program.CloseRead()
			r.ends(io.EOF)
			r.reads(t, "", nil)
		}, false},
		{"bad close_notify cannot be sent", func(t *testing.T, r *running) {
			r.do(func() { r.writeErr = errFake })
			_ = r.program.Close()
			r.await(t, "the session is closed", func() bool { return r.closed })
		}, true},
	} {
		for _, filler := range []int{1, 7} {
			t.Run(row.name, func(t *testing.T) {
				r := run(t, filler, newFake())
				row.do(t, r)
				err := r.wait(t)
				if row.fail && !errors.Is(err, errFake) || !row.fail && err != nil {
					t.Errorf("Run: %v, want failure %v", err, row.fail)
				}
				if !r.closed {
					t.Error("the session is not closed")
				}
			})
		}
	}
}

var errStop = errors.New("the service stops")

func TestCancel(t *testing.T) {
	r := run(t, 3, newFake())
	r.send("before")
	buf := make([]byte, 6)
	if _, err := io.ReadFull(r.program, buf); err != nil {
		t.Fatal(err)
	}
	r.cancel(errStop)
	if err := r.wait(t); !errors.Is(err, errStop) {
		t.Errorf("Run: %v, want %v", err, errStop)
	}
	r.reads(t, "", linux.ECONNRESET)
	if !r.isReset {
		t.Error("the peer sees no reset")
	}
}

// TestCancelAfterTheEnd cuts a connection off of which the peer has ended its side already: that end is no excuse.
func TestCancelAfterTheEnd(t *testing.T) {
	r := run(t, 1, newFake())
	r.send("all")
	r.ends(io.EOF)
	r.reads(t, "all", nil)
	r.cancel(errStop)
	if err := r.wait(t); !errors.Is(err, errStop) {
		t.Errorf("Run: %v, want %v", err, errStop)
	}
	r.reads(t, "", linux.ECONNRESET)
}

func TestCancelWhileStuck(t *testing.T) {
	f := newFake()
	f.stuck = true
	f.in = make([]byte, 4<<20)
	r := run(t, 1, f)
	r.writes(t, "x")
	f.await(t, "both directions are stuck", func() bool { return f.writing && len(f.in) < 4<<20 })
	r.cancel(errStop)
	if err := r.wait(t); !errors.Is(err, errStop) {
		t.Errorf("Run: %v, want %v", err, errStop)
	}
}

func TestAbortiveClose(t *testing.T) {
	for _, row := range []struct {
		name  string
		stuck bool
		do    func(t *testing.T, r *running)
	}{
		{"ok close", false, func(t *testing.T, r *running) { _ = r.program.Close() }},
		{"ok close while the peer does not read", true, func(t *testing.T, r *running) {
			r.writes(t, "unsent")
			r.await(t, "the write is stuck", func() bool { return r.writing })
			_ = r.program.Close()
		}},
		{"ok close after half-close", false, func(t *testing.T, r *running) {
			_ = r.program.CloseWrite()
			r.await(t, "close_notify is out", func() bool { return r.finished })
			_ = r.program.Close()
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			f := newFake()
			f.lingerZero, f.stuck = true, row.stuck
			r := runWith(t, relay.RunBriefly, 1, f)
			row.do(t, r)
			_ = r.wait(t)
			if !r.isReset {
				t.Error("the connection is not reset")
			}
		})
	}
}

// TestNoFiller begins without a lag byte: it is there once the program has written.
func TestNoFiller(t *testing.T) {
	r := run(t, 0, newFake())
	r.send("hello")
	r.writes(t, "first")
	r.awaitOut(t, "first")
	r.ends(errFake)
	r.reads(t, "hello", linux.ECONNRESET)
	if err := r.wait(t); !errors.Is(err, errFake) {
		t.Errorf("Run: %v, want %v", err, errFake)
	}
}

// TestLingerTime has a peer that never ends.
func TestLingerTime(t *testing.T) {
	r := runWith(t, relay.RunBriefly, 1, newFake())
	_ = r.program.Close()
	if err := r.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
	if !r.finished || !r.closed || r.isReset {
		t.Errorf("close_notify %v, closed %v, reset %v; want the first two", r.finished, r.closed, r.isReset)
	}
}

// TestStall has a peer that never reads, and a program that closes.
func TestStall(t *testing.T) {
	f := newFake()
	f.stuck = true
	r := runWith(t, relay.RunBriefly, 1, f)
	r.writes(t, "unread")
	r.await(t, "the write is stuck", func() bool { return r.writing })
	_ = r.program.Close()
	if err := r.wait(t); err == nil || !strings.Contains(err.Error(), "it has read nothing for") {
		t.Errorf("Run: %v", err)
	}
	if !r.isReset {
		t.Error("the connection is not reset")
	}
}

func TestBackPressure(t *testing.T) {
	f := newFake()
	const size = 16 << 20
	f.in = make([]byte, size)
	f.end = io.EOF
	r := run(t, 1, f)
	// A byte that comes back says that the relay had its chance to take more than it should.
	r.writes(t, "x")
	r.awaitOut(t, "x")
	f.mu.Lock()
	left := len(f.in)
	f.mu.Unlock()
	if taken := size - left; taken > 8*relay.SendBuffer {
		t.Errorf("the relay took %d bytes that the program does not read", taken)
	}
	n, err := io.Copy(io.Discard, r.program)
	if n != size || err != nil {
		t.Errorf("the program reads %d bytes and %v, want %d", n, err, size)
	}
	_ = r.program.Close()
	if err := r.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
}
