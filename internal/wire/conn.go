package wire

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// A Conn is a connection that the service relays. The supervisor keeps a duplicate of the TCP socket until its end: for
// the options a program sets, and to reset the connection when the service dies. Until then the service's own
// shutdown(2) and resets take effect whatever is open here.
type Conn struct {
	session *session
	id      uint64
	info    *socket.Info
	end     socket.End

	mu      sync.Mutex
	network linux.FD
	// original is the file a connect was made with. It stays open until Start, because the program may set options on it
	// until its socket has the connection; and no longer, because Go's poller would wake for all that arrives.
	original *os.File
}

var _ socket.Conn = (*Conn)(nil)

func newConn(s *session, id uint64, network linux.FD) *Conn {
	return &Conn{session: s, id: id, network: network}
}

// withKeys gives the descriptors of a call: a duplicate of network, and the private keys of the request.
func withKeys(r abi.Request, network linux.FD) (fds []linux.FD, err error) {
	keys, err := keyFile(r.Credentials)
	if err != nil {
		return nil, err
	}
	if network != linux.NoFD {
		dup, err := linux.DupCloexec(network, 3)
		if err != nil {
			_ = keys.Close()
			return nil, fmt.Errorf("duplicate a socket for the TLS service: %w", err)
		}
		fds = append(fds, dup)
	}
	if keys != linux.NoFD {
		fds = append(fds, keys)
	}
	return fds, nil
}

// connect has the service do a client's handshake. The caller keeps network.
func (s *session) connect(ctx context.Context, d dialMessage, network linux.FD) (*Conn, error) {
	own, err := linux.DupCloexec(network, 3)
	if err != nil {
		return nil, fmt.Errorf("duplicate a socket: %w", err)
	}
	fds, err := withKeys(d.request, network)
	if err != nil {
		_ = own.Close()
		return nil, err
	}
	e := encoder{}
	d.encode(&e)
	c := newConn(s, 0, own)
	err = s.call(ctx, message{kind: connect, payload: e.b, fds: fds}, c.connected)
	if err != nil {
		c.unmade()
		return nil, err
	}
	return c, nil
}

// connected takes the result of the handshake.
func (c *Conn) connected(m *incoming) error {
	b, err := m.payload()
	if err != nil {
		return err
	}
	d := decoder{rest: b}
	c.info, c.id = d.info(), m.id
	if err := d.finish(); err != nil {
		return err
	}
	if !c.session.add(c) {
		return errSessionEnded
	}
	return nil
}

// unmade gives the socket back after a handshake that came to nothing, or that nobody waits for: the service may
// still be at it.
func (c *Conn) unmade() {
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = linux.Shutdown(c.network, linux.ShutRdWr)
	_ = c.network.Close()
	c.network = linux.NoFD
}

// Info implements socket.Conn.
func (c *Conn) Info() *socket.Info { return c.info }

// AfterEnd implements socket.Conn.
func (c *Conn) AfterEnd(fn func()) { c.end.After(fn) }

// whyTime bounds how long Err waits for an answer.
const whyTime = time.Second

// Err implements socket.Conn. A program that reads ECONNRESET may ask for the reason before the service has told of the
// end, so the service is asked.
func (c *Conn) Err() error {
	if over, err := c.end.Come(); over {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), whyTime)
	defer cancel()
	reason, err := c.session.why(ctx, c.id)
	if over, err := c.end.Come(); over {
		return err
	}
	if err != nil {
		return nil // it lives, as far as is known here
	}
	return reason
}

// why asks what has become of a connection so far.
func (s *session) why(ctx context.Context, conn uint64) (reason, err error) {
	e := encoder{}
	e.u64(conn)
	err = s.call(ctx, message{kind: why, payload: e.b}, func(m *incoming) error {
		d := decoder{rest: m.inline}
		reason = d.optionalFailure()
		return d.finish()
	})
	return reason, err
}

// Control implements socket.Conn.
func (c *Conn) Control(fn func(linux.FD) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.network == linux.NoFD {
		return os.ErrClosed
	}
	return fn(c.network)
}

// Start implements socket.Conn. From then on the service alone has the plaintext end: when it dies, the byte that is
// left unread makes the program read ECONNRESET.
func (c *Conn) Start(plain linux.FD, filler int) {
	c.given(nil)
	e := encoder{}
	e.int(filler)
	_ = c.session.link.post(message{kind: start, id: c.id, payload: e.b, fds: []linux.FD{plain}})
}

// Abort implements socket.Conn.
func (c *Conn) Abort() { _ = c.session.link.post(message{kind: abort, id: c.id}) }

// given replaces the original file.
func (c *Conn) given(f *os.File) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.original != nil {
		_ = c.original.Close() // another descriptor is open, or the connection is over
	}
	c.original = f
	if c.network == linux.NoFD && f != nil { // it has ended already
		_ = f.Close()
		c.original = nil
	}
}

// finish enters the end of the connection.
func (c *Conn) finish(err error) {
	c.mu.Lock()
	_ = c.network.Close()
	c.network = linux.NoFD
	c.mu.Unlock()
	c.given(nil)
	c.end.Reach(err)
	c.session.client.count(-1)
}

// errServiceEnded is how connections end whose service does.
var errServiceEnded = abi.Failf(abi.Reset, "the TLS service has ended")

// broken ends the connection with its service: the peer is to see a reset at once, not when the last descriptor goes. A
// supervisor that ends leaves the connection to the service.
func (c *Conn) broken() {
	if c.session.client.ending() {
		c.finish(nil)
		return
	}
	_ = c.Control(func(fd linux.FD) error {
		_ = linux.SetLinger(fd, true, 0)
		return linux.Disconnect(fd)
	})
	c.finish(errServiceEnded)
}
