package relay

import (
	"errors"
	"io"

	"github.com/securesocketapi/ssa/internal/linux"
)

// inbound is the state of the direction to the program.
type inbound struct {
	// ready says that there may be something to receive, ending that an end or an error will be, vain how many times
	// in a row it was not.
	ready, ending bool
	vain          int
	// held is what the program's socket did not take; blocked says that there is no room for it yet, watched that an
	// event is to tell.
	held             [][]byte
	blocked, watched bool
	// deaf says that the program reads no more, discarded how much was thrown away while lingering.
	deaf      bool
	discarded int
	// received says that the peer has sent close_notify, over that nothing more is received for whatever reason.
	received, over bool
}

// note takes the events of the network socket.
func (in *inbound) note(mask uint32) {
	in.ready = in.ready || mask&(linux.PollIn|eventsEnd) != 0
	if mask&eventsEnd != 0 {
		in.ending, in.vain = true, 0
	}
}

// vainMax is how often nothing may come before an announced end: a part of a record, and then the end itself. An error
// that is none for who receives is announced too.
const vainMax = 2

// can says whether receive has something to do.
func (in *inbound) can() bool { return in.ready && !in.over && !in.blocked }

// errEnough ends the lingering of a connection whose peer goes on sending.
var errEnough = errors.New("the peer goes on sending after the program has closed")

// receive moves one batch from the peer to the program. Data reaches the program before the end or error that follows it.
func (l *link) receive() {
	in := &l.in
	if len(in.held) > 0 && (in.blocked || !l.deliver()) {
		return
	}
	if !in.can() {
		l.s.Release()
		return
	}
	pieces, more, err := l.s.Receive()
	if in.held = pieces; len(pieces) == 0 {
		in.vain++
	} else {
		l.loop.moved = true
	}
	in.ready = more || in.ending && in.vain < vainMax
	if err == nil && !l.deliver() {
		return
	}
	if err == nil && l.lingering && in.discarded > l.limits.discard {
		err = errEnough
	}
	if err != nil {
		l.receivedAll(err)
	} else if !in.ready {
		l.s.Release()
	}
}

// deliver gives the program what is held. It says whether all of it is gone.
func (l *link) deliver() bool {
	in := &l.in
	if !in.deaf {
		rest, err := linux.SendRun(l.plain, in.held)
		in.deaf = err != nil // SHUT_RD or close; which of them, the other direction finds out
		if err == nil {
			in.held, in.blocked = rest, len(rest) > 0
			l.watchRoom(in.blocked)
			return !in.blocked
		}
	}
	if l.lingering {
		in.discarded += size(in.held)
	}
	in.held = nil
	return true
}

// watchRoom says whether the loop is to tell when the program's socket has room. An AF_UNIX socket would wake it for every
// read of the program's otherwise.
func (l *link) watchRoom(on bool) {
	if l.in.watched == on {
		return
	}
	l.in.watched = on
	_ = linux.EpollChange(l.loop.epoll, l.plain, l.plainEvents(), l.data(sidePlain)) // it is registered as long as it is open
}

func (l *link) plainEvents() uint32 {
	events := uint32(eventsPlain | linux.EpollET)
	if l.in.watched {
		events |= linux.PollOut
	}
	return events
}

// receivedAll ends the direction to the program. close_notify is passed on; when nothing can be sent any more, the
// program's socket is closed: as over TCP, the program then reads the end of the stream and its writes get EPIPE.
func (l *link) receivedAll(err error) {
	l.s.Release()
	l.in.over = true
	if !errors.Is(err, io.EOF) {
		l.receiveFailed(err)
		return
	}
	l.in.received = true
	if l.out.phase >= sendDone {
		l.end()
		return
	}
	_ = linux.Shutdown(l.plain, linux.ShutWr)
}

// receiveFailed ends the connection, unless the program has closed its socket: then nobody misses anything, and
// what the program wrote is still sent.
func (l *link) receiveFailed(err error) {
	if l.programGone() {
		return
	}
	l.fail(err)
	l.end()
}
