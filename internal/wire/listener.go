package wire

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// window is how many connections of a listener may be on their way to the supervisor.
const window = 16

// A Listener has a service accept. It keeps a duplicate of the listening socket, and has the next service accept when
// this one ends: meanwhile clients wait in the kernel's queue.
type Listener struct {
	client *Client
	spec   socket.Listen

	mu      sync.Mutex
	network linux.FD
	closed  bool
	// failure is why the service accepts no more.
	failure error
	queue   []*Conn
	// serving is the number of this listener on each link.
	serving map[*session]uint64
	// news is closed and replaced when something has changed.
	news chan struct{}
}

var _ socket.Listener = (*Listener)(nil)

func newListener(c *Client, l socket.Listen, network linux.FD) *Listener {
	l.Network = nil
	return &Listener{client: c, spec: l, network: network, serving: map[*session]uint64{}, news: make(chan struct{})}
}

// register has a service accept.
func (l *Listener) register(ctx context.Context, s *session, who credential) error {
	fds, err := l.descriptors()
	if err != nil {
		return err
	}
	e := encoder{}
	listenMessage{who: who, request: l.spec.Request, local: l.spec.Local, backlog: min(l.spec.Backlog, backlogMax)}.encode(&e)
	return s.call(ctx, message{kind: listen, payload: e.b, fds: fds}, func(m *incoming) error {
		l.registered(s, m.id)
		return nil
	})
}

func (l *Listener) descriptors() ([]linux.FD, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, errClosed
	}
	return withKeys(l.spec.Request, l.network)
}

// registered enters the number of the listener, on the goroutine that receives: a connection may follow at once.
func (l *Listener) registered(s *session, id uint64) {
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.serving[s] = id
	}
	l.mu.Unlock()
	if closed {
		s.dismiss(id)
		return
	}
	s.mu.Lock()
	s.serving[id] = l
	s.mu.Unlock()
	s.grant(id, window)
}

// Pauses before a service that refuses a listener is asked again: its policy may change.
const (
	resumeMin = 100 * time.Millisecond
	resumeMax = 10 * time.Second
)

// resume registers the listener with the service that is back, until that succeeds or is no use.
func (l *Listener) resume(s *session) {
	for pause := resumeMin; ; pause = min(2*pause, resumeMax) {
		err := l.client.claimed(l.client.ctx, l.spec.App, func(who credential) error {
			return l.register(l.client.ctx, s, who)
		})
		if err == nil || errors.Is(err, errClosed) || s.over() {
			return
		}
		l.client.log.Error("the TLS service does not take a listener back", "local", l.spec.Local, "error", err)
		if !rest(l.client.ctx, pause) {
			return
		}
	}
}

// servedOn says whether a link's service accepts for the listener.
func (l *Listener) servedOn(s *session) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.serving[s]
	return ok
}

// arrived queues a connection.
func (l *Listener) arrived(c *Conn) {
	l.mu.Lock()
	closed := l.closed
	if !closed {
		l.queue = append(l.queue, c)
		l.change()
	}
	l.mu.Unlock()
	if closed {
		c.Abort()
	}
}

// change wakes who waits. l.mu is held.
func (l *Listener) change() {
	close(l.news)
	l.news = make(chan struct{})
}

// fail ends the listener with an error of the service.
func (l *Listener) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failure = err
	l.change()
}

// errClosed is a listener that was closed.
var errClosed = errors.New("the listener is closed")

// Accept implements socket.Listener. While there is no service it waits.
func (l *Listener) Accept(ctx context.Context) (socket.Conn, error) {
	for {
		c, news, err := l.next()
		if err != nil {
			return nil, err
		}
		if c != nil {
			return c, nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-news:
		}
	}
}

// next takes a connection from the queue and lets another come. One whose service has ended is nobody's.
func (l *Listener) next() (*Conn, <-chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.queue) > 0 {
		c := l.queue[0]
		l.queue = l.queue[1:]
		if id, ok := l.serving[c.session]; ok {
			c.session.grant(id, 1)
		}
		if over, _ := c.end.Come(); !over {
			return c, nil, nil
		}
	}
	if l.closed {
		return nil, nil, errClosed
	}
	return nil, l.news, l.failure
}

// closeTime bounds how long Close waits for the service to free the port.
const closeTime = 5 * time.Second

// Close implements socket.Listener. It returns once the service has closed its descriptor too, so that the port is free.
func (l *Listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return nil
	}
	queue, serving := l.queue, l.serving
	l.closed, l.queue, l.serving = true, nil, nil
	l.change()
	err := l.network.Close()
	l.mu.Unlock()
	l.client.drop(l)
	for _, c := range queue {
		c.Abort()
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	for s, id := range serving {
		s.unlisten(ctx, id)
	}
	return err
}

func (c *Client) drop(l *Listener) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.listeners, l)
}

// unlisten closes a listener at the service and waits until it has. Without the service there is nothing to wait for.
func (s *session) unlisten(ctx context.Context, id uint64) {
	select {
	case <-s.dismiss(id):
	case <-ctx.Done():
	}
	s.retire()
}

// dismiss asks the service to close a listener. The result is closed once it has.
func (s *session) dismiss(id uint64) <-chan struct{} {
	p := &pending{arrived: func(*incoming) error { return nil }, done: make(chan struct{})}
	s.mu.Lock()
	delete(s.serving, id)
	over := s.ended
	if !over {
		s.calls[id] = p
	}
	s.mu.Unlock()
	if over {
		close(p.done)
	} else {
		_ = s.link.post(message{kind: unlisten, id: id})
	}
	return p.done
}
