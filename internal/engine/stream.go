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
//  2. start turns it into the lower half of a Session and takes the socket out of Go's poller. From then on nothing
//     waits: arrive takes what the network has, Read says errNotYet when that is used up, which crypto/tls takes for
//     a temporary error, and what the network does not take stays in the outbox.
//     With TLS 1.3 it is records that reads and writes, past crypto/tls.
//  3. The end of the TCP connection is errTruncated, never io.EOF, so io.EOF from crypto/tls means close_notify.
type stream struct {
	// f is the socket during the handshake, socket after it.
	f       *os.File
	socket  socket
	started atomic.Bool
	in      inbox
	out     outbox
	// last is the last record written during the handshake; then mute throws away what crypto/tls would write
	// when the records are protected by records.
	last []byte
	mute bool
}

// errTruncated is a TCP connection that ended. Where TLS had not ended before, data may be missing.
var errTruncated = errors.New("the peer closed the connection without close_notify: data may be missing")

// errNotYet is what Read of a started stream says when nothing has arrived.
var errNotYet net.Error = notYet{}

type notYet struct{}

func (notYet) Error() string   { return "nothing has arrived yet" }
func (notYet) Timeout() bool   { return false }
func (notYet) Temporary() bool { return true }

// newStream wraps a connected TCP socket in non-blocking mode, registered in Go's poller. It owns f.
func newStream(f *os.File) *stream { return &stream{f: f, socket: socket{fd: linux.NoFD}} }

// start ends the handshake's way of reading and writing. Nothing may be using the stream.
func (s *stream) start() error {
	fd, err := linux.Detach(s.f)
	if err != nil {
		return err
	}
	s.f, s.socket.fd = nil, fd
	s.started.Store(true)
	return nil
}

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

// wait waits for the network during the handshake. It holds no buffer meanwhile.
func (s *stream) wait() error {
	return linux.WaitRead(s.f, func(fd linux.FD) bool {
		n, err := linux.Read(fd, s.in.room())
		return s.in.took(n, err) || s.in.err != nil
	})
}

// arrive takes what has arrived, as far as it fits, in one system call. It says whether there may be more.
func (s *stream) arrive() bool {
	room := s.in.room()
	n, err := s.socket.read(room)
	return s.in.took(n, err) && n == len(room)
}

// LocalAddr is unknown to a stream; who needs the address has it.
func (s *stream) LocalAddr() net.Addr { return noAddr{} }

// RemoteAddr is unknown too.
func (s *stream) RemoteAddr() net.Addr { return noAddr{} }

// SetDeadline holds during the handshake. Afterwards it does nothing, because crypto/tls would let close_notify
// fail after five seconds, however long the data before it takes.
func (s *stream) SetDeadline(t time.Time) error {
	if s.started.Load() {
		return nil
	}
	return s.f.SetDeadline(t)
}

// SetReadDeadline is SetDeadline for reading.
func (s *stream) SetReadDeadline(t time.Time) error {
	if s.started.Load() {
		return nil
	}
	return s.f.SetReadDeadline(t)
}

// SetWriteDeadline is SetDeadline for writing.
func (s *stream) SetWriteDeadline(t time.Time) error {
	if s.started.Load() {
		return nil
	}
	return s.f.SetWriteDeadline(t)
}

// with runs fn, which must not wait, on the TCP socket.
func (s *stream) with(fn func(linux.FD) error) error {
	if s.started.Load() {
		return s.socket.with(fn)
	}
	return linux.Control(s.f, fn)
}

// release closes the descriptor.
func (s *stream) release() error {
	if s.started.Load() {
		return s.socket.close()
	}
	return s.f.Close()
}

// noAddr is the address of a connection that is not told its addresses.
type noAddr struct{}

func (noAddr) Network() string { return "tcp" }
func (noAddr) String() string  { return "unknown" }
