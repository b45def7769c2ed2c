package relay

import (
	"errors"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

func isAgain(err error) bool { return errors.Is(err, linux.EAGAIN) }

// sendAll moves what the program writes to the peer, up to its shutdown or close.
func (l *link) sendAll() {
	if err := l.pump(); err != nil {
		l.sendFailed(err)
		return
	}
	gone := l.programGone()
	if gone && l.wantsReset() {
		l.reset()
		return
	}
	l.stall.begin(l)
	err := l.s.CloseWrite()
	l.stall.pause()
	if err != nil {
		l.sendFailed(err)
		return
	}
	if !l.outboundOver() && (gone || l.untilGone()) {
		l.startLinger()
	}
}

// sendFailed leaves the other direction alone: what has arrived is still delivered, and the end of that
// direction is the end of the connection. So is the program's close.
func (l *link) sendFailed(err error) {
	l.fail(err)
	if l.outboundOver() {
		l.closePlain()
		return
	}
	if l.untilGone() {
		_ = l.s.Close()
	}
}

// pump moves batches until the program has ended its side.
func (l *link) pump() error {
	for {
		if err := l.raw.Read(l.receive); err != nil {
			return err // closed by the other direction
		}
		if l.took != nil {
			return nil
		}
		l.stall.begin(l)
		err := l.s.WriteRoom(l.fresh)
		l.stall.pause()
		if err != nil {
			return err
		}
	}
}

// arrived takes what the program has written since. It borrows a room only for that.
func (l *link) arrived(fd uintptr) bool {
	l.fresh, l.took = l.queue.take(linux.FD(fd), l.s.Room())
	if l.took == nil {
		return true
	}
	_ = l.s.WriteRoom(0) // nothing is sent
	return !isAgain(l.took)
}

// programGone says whether the program has closed its socket, or shut both directions down. After close_notify
// from the peer our own shutdown makes that the same as the program's SHUT_WR, and it is treated as that.
func (l *link) programGone() bool {
	gone := false
	err := l.raw.Control(func(fd uintptr) { gone = hungUp(fd) })
	return err == nil && gone && !l.hasReceivedAll()
}

func hungUp(fd uintptr) bool {
	events, err := linux.Poll(linux.FD(fd), 0, 0)
	return err == nil && events&linux.PollHup != 0
}

// untilGone waits for the program to close, and says whether it did; it has not when the other direction has
// ended first.
func (l *link) untilGone() bool { return l.raw.Read(hungUp) == nil }

func (l *link) wantsReset() bool {
	r, ok := l.s.(Resetter)
	return ok && r.ResetOnClose()
}

// outboundOver notes that nothing more will be sent and says whether the peer has ended its side before.
func (l *link) outboundOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = true
	return l.received
}

// startLinger lets the other direction throw away what the peer still sends, for a while.
func (l *link) startLinger() {
	if l.hasReceivedAll() {
		return
	}
	if l.wantsReset() {
		l.reset()
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lingering = true
	l.linger = time.AfterFunc(l.limits.linger, func() { _ = l.s.Close() })
	_ = l.raw.Control(drain) // a program that shut both directions down finds the end it made itself
	_ = l.plain.Close()
}
