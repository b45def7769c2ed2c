package relay

import (
	"context"
	"os"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// The life of a relayed connection:
//
//  1. Run reads away the filler but for one byte, which stays unread as long as the connection lives (queue.go).
//  2. Two goroutines move data, one each way, and hold no buffer while they wait (outbound.go, inbound.go).
//  3. The program's shutdown or close becomes close_notify and FIN behind what it wrote; the peer's
//     close_notify becomes the program's end of stream.
//  4. When the program has closed, what the peer still sends is thrown away for a while (lingering), and the
//     connection is closed. When the peer sent close_notify, the last byte is read away first, so that the
//     program finds an end of stream; in every other case it finds ECONNRESET.

// link is one connection.
type link struct {
	plain  *os.File
	raw    rawConn
	s      Session
	limits limits

	// Of the goroutine that sends.
	queue   queue
	receive func(fd uintptr) bool
	fresh   int
	took    error
	stall   stall

	mu sync.Mutex
	// over says that nothing more will be sent, received that the peer has sent close_notify.
	over, received bool
	// lingering says that the program has closed its socket and all it wrote is on its way.
	lingering bool
	linger    *time.Timer
	failure   error
}

// rawConn is the part of syscall.RawConn in use.
type rawConn interface {
	Control(func(fd uintptr)) error
	Read(func(fd uintptr) bool) error
}

// Run relays between plain, our end of an AF_UNIX stream pair, and s until both directions have ended, and
// closes both. The first filler bytes in the receive queue of plain are not the program's; with none there is no
// lag byte before the program writes. A cancelled ctx resets both sides. The error is why a connection did not
// end as it should: of the session, or of ctx.
func Run(ctx context.Context, plain *os.File, s Session, filler int) error {
	return newLink(plain, s).run(ctx, filler)
}

func newLink(plain *os.File, s Session) *link {
	l := &link{plain: plain, s: s, limits: limits{linger: LingerTime, discard: LingerBytes, stall: StallTime, tick: stallTick}}
	l.receive = l.arrived
	return l
}

func (l *link) run(ctx context.Context, filler int) error {
	defer l.release()
	raw, err := l.plain.SyscallConn()
	if err != nil {
		return abi.Failf(abi.Reset, "relay to the program: %w", err)
	}
	l.raw = raw
	if err := l.prepare(filler); err != nil {
		return abi.Failf(abi.Reset, "relay to the program: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { l.abort(context.Cause(ctx)) })
	defer stop()
	inbound := make(chan struct{})
	go func() {
		defer close(inbound)
		defer l.contain()
		l.receiveAll()
	}()
	l.sendAll()
	<-inbound
	return l.verdict()
}

// prepare discards the filler and sets the socket up.
func (l *link) prepare(filler int) error {
	var err error
	l.queue.known = filler
	scratch := borrow()
	defer giveBack(scratch)
	rerr := l.raw.Read(func(fd uintptr) bool {
		err = l.queue.drop(linux.FD(fd), *scratch)
		return !isAgain(err)
	})
	if rerr != nil {
		return rerr
	}
	cerr := l.raw.Control(func(fd uintptr) {
		if err == nil {
			err = linux.SetPeekOff(linux.FD(fd), l.queue.known)
		}
		_ = linux.SetOOBInline(linux.FD(fd)) // before Linux 5.15 there is nothing to set
		_ = linux.SetsockoptInt(linux.FD(fd), linux.SolSocket, linux.SoSndBuf, SendBuffer)
	})
	if cerr != nil {
		return cerr
	}
	return err
}

// fail keeps the first failure. One that comes while lingering is nobody's concern.
func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.failure == nil && !l.lingering {
		l.failure = err
	}
}

func (l *link) verdict() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failure
}

// abort ends both sides at once.
func (l *link) abort(cause error) {
	l.fail(abi.Failf(abi.Reset, "the connection was cut off: %w", cause))
	_ = l.plain.Close()
	l.reset()
}

func (l *link) reset() {
	if r, ok := l.s.(Resetter); ok {
		_ = r.Reset()
		return
	}
	_ = l.s.Close()
}

// release closes what is still open. Errors of close have no consequence here: what had to reach the peer or
// the program was confirmed by CloseWrite or is reported by Run.
func (l *link) release() {
	l.stall.end()
	l.mu.Lock()
	if l.linger != nil {
		l.linger.Stop()
	}
	l.mu.Unlock()
	l.closePlain()
	_ = l.s.Close()
}
