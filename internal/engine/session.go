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
	// wait blocks until take has something to give, and gives up what the last take gave.
	wait() error
	take() ([][]byte, error)
	room() [][]byte
	write(n int) error
	closeWrite() error
}

// A Session is an established TLS connection. One goroutine reads (WaitReadable, ReadReady, Read), one writes
// (Room, WriteRoom, Write, CloseWrite); Close, Reset and Err may be called by any. Its errors are *abi.Failure,
// except io.EOF.
type Session struct {
	carrier carrier
	net     *stream
	state   State
	// end is why nothing more will be read, rest what Read has not given yet. Both belong to the reader.
	end  error
	rest [][]byte
	// finished says that close_notify and FIN are on their way, closed that what fails now does so on purpose.
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
	s.start()
	return session, nil
}

// State is what the handshake established.
func (s *Session) State() State { return s.state }

// WaitReadable blocks until ReadReady has something to work on. It holds no buffer meanwhile: what ReadReady gave
// before is not to be used any more.
func (s *Session) WaitReadable() {
	if s.end != nil {
		return
	}
	if err := s.carrier.wait(); err != nil {
		s.end = s.fail("receive from the peer", err)
	}
}

// ReadReady gives what has arrived, without waiting, in pieces that belong to the caller until the next
// WaitReadable. It gives nothing and no error when no record is complete. io.EOF means that the peer sent
// close_notify; every other end is a failure of kind Reset. Data and an error never come together.
func (s *Session) ReadReady() ([][]byte, error) {
	if s.end != nil {
		return nil, s.end
	}
	pieces, err := s.carrier.take()
	if err != nil {
		s.end = s.readFailure(err)
	}
	if len(pieces) > 0 {
		for _, p := range pieces {
			s.received.Add(uint64(len(p)))
		}
		return pieces, nil
	}
	return nil, s.end
}

// Traffic is how many bytes of plaintext have come from the peer and gone to it so far.
func (s *Session) Traffic() (received, sent uint64) { return s.received.Load(), s.sent.Load() }

// Read waits for data and copies it to p.
func (s *Session) Read(p []byte) (n int, err error) {
	for len(s.rest) == 0 {
		s.WaitReadable()
		if s.rest, err = s.ReadReady(); err != nil {
			return 0, err
		}
	}
	n = copy(p, s.rest[0])
	if s.rest[0] = s.rest[0][n:]; len(s.rest[0]) == 0 {
		s.rest = s.rest[1:]
	}
	return n, nil
}

// Room is where data for the next WriteRoom is to be put, in this order. All pieces but the last are of the size of
// a record.
func (s *Session) Room() [][]byte { return s.carrier.room() }

// WriteRoom sends the first n bytes of the Room and gives it back, with one system call for a run of records.
func (s *Session) WriteRoom(n int) error {
	if err := s.carrier.write(n); err != nil {
		return s.fail("send to the peer", err)
	}
	s.sent.Add(uint64(n))
	return nil
}

// Write sends a copy of p, of any size.
func (s *Session) Write(p []byte) (done int, err error) {
	for done < len(p) && err == nil {
		n := 0
		for _, piece := range s.Room() {
			n += copy(piece, p[done+n:])
		}
		if err = s.WriteRoom(n); err == nil {
			done += n
		}
	}
	return done, err
}

// CloseWrite sends close_notify and FIN behind everything written. Reading goes on.
func (s *Session) CloseWrite() error {
	err := s.carrier.closeWrite()
	if err == nil {
		err = s.net.shutdownWrite()
	}
	if err != nil {
		return s.fail("send close_notify to the peer", err)
	}
	s.finished.Store(true)
	return nil
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
