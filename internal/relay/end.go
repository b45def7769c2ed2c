package relay

import (
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// hungUp says whether the program has closed its socket, or both directions are shut down.
func (l *link) hungUp() bool {
	l.gone = l.gone || linux.HungUp(l.plain)
	return l.gone
}

// programGone says whether the program has closed its socket, or shut both directions down. After close_notify
// from the peer our own shutdown makes that the same as the program's SHUT_WR, and it is treated as that.
func (l *link) programGone() bool { return !l.in.received && l.hungUp() }

func (l *link) wantsReset() bool {
	r, ok := l.s.(Resetter)
	return ok && r.ResetOnClose()
}

// linger throws away what the peer still sends, for a while: a socket closed with unread data resets its connection, and
// the reset can destroy what the peer has not read yet (RFC 2525, section 2.17).
func (l *link) linger() {
	if l.wantsReset() {
		l.reset()
		return
	}
	l.out.phase, l.lingering = sendOver, true
	l.closePlain() // a program that shut both directions down finds the end it made itself
	l.in.deaf, l.in.held, l.in.blocked = true, nil, false
	l.setTimer(l.limits.linger, l.end)
}

// watchStall bounds how long the network may take nothing after the program has closed its socket: nobody else would
// notice.
func (l *link) watchStall() {
	if l.timer != nil || !l.out.ending || !l.hungUp() {
		return
	}
	if l.programGone() && l.wantsReset() {
		l.reset()
		return
	}
	seen := l.out.moves
	l.setTimer(l.limits.stall, func() {
		l.timer = nil
		if l.out.blocked && l.out.moves == seen {
			l.fail(abi.Failf(abi.Reset, "send to the peer: it has read nothing for %v and the program has closed", l.limits.stall))
			l.reset()
		} else if l.out.blocked {
			l.watchStall()
		}
	})
}

// setTimer has fn called later, unless the link has ended by then.
func (l *link) setTimer(after time.Duration, fn func()) {
	if l.timer != nil {
		l.timer.Stop()
	}
	l.timer = time.AfterFunc(after, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.ended {
			fn()
		}
	})
}

// fail keeps the first failure. One that comes while lingering is nobody's concern.
func (l *link) fail(err error) {
	if l.failure == nil && !l.lingering {
		l.failure = err
	}
}

// abort ends both sides at once.
func (l *link) abort(cause error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return
	}
	l.cut(cause)
}

// cut is abort with l.mu held.
func (l *link) cut(cause error) {
	l.fail(cause)
	l.in.received = false // the program is not to take this for an end of stream
	l.reset()
}

// reset ends the connection with an RST.
func (l *link) reset() {
	if r, ok := l.s.(Resetter); ok {
		l.unwatch()
		_ = r.Reset()
	}
	l.end()
}

// end closes what is still open. Errors of close have no consequence here: what had to reach the peer or the program was
// confirmed before or is reported.
func (l *link) end() {
	if l.ended {
		return
	}
	l.ended = true
	if l.timer != nil {
		l.timer.Stop()
	}
	if l.stop != nil {
		l.stop()
	}
	l.unwatch()
	l.closePlain()
	l.s.Release()
	_ = l.s.Close()
	go l.done(l.failure)
}

// closePlain closes the program's connection: with an end of stream when the peer ended its side with
// close_notify, otherwise with ECONNRESET.
func (l *link) closePlain() {
	if l.plain == linux.NoFD {
		return
	}
	if l.in.received || l.lingering {
		drain(l.plain)
	}
	_ = l.plain.Close()
	l.plain = linux.NoFD
}

// drain leaves nothing unread, and lets nothing more be written.
func drain(fd linux.FD) {
	_ = linux.Shutdown(fd, linux.ShutRdWr)
	scratch := borrow()
	defer giveBack(scratch)
	for {
		if n, err := linux.Read(fd, *scratch); n == 0 || err != nil {
			return
		}
	}
}
