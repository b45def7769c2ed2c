package wire

import (
	"errors"
	"sync"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// servedConn is one connection of a peer.
type servedConn struct {
	peer *peer
	id   uint64
	conn socket.Conn
	// listener is whom it was accepted for, 0 for one that was connected.
	listener uint64
	// spent gives back what it takes of the limits.
	spent func()

	mu      sync.Mutex
	started bool
}

// errGone is a supervisor that has left meanwhile.
var errGone = errors.New("the supervisor has gone")

// adopt enters a connection under its number. With an error it is aborted; else the supervisor is to be told of it, and
// then of its end.
func (p *peer) adopt(c *servedConn) error {
	p.mu.Lock()
	gone := p.gone
	if !gone {
		p.conns[c.id] = c
	}
	p.mu.Unlock()
	if gone {
		c.conn.Abort()
		c.spent()
		return errGone
	}
	p.server.countConn(1)
	return nil
}

// end tells the supervisor of the end.
func (c *servedConn) end() {
	p := c.peer
	p.mu.Lock()
	delete(p.conns, c.id)
	p.mu.Unlock()
	e := encoder{}
	e.optionalFailure(c.conn.Err())
	_ = p.link.post(message{kind: done, id: c.id, payload: e.b})
	c.spent()
	p.server.countConn(-1)
}

func (p *peer) conn(id uint64) *servedConn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns[id]
}

// start begins to relay. The connection may have ended meanwhile, by itself or by abort; the program's end is closed then.
func (p *peer) start(m *incoming) error {
	d := decoder{rest: m.inline}
	filler := d.int(1, fillerMax)
	if err := d.finish(); err != nil {
		return err
	}
	plain := m.fd()
	if err := checkPlain(plain); err != nil {
		_ = plain.Close()
		return err
	}
	c := p.conn(m.id)
	if c == nil || !c.claim() {
		return plain.Close()
	}
	c.conn.Start(plain, filler)
	return nil
}

// claim marks the connection as started, once.
func (c *servedConn) claim() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	first := !c.started
	c.started = true
	return first
}

func (p *peer) abort(m *incoming) error {
	if c := p.conn(m.id); c != nil {
		c.conn.Abort()
	}
	return nil
}

// abandon ends a connection that was never started.
func (c *servedConn) abandon() {
	if c.claim() {
		c.conn.Abort()
	}
}

// network duplicates the TCP socket, for the supervisor to set options on.
func network(conn socket.Conn) (dup linux.FD, err error) {
	dup = linux.NoFD
	err = conn.Control(func(fd linux.FD) (err error) {
		dup, err = linux.DupCloexec(fd, 3)
		return err
	})
	return dup, err
}

// why says what has become of a connection so far: a program may ask before its relay has ended.
func (p *peer) why(m *incoming) error {
	d := decoder{rest: m.inline}
	id := d.u64()
	if err := d.finish(); err != nil {
		return err
	}
	e := encoder{}
	if c := p.conn(id); c != nil {
		e.optionalFailure(c.conn.Err())
	} else {
		e.optionalFailure(nil) // done is on its way, before this
	}
	return p.link.post(message{kind: because, id: m.id, payload: e.b})
}
