package syscalls_test

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// service is a socket.Service without TLS: it admits what the test says, calls every handshake done, and sends
// back what it gets.
type service struct {
	mu sync.Mutex
	// admit and connect are the test's; nil is the default.
	admit   func(abi.Request) (socket.Effective, error)
	connect func(context.Context, socket.Dial) error
	dials   []socket.Dial
	conns   []*conn
	// prompt says that nothing waits.
	prompt bool
	// listening yields each listener.
	listening chan *listener
	work      sync.WaitGroup
}

func newService() *service { return &service{listening: make(chan *listener, 8)} }

// Prompt implements socket.Prompter.
func (s *service) Prompt(socket.App, abi.Request) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.prompt
}

// prompted has options that need no file set on the thread that receives calls, or not.
func (s *service) prompted(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.prompt = on
}

// refuse makes every later Admit, Connect or Listen fail.
func (s *service) refuse(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.admit = func(abi.Request) (socket.Effective, error) { return socket.Effective{}, err }
}

// handshake sets what a Connect does before it succeeds.
func (s *service) handshake(fn func(context.Context, socket.Dial) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.connect = fn
}

// gate makes handshakes wait until the returned function is given their result.
func (s *service) gate() (entered <-chan socket.Dial, open func(error)) {
	in, result := make(chan socket.Dial, 8), make(chan error, 8)
	s.handshake(func(ctx context.Context, d socket.Dial) error {
		in <- d
		select {
		case err := <-result:
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	return in, func(err error) { result <- err }
}

// lastDial is the newest connection that was asked for.
func (s *service) lastDial(t *testing.T) socket.Dial {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.dials) == 0 {
		t.Fatal("the service was asked for no connection")
	}
	return s.dials[len(s.dials)-1]
}

// handshakes is how many connections were asked for.
func (s *service) handshakes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.dials)
}

// all are the connections so far.
func (s *service) all() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*conn(nil), s.conns...)
}

// lastConn is the newest connection.
func (s *service) lastConn(t *testing.T) *conn {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) == 0 {
		t.Fatal("the service has no connection")
	}
	return s.conns[len(s.conns)-1]
}

func (s *service) Admit(_ context.Context, _ socket.App, r abi.Request) (socket.Effective, error) {
	s.mu.Lock()
	admit := s.admit
	s.mu.Unlock()
	if admit != nil {
		return admit(r)
	}
	e := socket.Effective{
		Coerce:     "no",
		VersionMin: abi.VersionTLS12, VersionMax: abi.VersionTLS13, SessionTTL: 300, SessionReuse: true,
		Ciphers: []string{"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"},
	}
	e.VersionMin = max(e.VersionMin, r.VersionMin)
	if r.VersionMax != 0 {
		e.VersionMax = r.VersionMax
	}
	if r.SessionTTL != nil {
		e.SessionTTL = *r.SessionTTL
	}
	e.Checks = r.Checks
	if r.SessionReuse != nil {
		e.SessionReuse = *r.SessionReuse
	}
	if len(r.TrustedCiphers) > 0 {
		e.Ciphers = r.TrustedCiphers
	}
	if len(r.Credentials) > 0 {
		e.Chain = r.Credentials[0].Chain
	}
	return e, nil
}

func (s *service) Connect(ctx context.Context, d socket.Dial) (socket.Conn, error) {
	s.mu.Lock()
	s.dials = append(s.dials, d)
	connect := s.connect
	s.mu.Unlock()
	if connect != nil {
		if err := connect(ctx, d); err != nil {
			_ = d.Network.Close()
			return nil, err
		}
	}
	return s.newConn(&socket.Info{
		ID: d.ID, Version: abi.VersionTLS13, Cipher: "TLS_AES_128_GCM_SHA256", ALPN: "h2", ServerName: d.Request.RemoteHostname,
		Resumed: true, Peer: socket.NewPeer("CN=peer", []byte("-----BEGIN CERTIFICATE-----\n")), Remote: d.Remote,
	}, d.Network), nil
}

func (s *service) Listen(_ context.Context, l socket.Listen) (socket.Listener, error) {
	made := &listener{Listen: l, service: s, ready: make(chan socket.Conn, 32), closed: make(chan struct{})}
	s.listening <- made
	return made, nil
}

// close waits until the connections are over.
func (s *service) close() {
	for _, c := range s.all() {
		c.Abort()
	}
	s.work.Wait()
}

// listener yields the connections that the test makes up.
type listener struct {
	socket.Listen
	service *service
	ready   chan socket.Conn
	closed  chan struct{}
	once    sync.Once
}

func (l *listener) Accept(ctx context.Context) (socket.Conn, error) {
	select {
	case c := <-l.ready:
		return c, nil
	case <-l.closed:
		return nil, errors.New("closed")
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (l *listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Network.Close()
}

// arrive makes a client whose handshake has succeeded.
func (l *listener) arrive(remote netip.AddrPort) *conn {
	c := l.service.newConn(&socket.Info{ID: 7, Version: abi.VersionTLS12, Cipher: "suite", ServerName: "asked.test", Local: l.Local, Remote: remote}, nil)
	l.ready <- c
	return c
}

// conn is a connection that sends back what it gets.
type conn struct {
	service *service
	info    *socket.Info
	network *os.File
	finish  socket.End
	once    sync.Once

	mu      sync.Mutex
	err     error
	plain   *os.File
	started bool
}

func (s *service) newConn(i *socket.Info, network *os.File) *conn {
	c := &conn{service: s, info: i, network: network}
	s.mu.Lock()
	s.conns = append(s.conns, c)
	s.mu.Unlock()
	return c
}

func (c *conn) Info() *socket.Info { return c.info }
func (c *conn) AfterEnd(fn func()) { c.finish.After(fn) }

// over is closed when the connection has ended.
func (c *conn) over() <-chan struct{} {
	over := make(chan struct{})
	c.AfterEnd(func() { close(over) })
	return over
}

func (c *conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *conn) Start(fd linux.FD, filler int) {
	plain, err := fd.File("plaintext")
	if err != nil {
		panic(err)
	}
	c.mu.Lock()
	c.plain, c.started = plain, true
	c.mu.Unlock()
	c.service.work.Go(func() {
		defer c.Abort()
		for skip := make([]byte, filler); len(skip) > 0; {
			n, err := plain.Read(skip)
			if err != nil {
				return
			}
			skip = skip[n:]
		}
		b := make([]byte, 4096)
		for {
			n, err := plain.Read(b)
			if err != nil {
				return
			}
			if _, err := plain.Write(b[:n]); err != nil {
				return
			}
		}
	})
}

func (c *conn) Abort() {
	c.once.Do(func() {
		c.mu.Lock()
		if c.plain != nil {
			_ = c.plain.Close()
		}
		if c.network != nil {
			_ = c.network.Close()
		}
		err := c.err
		c.mu.Unlock()
		c.finish.Reach(err)
	})
}

// end ends the connection with a failure.
func (c *conn) end(err error) {
	c.mu.Lock()
	c.err = err
	c.mu.Unlock()
	c.Abort()
}

func (c *conn) Control(fn func(linux.FD) error) error {
	if c.network == nil {
		return errors.New("no network in this test")
	}
	return linux.Control(c.network, fn)
}
