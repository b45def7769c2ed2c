package relay

import (
	"errors"
	"io"

	"github.com/securesocketapi/ssa/internal/linux"
)

// errEnough ends the lingering of a connection whose peer goes on sending.
var errEnough = errors.New("the peer goes on sending after the program has closed")

// receiveAll moves what the peer sends to the program, up to close_notify or a failure.
func (l *link) receiveAll() {
	var in inbound
	for {
		l.s.WaitReadable()
		err := l.forward(&in)
		if errors.Is(err, io.EOF) {
			l.receivedAll()
			return
		}
		if err != nil {
			l.receiveFailed(err)
			return
		}
	}
}

// receiveFailed ends the connection, unless the program has closed its socket: then nobody misses anything, and
// what the program wrote is still sent.
func (l *link) receiveFailed(err error) {
	if l.programGone() {
		return
	}
	l.fail(err)
	_ = l.plain.Close()
	_ = l.s.Close()
}

// inbound is the state of the direction to the program.
type inbound struct {
	// deaf says that the program reads no more, discarded how much was thrown away while lingering.
	deaf      bool
	discarded int
}

// forward moves one batch. Data reaches the program before the error that follows it.
func (l *link) forward(in *inbound) error {
	pieces, err := l.s.ReadReady()
	n := size(pieces)
	if n > 0 && !in.deaf {
		in.deaf = linux.SendAllv(l.plain, pieces) != nil // SHUT_RD or close; which of them, the other direction finds out
	}
	if in.deaf && l.isLingering() {
		if in.discarded += n; in.discarded > l.limits.discard {
			return errEnough
		}
	}
	return err
}

func (l *link) isLingering() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lingering
}

// receivedAll passes close_notify on. When nothing can be sent any more, the program's socket is closed, which
// ends the other direction's wait: as over TCP, the program then reads the end of the stream and writes get EPIPE.
func (l *link) receivedAll() {
	l.mu.Lock()
	l.received = true
	last := l.over
	l.mu.Unlock()
	if last {
		l.closePlain()
		return
	}
	_ = l.raw.Control(func(fd uintptr) { _ = linux.Shutdown(linux.FD(fd), linux.ShutWr) })
}

func (l *link) hasReceivedAll() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.received
}

// closePlain closes the program's connection: with an end of stream when the peer ended its side with
// close_notify, otherwise with ECONNRESET.
func (l *link) closePlain() {
	if l.hasReceivedAll() {
		_ = l.raw.Control(drain)
	}
	_ = l.plain.Close()
}

// drain leaves nothing unread, and lets nothing more be written.
func drain(fd uintptr) {
	_ = linux.Shutdown(linux.FD(fd), linux.ShutRdWr)
	scratch := borrow()
	defer giveBack(scratch)
	for {
		if n, err := linux.Read(linux.FD(fd), *scratch); n == 0 || err != nil {
			return
		}
	}
}
