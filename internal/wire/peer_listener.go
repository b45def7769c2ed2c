package wire

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// A Drainer is a listener that can stop accepting from the network and still yield the connections whose handshake
// has begun. Its Accept returns an error after the last.
type Drainer interface{ Drain() }

// servedListener is one listener of a peer. run accepts as many connections as the supervisor has granted.
type servedListener struct {
	peer   *peer
	id     uint64
	l      socket.Listener
	ctx    context.Context
	cancel context.CancelFunc
	// release gives back what the listener takes.
	release func()

	mu      sync.Mutex
	granted int
	more    chan struct{}
}

// errDraining is a listener for a service that hands over. The supervisor asks the successor.
var errDraining = fmt.Errorf("the TLS service hands over to its successor: %w", linux.EAGAIN)

// listen begins to serve a listening TCP socket.
func (p *peer) listen(m *incoming) error {
	b, err := m.payload()
	if err != nil {
		return p.refuse(m.id, malformed(err))
	}
	d, err := decodeListen(b)
	if err != nil {
		return p.refuse(m.id, malformed(err))
	}
	network, file := m.fd(), m.fd()
	if err := checkTCP(network, true); err != nil {
		closeAll([]linux.FD{network, file})
		return p.refuse(m.id, err)
	}
	return p.begin(m, func(c *call) {
		defer file.Close()
		spent, err := p.server.ledger.take(p.who.UID, amount{listeners: 1, memory: parsing * int64(m.size)})
		if err != nil {
			_ = network.Close()
			c.fail(err)
			return
		}
		if err := c.listen(d, network, file, spent); err != nil {
			c.fail(err)
		}
	}, network, file)
}

// listen owns network and spent.
func (c *call) listen(d listenMessage, network, file linux.FD, spent func()) error {
	p := c.peer
	release, err := c.prepare(&d, file)
	if err != nil {
		_ = network.Close()
		spent()
		return err
	}
	both := func() { release(); spent() }
	f, err := network.File("tcp listener")
	if err != nil {
		_ = network.Close()
		both()
		return err
	}
	l, err := p.server.c.Service.Listen(c.ctx, socket.Listen{
		App: d.who.app, Request: d.request, Network: f, Local: d.local, Backlog: d.backlog,
	})
	if err != nil {
		both()
		return err
	}
	return p.adoptListener(c, l, both)
}

// prepare checks who asks and loads the private keys.
func (c *call) prepare(d *listenMessage, file linux.FD) (release func(), err error) {
	if err := c.peer.check(d.who); err != nil {
		return nil, err
	}
	return c.peer.keyed(c.ctx, &d.request, d.sizes, file)
}

// adoptListener enters a listener under the number of its call and answers the call.
func (p *peer) adoptListener(c *call, l socket.Listener, release func()) error {
	s := &servedListener{peer: p, id: c.id, l: l, release: release, more: make(chan struct{}, 1)}
	s.ctx, s.cancel = context.WithCancel(p.ctx)
	p.mu.Lock()
	refused := error(nil)
	switch {
	case p.gone:
		refused = errGone
	case p.draining:
		refused = abi.Failf(abi.Exhausted, "%w", errDraining)
	default:
		p.listeners[c.id] = s
	}
	p.mu.Unlock()
	if refused != nil {
		s.close()
		return refused
	}
	_ = c.reply(listening, nil) // it has no payload that could fail
	p.server.work.Go(s.run)
	return nil
}

// run yields connections until the listener ends.
func (s *servedListener) run() {
	defer s.peer.server.contain("accept connections")
	for s.wait() {
		conn, err := s.l.Accept(s.ctx)
		if s.ctx.Err() != nil { // it is closed here, or the whole service is
			if err == nil {
				conn.Abort()
			}
			return
		}
		if err != nil {
			s.end(err)
			return
		}
		if err := s.yield(conn); err != nil {
			s.peer.log.Warn("hand over a connection", "error", err)
		}
	}
}

// wait waits for a grant and takes it.
func (s *servedListener) wait() bool {
	for {
		s.mu.Lock()
		ok := s.granted > 0
		if ok {
			s.granted--
		}
		s.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-s.ctx.Done():
			return false
		case <-s.more:
		}
	}
}

// yield gives a connection to the supervisor. One that cannot be given is aborted, and the grant stands.
func (s *servedListener) yield(conn socket.Conn) error {
	p := s.peer
	info := conn.Info()
	spent, err := p.server.ledger.take(p.who.UID, amount{conns: 1, memory: connCost + parsing*int64(len(info.Peer.Chain()))})
	if err != nil {
		conn.Abort()
		s.add(1)
		return err
	}
	dup, err := network(conn)
	if err != nil {
		conn.Abort()
		spent()
		s.add(1)
		return err
	}
	c := &servedConn{peer: p, id: p.nextOwn(), conn: conn, listener: s.id, spent: spent}
	if err := p.adopt(c); err != nil {
		return errors.Join(err, dup.Close())
	}
	defer conn.AfterEnd(c.end)
	if err := c.tell(dup); err != nil {
		conn.Abort()
		s.add(1)
		return err
	}
	return nil
}

// tell tells the supervisor of an accepted connection.
func (c *servedConn) tell(network linux.FD) error {
	e := encoder{}
	acceptedMessage{c.listener, c.conn.Info()}.encode(&e)
	return c.peer.link.post(message{kind: accepted, id: c.id, payload: e.b, fds: []linux.FD{network}})
}

// resend tells again of a connection whose descriptor the supervisor could not receive.
func (p *peer) resend(m *incoming) error {
	c := p.conn(m.id)
	if c == nil || c.listener == 0 {
		return nil // it has ended meanwhile
	}
	dup, err := network(c.conn)
	if err == nil {
		err = c.tell(dup)
	}
	if err != nil {
		c.conn.Abort()
	}
	return nil
}

func (p *peer) nextOwn() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lastOwn++
	return p.lastOwn
}

func (s *servedListener) add(n int) {
	s.mu.Lock()
	s.granted = min(s.granted+n, grantMax)
	s.mu.Unlock()
	select {
	case s.more <- struct{}{}:
	default:
	}
}

// grant lets more connections come.
func (p *peer) grant(m *incoming) error {
	d := decoder{rest: m.inline}
	n := d.int(1, grantMax)
	if err := d.finish(); err != nil {
		return err
	}
	p.mu.Lock()
	s := p.listeners[m.id]
	p.mu.Unlock()
	if s != nil {
		s.add(n)
	}
	return nil
}

// end tells the supervisor that the listener yields no more.
func (s *servedListener) end(err error) {
	p := s.peer
	p.mu.Lock()
	known := p.listeners[s.id] == s
	if known {
		delete(p.listeners, s.id)
	}
	p.mu.Unlock()
	if !known {
		return // it was closed
	}
	s.close()
	e := encoder{}
	e.failure(err)
	_ = p.link.post(message{kind: ended, id: s.id, payload: e.b})
	p.server.wake()
}

// drain stops accepting from the network; run goes on until what has begun is yielded.
func (s *servedListener) drain() {
	if d, ok := s.l.(Drainer); ok {
		d.Drain()
		return
	}
	s.end(errDraining)
}

func (s *servedListener) close() {
	s.cancel()
	_ = s.l.Close()
	s.release()
}

// unlisten closes a listener and says so once its port is free.
func (p *peer) unlisten(m *incoming) error {
	p.mu.Lock()
	s := p.listeners[m.id]
	delete(p.listeners, m.id)
	p.mu.Unlock()
	p.server.work.Go(func() {
		defer p.server.contain("close a listener")
		if s != nil {
			s.close()
		}
		_ = p.link.post(message{kind: closed, id: m.id})
		p.server.wake()
	})
	return nil
}
