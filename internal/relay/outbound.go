package relay

import (
	"errors"

	"github.com/securesocketapi/ssa/internal/linux"
)

// phase is how far the direction to the peer has come.
type phase int

const (
	// sendPrepare reads the filler away.
	sendPrepare phase = iota
	// sendData moves what the program writes.
	sendData
	// sendEnd waits until the network has taken close_notify.
	sendEnd
	// sendDone and sendBroken wait for the program to close its socket: after the end, and after a failure.
	sendDone
	sendBroken
	// sendOver has nothing more to do.
	sendOver
)

// outbound is the state of the direction to the peer.
type outbound struct {
	phase phase
	// ready says that there may be something to take from the program, ending that it has ended its side.
	ready, ending bool
	// blocked says that the network takes no more, moves counts how often it did again.
	blocked bool
	moves   int
}

// note takes the events of the program's socket.
func (o *outbound) note(mask uint32) {
	o.ready = o.ready || mask&(linux.PollIn|eventsEnd) != 0
	o.ending = o.ending || mask&eventsEnd != 0
}

// can says whether send has something to do.
func (o *outbound) can() bool { return o.ready && !o.blocked && o.phase <= sendData }

// send does what the phase asks for. A program that is gone is met in each.
func (l *link) send() {
	o := &l.out
	if o.blocked {
		l.watchStall()
		return
	}
	if o.phase == sendPrepare && !l.prepare() {
		return
	}
	switch o.phase {
	case sendData:
		l.sendData()
	case sendEnd:
		l.flushed(l.s.Flush())
	case sendDone:
		if o.ending && l.hungUp() {
			l.linger()
		}
	case sendBroken:
		if o.ending && l.hungUp() {
			l.end()
		}
	case sendPrepare, sendOver:
	}
}

// prepare discards the filler, but for its last byte. It says whether that is done.
func (l *link) prepare() bool {
	scratch := borrow()
	defer giveBack(scratch)
	err := l.queue.drop(l.plain, *scratch)
	if isAgain(err) {
		l.out.ready = false
		return false
	}
	if err == nil {
		err = linux.SetPeekOff(l.plain, l.queue.known)
	}
	if err != nil {
		l.sendFailed(err)
		return false
	}
	l.out.phase = sendData
	return true
}

func isAgain(err error) bool { return errors.Is(err, linux.EAGAIN) }

// sendData moves one batch from the program to the peer, behind what the network did not take before.
func (l *link) sendData() {
	o := &l.out
	if !l.flushed(l.s.Flush()) || !o.can() {
		return
	}
	n, more, err := l.queue.take(l.plain, l.s.Room())
	o.ready = more || o.ending
	l.loop.moved = l.loop.moved || n > 0
	sent, failed := l.s.WriteRoom(n)
	if l.flushed(sent, failed) && err != nil {
		if isAgain(err) {
			o.ready = false
			return
		}
		l.sendAll()
	}
}

// flushed takes what a call that sends has said. It says whether the network has taken everything.
func (l *link) flushed(sent bool, err error) bool {
	o := &l.out
	if err != nil {
		l.sendFailed(err)
		return false
	}
	if o.blocked = !sent; o.blocked {
		l.watchStall()
		return false
	}
	if o.phase == sendEnd {
		l.sentAll()
	}
	return true
}

// sendAll has come to the end of what the program writes: its shutdown or close.
func (l *link) sendAll() {
	l.out.phase = sendEnd
	if l.programGone() && l.wantsReset() {
		l.reset()
		return
	}
	l.flushed(l.s.CloseWrite())
}

// sentAll is called when close_notify is on its way.
func (l *link) sentAll() {
	l.out.phase = sendDone
	switch {
	case l.in.received:
		l.end()
	case l.hungUp():
		l.linger()
	}
}

// sendFailed leaves the other direction alone: what has arrived is still delivered, and the end of that
// direction is the end of the connection. So is the program's close.
func (l *link) sendFailed(err error) {
	l.fail(err)
	l.out.phase, l.out.blocked = sendBroken, false
	if l.in.received || l.hungUp() {
		l.end()
	}
}
