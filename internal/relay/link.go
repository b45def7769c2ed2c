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
//  2. The thread of a loop (loop.go) learns of events on both descriptors, edge-triggered, and moves what there is, a
//     batch each way at a time (outbound.go, inbound.go). What one side does not take is kept, and nothing is
//     taken from the other side, until an event says that there is room. No buffer is held otherwise.
//  3. The program's shutdown or close becomes close_notify and FIN behind what it wrote; the peer's
//     close_notify becomes the program's end of stream.
//  4. When the program has closed, what the peer still sends is thrown away for a while (end.go), and the
//     connection is closed. When the peer sent close_notify, the last byte is read away first, so that the
//     program finds an end of stream; in every other case it finds ECONNRESET.

// link is one connection.
type link struct {
	s      Session
	limits limits
	done   func(error)
	// mu is held while the link does something, which never waits.
	mu sync.Mutex
	// loop knows the link by id. queued says that it will go on with the link without an event.
	loop   *loop
	id     uint64
	queued bool
	// plain is NoFD once it is closed.
	plain linux.FD
	queue queue
	in    inbound
	out   outbound
	// gone says that the program has closed its socket or shut both directions down, which is for good, lingering that it has
	// closed its socket and all it wrote is on its way.
	gone, lingering, ended bool
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

// begin has the loop take the link over.
func (l *link) begin(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = linux.SetOOBInline(l.plain) // before Linux 5.15 there is nothing to set
	_ = linux.SetsockoptInt(l.plain, linux.SolSocket, linux.SoSndBuf, SendBuffer)
	l.stop = context.AfterFunc(ctx, func() {
		l.abort(abi.Failf(abi.Reset, "the connection was cut off: %w", context.Cause(ctx)))
	})
	return l.watch()
}

// watch registers the link with its loop. The network socket is writable sooner or later, which is its first event.
func (l *link) watch() error {
	l.id = l.loop.enter(l)
	if l.plain != linux.NoFD {
		if err := linux.EpollAdd(l.loop.epoll, l.plain, l.plainEvents(), l.data(sidePlain)); err != nil {
			return fmt.Errorf("watch the program's socket: %w", err)
		}
	}
	err := l.s.Control(func(fd linux.FD) error {
		return linux.EpollAdd(l.loop.epoll, fd, eventsIn|linux.PollOut|linux.EpollET, l.data(sideNet))
	})
	if err != nil {
		return fmt.Errorf("watch the network socket: %w", err)
	}
	return nil
}

// unwatch ends the registration. Somebody else may have the sockets open too.
func (l *link) unwatch() {
	if l.id == 0 {
		return
	}
	_ = linux.EpollRemove(l.loop.epoll, l.plain)
	_ = l.s.Control(func(fd linux.FD) error { return linux.EpollRemove(l.loop.epoll, fd) })
	l.loop.leave(l.id)
	l.id = 0
}

// move gives the link to another loop, which meets all events that hold anew. It says whether it did.
func (l *link) move(from, to *loop) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || l.loop != from {
		return false
	}
	l.queued = false
	l.unwatch()
	l.loop = to
	if err := l.watch(); err != nil {
		l.cut(abi.Failf(abi.Reset, "relay to the program: %w", err))
	}
	return true
}

func (l *link) data(side uint64) uint64 { return l.id<<sideBits | side }

// handle takes an event that a loop was told and does what it allows. It says whether the loop is to go on by itself.
func (l *link) handle(by *loop, side uint64, mask uint32) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || l.loop != by {
		return false
	}
	defer l.contain()
	room := mask&(linux.PollOut|eventsEnd) != 0
	if side == sidePlain {
		l.gone = l.gone || mask&linux.PollHup != 0
		l.out.note(mask)
		l.queue.ragged = l.queue.ragged || mask&linux.PollPri != 0
		l.in.blocked = l.in.blocked && !room
	} else {
		l.in.note(mask)
		if l.out.blocked && room {
			l.out.blocked = false
			l.out.moves++
		}
	}
	queued := l.queued
	l.queued = l.step() || queued
	return l.queued && !queued
}

// proceed goes on with what was left. It says whether there is still more.
func (l *link) proceed(by *loop) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended || l.loop != by {
		return false
	}
	defer l.contain()
	l.queued = l.step()
	return l.queued
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
