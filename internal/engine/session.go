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

// A Session is an established TLS connection. One goroutine reads (WaitReadable, ReadReady, Read), one writes
// (Write, CloseWrite); Close, Reset and Err may be called by any. Its errors are *abi.Failure, except io.EOF.
type Session struct {
	tls   *tls.Conn
	net   *stream
	state State
	// more says that the last read filled its buffer: crypto/tls may have the rest of a record. end is why
	// nothing more will be read. Both belong to the reader.
	more bool
	end  error
	// finished says that close_notify and FIN are on their way, closed that what fails now does so on purpose.
	finished, closed atomic.Bool
	// received and sent count bytes of plaintext.
	received, sent atomic.Uint64
	mu             sync.Mutex
	failure        error
}

// newSession takes over tc after its handshake, and the stream below it.
func newSession(tc *tls.Conn, s *stream, state State) *Session {
	s.start()
	return &Session{tls: tc, net: s, state: state}
}

// State is what the handshake established.
func (s *Session) State() State { return s.state }

// WaitReadable blocks until ReadReady has something to work on. It holds no buffer meanwhile.
func (s *Session) WaitReadable() {
	if s.more || s.end != nil {
		return
	}
	if err := s.net.wait(); err != nil {
		s.end = s.fail("receive from the peer", err)
	}
}

// ReadReady fills p with as many records as have arrived and fit, without waiting. It returns 0 and no error
// when no record is complete. io.EOF means that the peer sent close_notify; every other end is a failure of
// kind Reset. Data and an error never come together.
func (s *Session) ReadReady(p []byte) (int, error) {
	if s.end != nil {
		return 0, s.end
	}
	done, err := 0, error(nil)
	for done < len(p) && err == nil {
		var n int
		n, err = s.tls.Read(p[done:])
		done += n
		if n > 0 && s.net.in.empty() && done < len(p) {
			break // the last record was not cut off, and there is no other
		}
	}
	s.more = err == nil && done == len(p)
	if err != nil && !errors.Is(err, errNotYet) {
		s.end = s.readFailure(err)
	}
	if done > 0 {
		s.received.Add(uint64(done))
		return done, nil
	}
	return 0, s.end
}

// Traffic is how many bytes of plaintext have come from the peer and gone to it so far.
func (s *Session) Traffic() (received, sent uint64) { return s.received.Load(), s.sent.Load() }

// Read is ReadReady that waits for the first record.
func (s *Session) Read(p []byte) (int, error) {
	for len(p) > 0 {
		s.WaitReadable()
		if n, err := s.ReadReady(p); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, nil
}

// Write sends p, of any size, with one system call for each run of sixteen full records.
func (s *Session) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n, err := s.writeRun(p[done:min(done+runPlain, len(p))])
		done += n
		s.sent.Add(uint64(n))
		if err != nil {
			return done, s.fail("send to the peer", err)
		}
	}
	return done, nil
}

func (s *Session) writeRun(p []byte) (int, error) {
	if len(p) > recordPlain {
		s.net.hold()
	}
	n, err := s.tls.Write(p)
	if ferr := s.net.flush(); err == nil && ferr != nil {
		return 0, ferr
	}
	return n, err
}

// CloseWrite sends close_notify and FIN behind everything written. Reading goes on.
func (s *Session) CloseWrite() error {
	s.net.hold()
	err := s.tls.CloseWrite()
	if ferr := s.net.flush(); err == nil {
		err = ferr
	}
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
