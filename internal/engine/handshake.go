package engine

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// peer is the other side of a handshake, as texts name it.
type peer struct {
	// server says that the peer is one.
	server  bool
	name    string
	address netip.AddrPort
	timeout time.Duration
}

// String names the peer: its role, its name when it has one, its address when it is known.
func (p peer) String() string {
	s := "the client"
	if p.server {
		s = "the server"
	}
	if p.name != "" && p.name != p.address.Addr().String() {
		s += fmt.Sprintf(" %q", p.name)
	}
	if p.address.IsValid() {
		s += " at " + p.address.String()
	}
	return s
}

// shake runs a handshake to its end and hands over what comes of it. On failure the alert is on its way and the
// socket is closed.
func (p peer) shake(ctx context.Context, network *os.File, side func(*stream, *secrets) *tls.Conn) (*Session, error) {
	s := newStream(network)
	keys := &secrets{}
	conn := side(s, keys)
	// The deadline is a cause of its own, to be told from one of the caller's.
	timed, cancel := context.WithTimeoutCause(ctx, p.timeout, errTimeout)
	defer cancel()
	if err := conn.HandshakeContext(timed); err != nil {
		p.leave(timed, s)
		return nil, p.failure(timed, conn, err)
	}
	session, err := newSession(conn, s, keys, p.server)
	if err != nil {
		_ = s.reset() // the peer is not to take it for the end of a stream
		return nil, abi.Failf(abi.Reset, "go on after the handshake with %v: %w", p, err)
	}
	return session, nil
}

// lingerTime and lingerBytes bound how long a server waits for the peer to read the alert of a failed handshake.
const (
	lingerTime  = time.Second
	lingerBytes = 64 << 10
)

// leave closes the socket after a failure. Closing with unread data would reset the connection and destroy the
// alert that tells the peer why. A client, whose caller waits, takes only what has arrived.
func (p peer) leave(ctx context.Context, s *stream) {
	defer func() { _ = s.Close() }() // nothing is lost that was not lost before
	if s.shutdownWrite() != nil {
		return
	}
	if p.server {
		drain(s.f)
		return
	}
	defer context.AfterFunc(ctx, func() { _ = s.f.SetReadDeadline(time.Unix(1, 0)) })()
	if s.f.SetReadDeadline(time.Now().Add(lingerTime)) != nil {
		return
	}
	buf := make([]byte, 4<<10)
	for taken, n := 0, 1; n > 0 && taken < lingerBytes; taken += n {
		n, _ = linux.RecvSome(s.f, buf)
	}
}

// drain throws away what has arrived.
func drain(f *os.File) {
	buf := make([]byte, 4<<10)
	_ = linux.Control(f, func(fd linux.FD) error {
		for taken := 0; taken < lingerBytes; {
			n, err := linux.Read(fd, buf)
			if n == 0 || err != nil {
				return err
			}
			taken += n
		}
		return nil
	})
}
