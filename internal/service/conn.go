package service

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/keys"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/relay"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/verify"
)

// conn is a connection after its handshake. Until Start or Abort it is among its service's waiting.
type conn struct {
	service *Service
	session *engine.Session
	info    *socket.Info
	basis   *basis
	opened  time.Time
	ctx     context.Context
	abort   context.CancelCauseFunc
	// settled is whether Start or Abort has decided about the connection.
	settled atomic.Bool
	end     socket.End
}

// errAborted is why a connection ends that is aborted.
var errAborted = errors.New("the program gave the connection up")

// newConn takes over a session; it closes it when the service is shutting down.
func (s *Service) newConn(session *engine.Session, info *socket.Info, b *basis) (*conn, error) {
	c := &conn{service: s, session: session, info: info, basis: b, opened: s.now()}
	c.ctx, c.abort = context.WithCancelCause(s.cutting)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = session.Close()
		return nil, abi.Failf(abi.Exhausted, "%w", errEnding)
	}
	s.conns[c], s.waiting[c] = struct{}{}, struct{}{}
	return c, nil
}

// Info implements socket.Conn.
func (c *conn) Info() *socket.Info { return c.info }

// Control implements socket.Conn.
func (c *conn) Control(fn func(linux.FD) error) error { return c.session.Control(fn) }

// AfterEnd implements socket.Conn.
func (c *conn) AfterEnd(fn func()) { c.end.After(fn) }

// Err implements socket.Conn. Before the relay has ended it is why the connection is cut off, or what the session has
// met: a program that reads ECONNRESET asks for the reason at once.
func (c *conn) Err() error {
	if over, err := c.end.Come(); over {
		return err
	}
	if f := (*abi.Failure)(nil); errors.As(context.Cause(c.ctx), &f) {
		return f // it is being cut off, and why
	}
	return c.session.Err()
}

// Start implements socket.Conn. After Abort, or a second time, it only closes plain.
func (c *conn) Start(plain linux.FD, filler int) {
	if !c.settle() {
		_ = plain.Close()
		return
	}
	if err := c.service.begin(); err != nil { // the service is shutting down
		_ = plain.Close()
		c.finish(err)
		return
	}
	c.service.relay.Start(c.ctx, relay.Plain{End: plain, Filler: filler}, c.session, func(err error) {
		defer c.service.running.Done()
		c.finish(err)
	})
}

// Abort implements socket.Conn.
func (c *conn) Abort() {
	c.abort(errAborted)
	if c.settle() {
		c.finish(nil)
	}
}

// settle claims the connection for Start or Abort. Only the first gets it.
func (c *conn) settle() bool {
	c.service.forget(c)
	return !c.settled.Swap(true)
}

// finish records the end of the connection.
func (c *conn) finish(err error) {
	_ = c.session.Close() // closed by the relay unless there was none
	c.abort(nil)
	c.service.gone(c)
	c.closed(err)
	if err != nil {
		c.service.log.Info("connection ended", "id", c.info.ID, "remote", c.info.Remote, "error", err)
	}
	c.end.Reach(asFailure(err))
}

// asFailure gives an error the kind of a broken connection when it has none.
func asFailure(err error) error {
	var f *abi.Failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	return &abi.Failure{Kind: abi.Reset, Err: err}
}

func (s *Service) gone(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
}

func (s *Service) forget(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.waiting, c)
}

// infoOf is what a program can learn of a handshake.
func infoOf(s engine.State) *socket.Info {
	info := &socket.Info{Version: s.Version, Cipher: s.Cipher, ALPN: s.ALPN, ServerName: s.ServerName, Resumed: s.Resumed}
	if len(s.Peer) > 0 {
		info.Peer = socket.NewPeer(verify.Identity(s.Peer[0]), keys.EncodeChain(s.Peer))
	}
	return info
}
