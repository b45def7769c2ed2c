package wire

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// A peer is one supervisor as the server sees it. Numbers are the supervisor's, but for accepted connections, which have
// numbers from ownID up.
type peer struct {
	server *Server
	link   *link
	who    Supervisor
	log    *slog.Logger
	ctx    context.Context
	cancel context.CancelFunc

	mu        sync.Mutex
	gone      bool
	draining  bool
	calls     map[uint64]context.CancelFunc
	conns     map[uint64]*servedConn
	listeners map[uint64]*servedListener
	lastOwn   uint64
}

const ownID = 1 << 63

func newPeer(s *Server, l *link, who Supervisor) *peer {
	p := &peer{
		server: s, link: l, who: who, log: s.log.With("uid", who.UID, "supervisor", who.PID),
		calls: map[uint64]context.CancelFunc{}, conns: map[uint64]*servedConn{}, listeners: map[uint64]*servedListener{},
		lastOwn: ownID,
	}
	p.ctx, p.cancel = context.WithCancel(s.ctx)
	return p
}

// run serves the supervisor until its link ends.
func (p *peer) run() {
	p.server.work.Go(p.link.write)
	err := p.link.receive(p.handle)
	left := errors.Is(err, io.EOF) || errors.Is(err, linux.ECONNRESET) || errors.Is(err, errLinkEnded)
	if !left && p.ctx.Err() == nil {
		p.log.Warn("supervisor cut off", "error", err)
	}
	p.link.close()
	p.end()
}

// end gives back what belongs to the link. Connections that were started go on: the program has the other end.
func (p *peer) end() {
	p.cancel()
	p.mu.Lock()
	p.gone = true
	conns, listeners := p.conns, p.listeners
	p.conns, p.listeners = map[uint64]*servedConn{}, map[uint64]*servedListener{}
	p.mu.Unlock()
	for _, c := range conns {
		c.abandon()
	}
	for _, l := range listeners {
		l.close()
	}
}

// busy says whether a drained service must wait for the supervisor.
func (p *peer) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.calls) > 0 || len(p.listeners) > 0 || p.link.pending()
}

// drain tells the supervisor of the successor and stops its listeners.
func (p *peer) drain() {
	p.mu.Lock()
	p.draining = true
	listeners := make([]*servedListener, 0, len(p.listeners))
	for _, l := range p.listeners {
		listeners = append(listeners, l)
	}
	p.mu.Unlock()
	_ = p.link.post(message{kind: draining})
	for _, l := range listeners {
		l.drain()
	}
}

// handle carries out one message. An error ends the link. A supervisor that asks and does not take the answers is
// not heard until it does.
func (p *peer) handle(m *incoming) error {
	if err := p.link.waitRoom(); err != nil {
		return err
	}
	if m.lost {
		return p.deprived(m)
	}
	carryOut := p.server.requests[m.kind]
	if carryOut == nil {
		return errors.New("a message that only the TLS service sends")
	}
	return carryOut(p, m)
}

// deprived answers a message whose descriptors could not be received.
func (p *peer) deprived(m *incoming) error {
	if m.kind == start {
		return p.abort(m)
	}
	return p.refuse(m.id, errLost)
}

// malformed is the failure of a call that says something no supervisor would, or too much.
func malformed(err error) error {
	if f := (*abi.Failure)(nil); errors.As(err, &f) {
		return err
	}
	return abi.Failf(abi.Invalid, "what the supervisor asks the TLS service for: %w", err)
}

// requests are the messages of a supervisor that has said hello.
func requests() map[kind]func(*peer, *incoming) error {
	return map[kind]func(*peer, *incoming) error{
		identify: (*peer).identify,
		admit:    (*peer).admit,
		connect:  (*peer).connect,
		listen:   (*peer).listen,
		cancel:   (*peer).cancelled,
		grant:    (*peer).grant,
		unlisten: (*peer).unlisten,
		start:    (*peer).start,
		abort:    (*peer).abort,
		why:      (*peer).why,
		resend:   (*peer).resend,
	}
}

// A call is one under way.
type call struct {
	peer *peer
	id   uint64
	ctx  context.Context
	// spent gives back what the call takes of the limits, unless something keeps it.
	spent func()
}

// begin runs a call in a goroutine; its result ends with reply or fail. What the call takes is given back when
// the result is on its way. The descriptors are the call's; they are closed here when it does not come to it.
func (p *peer) begin(m *incoming, run func(*call), fds ...linux.FD) error {
	c := &call{peer: p, id: m.id}
	if err := p.count(c, m.size); err != nil {
		closeAll(fds)
		if f := (*abi.Failure)(nil); errors.As(err, &f) {
			return p.refuse(m.id, err)
		}
		return err
	}
	p.server.work.Go(func() {
		defer p.leave(c)
		defer p.contain(c)
		run(c)
	})
	return nil
}

// count takes what a call with a payload of size bytes needs of the limits.
func (p *peer) count(c *call, size int) (err error) {
	c.spent, err = p.server.ledger.take(p.who.UID, amount{memory: callCost + parsing*int64(size)})
	if err != nil {
		return err
	}
	if err := p.enroll(c); err != nil {
		c.spent()
		return err
	}
	return nil
}

func closeAll(fds []linux.FD) {
	for _, fd := range fds {
		_ = fd.Close()
	}
}

// enroll enters a call under its number, which must be new.
func (p *peer) enroll(c *call) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.calls[c.id] != nil || p.conns[c.id] != nil || p.listeners[c.id] != nil || c.id >= ownID {
		return fmt.Errorf("number %d is in use", c.id)
	}
	if len(p.calls) >= p.server.c.Limits.Calls {
		return abi.Failf(abi.Exhausted, "the TLS service has %d calls of this supervisor under way, which is its limit", len(p.calls))
	}
	ctx, cancel := context.WithCancel(p.ctx)
	c.ctx, p.calls[c.id] = ctx, cancel
	return nil
}

func (p *peer) leave(c *call) {
	p.cancelCall(c.id)
	p.mu.Lock()
	delete(p.calls, c.id)
	p.mu.Unlock()
	p.server.wake()
}

func (p *peer) cancelled(m *incoming) error {
	p.cancelCall(m.id)
	return nil
}

func (p *peer) cancelCall(id uint64) {
	p.mu.Lock()
	cancel := p.calls[id]
	p.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// contain answers a call whose goroutine panics.
func (p *peer) contain(c *call) {
	if r := recover(); r != nil {
		p.log.Error("panic", "doing", "carry out a call", "value", r, "stack", stack())
		c.fail(abi.Failf(abi.Exhausted, "the TLS service met an internal error; its log says more"))
	}
}

func stack() string { return string(debug.Stack()) }

// reply ends the call with its result.
func (c *call) reply(k kind, payload []byte) error {
	err := c.peer.link.post(message{kind: k, id: c.id, payload: payload, sent: c.spent})
	if err != nil && !errors.Is(err, errLinkEnded) {
		c.fail(abi.Failf(abi.Exhausted, "answer the supervisor: %w", err))
	}
	return err
}

// fail ends the call with an error.
func (c *call) fail(err error) {
	e := encoder{}
	e.failure(err)
	_ = c.peer.link.post(message{kind: failed, id: c.id, payload: e.b, sent: c.spent})
}

// refuse answers a call that was not begun.
func (p *peer) refuse(id uint64, err error) error {
	e := encoder{}
	e.failure(err)
	_ = p.link.post(message{kind: failed, id: id, payload: e.b})
	return nil
}
