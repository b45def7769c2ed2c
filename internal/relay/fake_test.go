package relay_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/relay"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// errFake is how a fake session fails.
var errFake = abi.Failf(abi.Reset, "the test made it fail")

// fake is a session without TLS and without a network. The test plays the peer.
type fake struct {
	mu   sync.Mutex
	cond *sync.Cond
	// in is what the peer has sent, end how it ended.
	in   []byte
	end  error
	room []byte
	// out is what was sent to the peer, unsent what waits because of stuck.
	out, unsent []byte
	// bell is what the relay watches.
	bell linux.FD
	// onWrite is called at each WriteRoom, with no lock held.
	onWrite func()
	// writeErr is what sending returns; stuck has the network take nothing, writing says that it was tried.
	writeErr                  error
	stuck                     bool
	finished, closed, isReset bool
	lingerZero                bool
	writing                   bool
}

func newFake() *fake {
	f := &fake{}
	f.cond = sync.NewCond(&f.mu)
	f.bell, _ = linux.Eventfd()
	return f
}

func (f *fake) do(fn func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fn()
	f.cond.Broadcast()
}

// await waits until a condition holds.
func (f *fake) await(t testing.TB, what string, holds func() bool) {
	t.Helper()
	expired := false
	timer := time.AfterFunc(testutil.Patience, func() { f.do(func() { expired = true }) })
	defer timer.Stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	for !holds() {
		if expired {
			t.Fatalf("waited in vain until %s", what)
		}
		f.cond.Wait()
	}
}

func (f *fake) Control(fn func(linux.FD) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return os.ErrClosed
	}
	return fn(f.bell)
}

func (f *fake) Receive() (pieces [][]byte, more bool, err error) {
	f.do(func() {
		switch {
		case f.closed:
			err = os.ErrClosed
		case len(f.in) > 0:
			// In pieces, as records are, and as many as a session takes at once.
			n := min(len(f.in), 256<<10)
			pieces = [][]byte{f.in[:n/2], f.in[n/2 : n]}
			f.in = f.in[n:]
			more = len(f.in) > 0 || f.end != nil
		default:
			err = f.end
		}
	})
	return pieces, more, err
}

func (f *fake) Release() {}

func (f *fake) Room() [][]byte {
	if f.room == nil {
		f.room = make([]byte, 64<<10)
	}
	return [][]byte{f.room[:relay.RoomMin], f.room[relay.RoomMin:40_000], f.room[40_000:]}
}

func (f *fake) WriteRoom(n int) (bool, error) {
	if n == 0 {
		return true, nil
	}
	if f.onWrite != nil {
		f.onWrite()
	}
	f.do(func() { f.unsent = append(f.unsent, f.room[:n]...) })
	return f.Flush()
}

func (f *fake) Flush() (sent bool, err error) {
	f.do(func() {
		switch {
		case f.closed:
			err = os.ErrClosed
		case len(f.unsent) == 0:
			sent = true
		case f.stuck:
			f.writing = true
		case f.writeErr != nil:
			err = f.writeErr
		default:
			f.out, f.unsent, sent = append(f.out, f.unsent...), nil, true
		}
	})
	return sent, err
}

func (f *fake) CloseWrite() (sent bool, err error) {
	f.do(func() {
		if err = f.writeErr; err == nil {
			f.finished = true
		}
	})
	return err == nil, err
}

func (f *fake) Close() error {
	f.do(f.close)
	return nil
}

func (f *fake) close() {
	f.closed = true
	_ = f.bell.Close()
	f.bell = linux.NoFD
}

func (f *fake) Reset() error {
	f.do(func() {
		f.close()
		f.isReset = true
	})
	return nil
}

func (f *fake) ResetOnClose() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.lingerZero
}

// output is what was sent to the peer so far.
func (f *fake) output() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.out
}

func (f *fake) send(s string)  { f.arrives(func() { f.in = append(f.in, s...) }) }
func (f *fake) ends(err error) { f.arrives(func() { f.end = err }) }

// arrives has the relay look.
func (f *fake) arrives(fn func()) {
	f.do(func() {
		fn()
		_ = linux.RingBell(f.bell) // closed when the relay has ended
	})
}

func (f *fake) awaitOut(t testing.TB, want string) {
	t.Helper()
	f.await(t, "the peer has "+want, func() bool { return string(f.out) == want })
}

// running is a relay with a fake session.
type running struct {
	*fake
	program *net.UnixConn
	result  chan error
	cancel  context.CancelCauseFunc
}

func run(t testing.TB, filler int, f *fake) *running {
	t.Helper()
	return runWith(t, relay.Run, filler, f)
}

type runFunc func(context.Context, *os.File, relay.Session, int) error

func runWith(t testing.TB, fn runFunc, filler int, f *fake) *running {
	t.Helper()
	program, plain := pair(t, filler)
	unix, ok := program.(*net.UnixConn)
	if !ok {
		t.Fatalf("%T is not a Unix socket", program)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &running{fake: f, program: unix, result: make(chan error, 1), cancel: cancel}
	go func() { r.result <- fn(ctx, plain, f, filler) }()
	t.Cleanup(func() { cancel(nil) })
	return r
}

// wait gives the result of Run.
func (r *running) wait(t testing.TB) error {
	t.Helper()
	select {
	case err := <-r.result:
		return err
	case <-time.After(testutil.Patience):
		t.Fatal("the relay does not end")
		return nil
	}
}

// reads reads until the program's end of stream or error.
func (r *running) reads(t testing.TB, want string, wantErr error) {
	t.Helper()
	_ = r.program.SetReadDeadline(time.Now().Add(testutil.Patience))
	got, err := io.ReadAll(r.program)
	if string(got) != want {
		t.Errorf("the program reads %q, want %q", got, want)
	}
	if !errors.Is(err, wantErr) {
		t.Errorf("after it the program gets %v, want %v", err, wantErr)
	}
}

func (r *running) writes(t testing.TB, s string) {
	t.Helper()
	if _, err := r.program.Write([]byte(s)); err != nil {
		t.Fatalf("the program writes: %v", err)
	}
}

// writesFail has the program write until it learns that nobody reads.
func (r *running) writesFail(t testing.TB) {
	t.Helper()
	_ = r.program.SetWriteDeadline(time.Now().Add(testutil.Patience))
	var err error
	for err == nil {
		_, err = r.program.Write(make([]byte, 1000))
	}
	if !errors.Is(err, linux.EPIPE) {
		t.Errorf("the program's write gets %v, want %v", err, linux.EPIPE)
	}
}
