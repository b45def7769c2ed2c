package engine

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// The life of a stream:
//
//  1. During the handshake it is a net.Conn like any other: Read waits, Write writes at once, deadlines hold.
//  2. start turns it into the lower half of a Session. From then on Read never waits: it says errNotYet, which
//     crypto/tls takes for a temporary error, and Session waits in wait, with no buffer and a shallow stack.
//     With TLS 1.3 it is records that reads and writes, past crypto/tls.
//  3. The records that Session.Write produces are held and flushed as one run, see outbox.
//  4. The end of the TCP connection is errTruncated, never io.EOF, so io.EOF from crypto/tls means close_notify.
type stream struct {
	f       *os.File
	raw     rawConn
	started atomic.Bool
	in      inbox
	out     outbox
	// last is the last record written during the handshake; then mute throws away what crypto/tls would write
	// when the records are protected by records.
	last []byte
	mute bool
}

// rawConn is the part of syscall.RawConn in use.
type rawConn interface {
	Control(func(fd uintptr)) error
	Read(func(fd uintptr) bool) error
}

// unusable is the rawConn of a file that has none.
type unusable struct{ err error }

func (u unusable) Control(func(uintptr)) error   { return u.err }
func (u unusable) Read(func(uintptr) bool) error { return u.err }

// errTruncated is a TCP connection that ended. Where TLS had not ended before, data may be missing.
var errTruncated = errors.New("the peer closed the connection without close_notify: data may be missing")

// errNotYet is what Read of a started stream says when nothing has arrived.
var errNotYet net.Error = notYet{}

type notYet struct{}

func (notYet) Error() string   { return "nothing has arrived yet" }
func (notYet) Timeout() bool   { return false }
func (notYet) Temporary() bool { return true }

// newStream wraps a connected TCP socket in non-blocking mode, registered in Go's poller. It owns f.
func newStream(f *os.File) *stream {
	s := &stream{f: f}
	s.in.receive, s.out.transmit = s.receive, s.transmit
	raw, err := f.SyscallConn()
	if err != nil {
		s.raw, s.in.err = unusable{err}, err
		return s
	}
	s.raw = raw
	return s
}

// start ends the handshake's way of reading and writing. Nothing may be using the stream.
func (s *stream) start() { s.started.Store(true) }

// Read gives crypto/tls what has arrived, never past the end of a record, so that it buffers one at most.
func (s *stream) Read(p []byte) (int, error) {
	if s.mute {
		return s.in.fed(p)
	}
	if s.in.empty() && !s.started.Load() {
		if err := s.wait(); err != nil {
			return 0, err
		}
	}
	return s.in.take(p)
}

// wait blocks until take has something to give, which includes the end of the stream. It holds no buffer
// meanwhile.
func (s *stream) wait() error {
	if !s.in.empty() {
		return nil
	}
	return s.raw.Read(s.in.receive)
}

// receive takes all that has arrived, as far as it fits, in one system call. It says whether there was
// anything; the buffer goes back to the pool when there was not.
func (s *stream) receive(fd uintptr) bool {
	room := s.in.room()
	n, err := linux.Read(linux.FD(fd), room)
	if n > 0 {
		s.in.fill(n)
		return true
	}
	s.in.stash()
	if errors.Is(err, linux.EAGAIN) {
		return false
	}
	if err == nil {
		err = errTruncated
	}
	s.in.err = err
	return true
}

// LocalAddr is unknown to a stream; who needs the address has it.
func (s *stream) LocalAddr() net.Addr { return noAddr{} }

// RemoteAddr is unknown too.
func (s *stream) RemoteAddr() net.Addr { return noAddr{} }

// SetDeadline holds during the handshake. Afterwards it does nothing, because crypto/tls would let close_notify
// fail after five seconds, however long the data before it takes.
func (s *stream) SetDeadline(t time.Time) error { return s.unlessStarted(s.f.SetDeadline, t) }

// SetReadDeadline is SetDeadline for reading.
func (s *stream) SetReadDeadline(t time.Time) error { return s.unlessStarted(s.f.SetReadDeadline, t) }

// SetWriteDeadline is SetDeadline for writing.
func (s *stream) SetWriteDeadline(t time.Time) error { return s.unlessStarted(s.f.SetWriteDeadline, t) }

func (s *stream) unlessStarted(set func(time.Time) error, t time.Time) error {
	if s.started.Load() {
		return nil
	}
	return set(t)
}

// noAddr is the address of a connection that is not told its addresses.
type noAddr struct{}

func (noAddr) Network() string { return "tcp" }
func (noAddr) String() string  { return "unknown" }
