package engine

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// carrier is how records are protected: by records for TLS 1.3, by crypto/tls (library) for older versions.
type carrier interface {
	// ready says that take has something to give although nothing arrives. release gives up what the last take gave.
	ready() bool
	take() ([][]byte, error)
	release()
	room() [][]byte
	// write and closeWrite only put records into the outbox.
	write(n int) error
	closeWrite() error
}

// A Session is an established TLS connection. Nothing in it waits: who uses it watches the descriptor that Control
// gives, for EPOLLIN, EPOLLRDHUP and EPOLLOUT, edge-triggered (epoll(7)). It is not safe for concurrent use, but Close,
// Reset, Control, Traffic and Err may be called by any. Its errors are *abi.Failure, except io.EOF.
type Session struct {
	carrier carrier
	net     *stream
	state   State
	// end is why nothing more will be read.
	end error
	// ending says that close_notify has been sealed, finished that it and FIN are on their way, closed that what
	// fails now does so on purpose.
	ending           bool
	finished, closed atomic.Bool
	// received and sent count bytes of plaintext.
	received, sent atomic.Uint64
	mu             sync.Mutex
	failure        error
}

// newSession takes over tc after its handshake, and the stream below it. client says who we are.
func newSession(tc *tls.Conn, s *stream, keys *secrets, client bool) (*Session, error) {
	session := &Session{carrier: &library{tls: tc, net: s}, net: s, state: stateOf(tc)}
	if session.state.Version == tls.VersionTLS13 {
		r, err := newRecords(tc, s, keys, client)
		if err != nil {
			return nil, err
		}
		session.carrier = r
	}
	if err := s.start(); err != nil {
		return nil, err
	}
	return session, nil
}

// State is what the handshake established.
func (s *Session) State() State { return s.state }

// Receive gives what has arrived, in pieces that belong to the caller until the next Receive or Release. It gives
// nothing and no error when no record is complete. io.EOF means that the peer sent close_notify; every other end is a
// failure of kind Reset. Data and an error never come together. With more there may be more to receive at once;
// otherwise the next event tells.
func (s *Session) Receive() (pieces [][]byte, more bool, err error) {
	if s.end != nil {
		return nil, false, s.end
	}
	// What is here already comes first; the network is looked at the next time.
	if more = s.carrier.ready(); !more {
		more = s.net.arrive()
	}
	pieces, err = s.carrier.take()
	if err != nil {
		s.end = s.readFailure(err)
	}
	if len(pieces) == 0 {
		return nil, more, s.end
	}
	for _, p := range pieces {
		s.received.Add(uint64(len(p)))
	}
	return pieces, more || s.end != nil || s.carrier.ready(), nil
}

// Release gives up the pieces of the last Receive and the buffers they lie in.
func (s *Session) Release() { s.carrier.release() }

// Traffic is how many bytes of plaintext have come from the peer and gone to it so far.
func (s *Session) Traffic() (received, sent uint64) { return s.received.Load(), s.sent.Load() }

// Room is where data for the next WriteRoom is to be put, in this order. All pieces but the last are of the size of
// a record.
func (s *Session) Room() [][]byte { return s.carrier.room() }

// WriteRoom sends the first n bytes of the Room and gives it back, with one system call for a run of records. It says
// whether the network took all; otherwise Flush goes on, and there must be no Room before it has said so.
func (s *Session) WriteRoom(n int) (bool, error) {
	err := s.carrier.write(n)
	if err == nil && n == 0 {
		return true, nil
	}
	if err != nil {
		return false, s.fail("send to the peer", err)
	}
	s.sent.Add(uint64(n))
	return s.Flush()
}

// CloseWrite sends close_notify and FIN behind everything written; see WriteRoom. Receiving goes on.
func (s *Session) CloseWrite() (bool, error) {
	if err := s.carrier.closeWrite(); err != nil {
		return false, s.fail("send close_notify to the peer", err)
	}
	s.ending = true
	return s.Flush()
}

// Flush sends what the network did not take before, and says whether that was all.
func (s *Session) Flush() (bool, error) {
	doing := "send to the peer"
	if s.ending {
		doing = "send close_notify to the peer"
	}
	sent, err := s.net.flush()
	if err == nil && sent && s.ending && !s.finished.Load() {
		if err = s.net.shutdownWrite(); err == nil {
			s.finished.Store(true)
		}
	}
	if err != nil {
		return false, s.fail(doing, err)
	}
	return sent, nil
}

// ResetOnClose says whether the program has asked for an abortive close: SO_LINGER with 0 seconds.
func (s *Session) ResetOnClose() bool { return s.net.abortive() }

// Close releases the connection without waiting. Without a CloseWrite before it, it is a Reset, so that the
// peer cannot take the end for a complete stream.
func (s *Session) Close() error {
	s.closed.Store(true)
	if s.finished.Load() {
		return s.net.Close()
	}
	return s.net.reset()
}

// Reset ends the connection with an RST and drops what was not sent.
func (s *Session) Reset() error {
	s.closed.Store(true)
	return s.net.reset()
}

// Err is the first failure of the session, nil while there is none. It is there before the call that meets it
// returns. What Close and Reset cause is none.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

func (s *Session) readFailure(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return s.fail("receive from the peer", err)
}

// fail words an error and keeps it when it is the first.
func (s *Session) fail(doing string, err error) error {
	f := sessionFailure(doing, err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failure == nil && !s.closed.Load() {
		s.failure = f
	}
	return f
}

func sessionFailure(doing string, err error) *abi.Failure {
	var alert *net.OpError
	switch {
	case errors.Is(err, errTruncated):
		return &abi.Failure{Kind: abi.Reset, Err: errTruncated}
	case errors.Is(err, linux.ECONNRESET), errors.Is(err, linux.EPIPE), errors.Is(err, linux.ENOTCONN):
		return abi.Failf(abi.Reset, "%s: the peer reset the connection", doing)
	case errors.As(err, &alert) && alert.Op == "local error":
		return abi.Failf(abi.Reset, "%s: a record was damaged or out of order: %w", doing, alert.Err)
	case errors.As(err, &alert) && alert.Op == "remote error":
		return abi.Failf(abi.Reset, "%s: it ended the connection with an alert: %w", doing, alert.Err)
	}
	return abi.Failf(abi.Reset, "%s: %w", doing, err)
}
