package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// ClientConfig is what a Client is made of.
type ClientConfig struct {
	// Path is the service's socket.
	Path string
	// Wait is how long a call waits for a service that does not answer, as while it is restarted.
	Wait time.Duration
	// Logger gets a line when the service ends and when it is back.
	Logger *slog.Logger
}

// DefaultWait is how long calls wait for a service that is restarted: on a busy machine that takes seconds.
const DefaultWait = 15 * time.Second

// A Client is the TLS service as the supervisor sees it, behind a socket. It outlives the service: when that ends, the
// connections it had are reset, calls wait for its return, and listeners are served by it again.
type Client struct {
	c   ClientConfig
	log *slog.Logger
	ctx context.Context
	end context.CancelFunc
	// work are the goroutines. None is begun once closed is set, except by one that is running.
	work sync.WaitGroup
	// idle has a token when the last connection has ended.
	idle chan struct{}
	// answers never changes.
	answers map[kind]func(*session, *incoming) error

	mu        sync.Mutex
	closed    bool
	wrapping  bool
	conns     int
	current   *session
	dialing   *attempt
	sessions  map[*session]struct{}
	listeners map[*Listener]struct{}
	known     map[socket.App]*identity
}

var (
	_ socket.Service    = (*Client)(nil)
	_ socket.Introducer = (*Client)(nil)
	_ socket.Wrapper    = (*Client)(nil)
)

// Dial makes a client of a service that answers. Its error says why there is none.
func Dial(ctx context.Context, c ClientConfig) (*Client, error) {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	n := &Client{
		c: c, log: c.Logger, sessions: map[*session]struct{}{}, listeners: map[*Listener]struct{}{},
		known: map[socket.App]*identity{}, idle: make(chan struct{}, 1), answers: answers(),
	}
	n.ctx, n.end = context.WithCancel(context.Background())
	s, err := n.open(ctx)
	if err != nil {
		n.end()
		return nil, err
	}
	n.mu.Lock()
	n.current = s
	n.mu.Unlock()
	return n, nil
}

// errSessionEnded is what a call meets whose link breaks.
var errSessionEnded = abi.Failf(abi.Reset, "the TLS service has ended; it may be back in a moment: try again")

// errNotBegun is a call that was not even sent.
var errNotBegun = fmt.Errorf("not begun: %w", errSessionEnded)

// errEnding is what calls meet once Close is called.
var errEnding = abi.Failf(abi.Exhausted, "the supervisor is ending")

// Wrapping implements socket.Wrapper, as the service said when it was reached last.
func (c *Client) Wrapping() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wrapping
}

// triesMax bounds how often a call that can be repeated is made.
const triesMax = 4

// again makes a call on the current link, and once more on the next when the link breaks meanwhile.
func (c *Client) again(ctx context.Context, call func(*session) error) error {
	err := error(errSessionEnded)
	for range triesMax {
		s, serr := c.session(ctx)
		if serr != nil {
			return serr
		}
		err = call(s)
		handsOver := errors.Is(err, linux.EAGAIN)
		if !errors.Is(err, errSessionEnded) && !handsOver {
			return err
		}
		if handsOver && !rest(ctx, pauseMin) { // until it has said so
			return context.Cause(ctx)
		}
	}
	return err
}

// Admit implements socket.Service. A service that ends meanwhile is asked again.
func (c *Client) Admit(ctx context.Context, app socket.App, r abi.Request) (v socket.Effective, err error) {
	err = c.claimed(ctx, app, func(who credential) error {
		return c.again(ctx, func(s *session) error {
			v, err = s.admit(ctx, who, r)
			return err
		})
	})
	return v, err
}

// Connect implements socket.Service. A service that ends in the middle of the handshake is abi.Reset.
func (c *Client) Connect(ctx context.Context, d socket.Dial) (socket.Conn, error) {
	network, err := duplicate(d.Network)
	if err != nil {
		_ = d.Network.Close()
		return nil, err
	}
	defer network.Close()
	var conn *Conn
	err = c.claimed(ctx, d.App, func(who credential) error {
		return c.again(ctx, func(s *session) error {
			conn, err = s.connect(ctx, dialMessage{who: who, request: d.Request, server: d.Server, remote: d.Remote, tlsID: d.ID}, network)
			return once(err)
		})
	})
	if err != nil {
		_ = d.Network.Close()
		return nil, err
	}
	conn.given(d.Network)
	return conn, nil
}

// once keeps a call from being made again that may have begun.
func once(err error) error {
	if errors.Is(err, errSessionEnded) && !errors.Is(err, errNotBegun) {
		return errMidway
	}
	return err
}

// errMidway is a handshake that the service began and did not finish.
var errMidway = abi.Failf(abi.Reset, "the TLS service has ended in the middle of the handshake; it may be back in a moment: connect again")

// Listen implements socket.Service.
func (c *Client) Listen(ctx context.Context, l socket.Listen) (socket.Listener, error) {
	network, err := take(l.Network)
	if err != nil {
		return nil, err
	}
	n := newListener(c, l, network)
	err = c.claimed(ctx, l.App, func(who credential) error {
		return c.again(ctx, func(s *session) error { return n.register(ctx, s, who) })
	})
	if err != nil {
		_ = network.Close()
		return nil, err
	}
	c.keep(n)
	return n, nil
}

// keep enters a listener, so that each later service accepts for it.
func (c *Client) keep(n *Listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners[n] = struct{}{}
	s := c.current
	switch {
	case c.closed:
	case s == nil:
		c.redial()
	case !n.servedOn(s):
		c.work.Go(func() { n.resume(s) })
	}
}

// session gives the current link, waiting for the service when there is none.
func (c *Client) session(ctx context.Context) (*session, error) {
	c.mu.Lock()
	s, closed := c.current, c.closed
	var a *attempt
	if s == nil && !closed {
		a = c.redial()
	}
	c.mu.Unlock()
	if closed {
		return nil, errEnding
	}
	if s != nil {
		return s, nil
	}
	late := time.NewTimer(c.c.Wait)
	defer late.Stop()
	select {
	case <-a.done:
		return a.session, a.err
	case <-late.C:
		return nil, c.unavailable(a.last())
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (c *Client) unavailable(err error) error {
	return abi.Failf(abi.Exhausted, "the TLS service does not answer at %s: %w; is ssad running? (systemctl status ssad)", c.c.Path, err)
}

// begin runs something in a goroutine, unless the client is closed.
func (c *Client) begin(run func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.work.Go(run)
	}
	return !c.closed
}

// count counts connections.
func (c *Client) count(n int) {
	c.mu.Lock()
	c.conns += n
	last := c.conns == 0
	c.mu.Unlock()
	if last {
		select {
		case c.idle <- struct{}{}:
		default:
		}
	}
}

func (c *Client) quiet() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.conns == 0
}

// Close waits for the connections to end and closes the links. When ctx is done it leaves them to the service, which
// goes on with them.
func (c *Client) Close(ctx context.Context) (err error) {
	for err == nil && !c.quiet() {
		select {
		case <-c.idle:
		case <-ctx.Done():
			err = fmt.Errorf("close the link to the TLS service: connections were left to it: %w", context.Cause(ctx))
		}
	}
	c.end()
	for _, s := range c.last() {
		s.link.close()
	}
	c.work.Wait()
	return err
}

func (c *Client) ending() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed
}

func (c *Client) last() []*session {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	sessions := make([]*session, 0, len(c.sessions))
	for s := range c.sessions {
		sessions = append(sessions, s)
	}
	return sessions
}

// take makes a descriptor of a file and closes the file. Both share the open file description.
func take(f *os.File) (linux.FD, error) {
	fd, err := duplicate(f)
	_ = f.Close() // another descriptor is open
	return fd, err
}

func duplicate(f *os.File) (fd linux.FD, err error) {
	fd = linux.NoFD
	err = linux.Control(f, func(old linux.FD) (err error) {
		fd, err = linux.DupCloexec(old, 3)
		return err
	})
	if err != nil {
		return linux.NoFD, fmt.Errorf("duplicate a socket for the TLS service: %w", err)
	}
	return fd, nil
}
