package relay

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// The life of a relayed connection:
//
//  1. The filler is read away but for one byte, which stays unread as long as the connection lives (queue.go).
//  2. The goroutine of a loop (loop.go) learns of events on both descriptors, edge-triggered, and moves what there is, a
//     batch each way at a time (outbound.go, inbound.go). What one side does not take is kept, and nothing is
//     taken from the other side, until an event says that there is room. No buffer is held otherwise.
//  3. The program's shutdown or close becomes close_notify and FIN behind what it wrote; the peer's
//     close_notify becomes the program's end of stream.
//  4. When the program has closed, what the peer still sends is thrown away for a while (end.go), and the
//     connection is closed. When the peer sent close_notify, the last byte is read away first, so that the
//     program finds an end of stream; in every other case it finds ECONNRESET.

// link is one connection.
type link struct {
	loop   *loop
	id     uint64
	s      Session
	limits limits
	done   func(error)
	// queued belongs to the loop.
	queued bool

	// mu is held while the link does something, which never waits.
	mu sync.Mutex
	// plain is NoFD once it is closed.
	plain linux.FD
	queue queue
	in    inbound
	out   outbound
	// lingering says that the program has closed its socket and all it wrote is on its way.
	lingering, ended bool
	// timer ends lingering, or a write that the peer does not take.
	timer   *time.Timer
	stop    func() bool
	failure error
}

func newLink(plain linux.FD, s Session, most limits, done func(error)) *link {
	return &link{plain: plain, s: s, limits: most, done: done, in: inbound{ready: true}, out: outbound{ready: true}}
}

const (
	eventsIn    = linux.PollIn | linux.PollRdHup
	eventsPlain = eventsIn | linux.PollPri
	// eventsEnd are those after which reading meets an end or an error.
	eventsEnd = linux.PollRdHup | linux.PollHup | linux.PollErr
)

// begin has the loop take the link over. The network socket is writable, which is its first event.
func (l *link) begin(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = linux.SetOOBInline(l.plain) // before Linux 5.15 there is nothing to set
	_ = linux.SetsockoptInt(l.plain, linux.SolSocket, linux.SoSndBuf, SendBuffer)
	l.id = l.loop.enter(l)
	l.stop = context.AfterFunc(ctx, func() {
		l.abort(abi.Failf(abi.Reset, "the connection was cut off: %w", context.Cause(ctx)))
	})
	if err := linux.EpollAdd(l.loop.epoll, l.plain, eventsPlain|linux.EpollET, l.data(sidePlain)); err != nil {
		return fmt.Errorf("watch the program's socket: %w", err)
	}
	err := l.s.Control(func(fd linux.FD) error {
		return linux.EpollAdd(l.loop.epoll, fd, eventsIn|linux.PollOut|linux.EpollET, l.data(sideNet))
	})
	if err != nil {
		return fmt.Errorf("watch the network socket: %w", err)
	}
	return nil
}

func (l *link) data(side uint64) uint64 { return l.id<<sideBits | side }

// handle takes an event and does what it allows. It says whether there is more to do at once.
func (l *link) handle(side uint64, mask uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	defer l.contain()
	room := mask&(linux.PollOut|eventsEnd) != 0
	if side == sidePlain {
		l.out.note(mask)
		l.queue.ragged = l.queue.ragged || mask&linux.PollPri != 0
		l.in.blocked = l.in.blocked && !room
		return l.step()
	}
	l.in.note(mask)
	if l.out.blocked && room {
		l.out.blocked = false
		l.out.moves++
	}
	return l.step()
}

// proceed goes on with what was left.
func (l *link) proceed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return false
	}
	defer l.contain()
	return l.step()
}

// step moves a batch each way. It says whether there is more to do at once.
func (l *link) step() bool {
	l.send()
	if !l.ended {
		l.receive()
	}
	if !l.ended && l.in.over && l.out.phase == sendOver {
		l.end()
	}
	return !l.ended && (l.in.can() || l.out.can())
}
