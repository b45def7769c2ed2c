package socket

import (
	"errors"
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// errClosed is a listener that the program has closed.
var errClosed = errors.New("the listener is closed")

// enqueue makes the program's end of a connection, starts its relay, and offers it to Accept.
func (l *listener) enqueue(conn Conn) error {
	a, err := l.accepted(conn)
	if err != nil {
		return err
	}
	return l.offer(a, false)
}

// accepted enters the socket of a finished connection.
func (l *listener) accepted(conn Conn) (*Accepted, error) {
	local, plain, err := linux.SocketPair()
	if err != nil {
		return nil, err
	}
	s := l.socket.child(conn)
	if err = l.socket.table.add(s, local); err == nil {
		widen(local)
		err = mark(local)
	}
	if err != nil {
		plain.Close()
		local.Close()
		return nil, err
	}
	conn.Start(plain, 1)
	conn.AfterEnd(s.loosen)
	return &Accepted{Socket: s, Local: local}, nil
}

// child is the socket of a connection that a listener accepted.
func (s *Socket) child(conn Conn) *Socket {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Socket{
		id: conn.Info().ID, app: s.app, domain: s.domain, state: abi.Connected, external: linux.NoFD, ref: linux.NoFD, told: true,
		asked: s.asked, options: append([]recorded(nil), s.options...),
		conn: conn, info: conn.Info(),
	}
}

func (s *Socket) recorded() []recorded {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]recorded(nil), s.options...)
}

// offer gives a connection to the accept that waits longest, or queues it with a token. One that comes back
// goes to the head. The lock spans the token too: there is never one without its connection, which would leave
// a listener readable for ever.
func (l *listener) offer(a *Accepted, back bool) error {
	ref := l.socket.reference()
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		a.discard()
		return errClosed
	}
	if len(l.waiters) > 0 {
		w := l.waiters[0]
		l.waiters = l.waiters[1:]
		l.mu.Unlock()
		w <- a // has room for one
		return nil
	}
	if back {
		l.ready = append([]*Accepted{a}, l.ready...)
	} else {
		l.ready = append(l.ready, a)
	}
	err := token(ref)
	l.mu.Unlock()
	if err != nil && !errors.Is(err, errClosed) {
		l.socket.table.log.Warn("tell a program of a connection", "error", err) // the next one tells of both
		return nil
	}
	return err
}

// token makes the program's listener readable by connecting to it. What is at the other end of it is closed.
func token(ref linux.FD) error {
	if ref == linux.NoFD {
		return errClosed
	}
	fd, err := linux.Socket(linux.AFUnix, linux.SockStream|linux.SockNonblock, 0)
	if err != nil {
		return err
	}
	defer fd.Close()
	switch err := linux.Connect(fd, reach(ref)); {
	case err == nil, errors.Is(err, linux.EAGAIN):
		return nil
	case errors.Is(err, linux.ECONNREFUSED):
		return errClosed // or shut down
	default:
		return fmt.Errorf("wake the program's listener: %w", err)
	}
}

// reference reaches the program's socket when it is bound; see watcher.
func (s *Socket) reference() linux.FD {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ref
}

// Accept takes a finished connection. When there is none it returns a channel that yields one to a caller
// that waits, and Leave ends the wait. The caller installs Local and closes it, or hands it to Return.
func (h *Handle) Accept() (*Accepted, *Wait, error) {
	h.mu.Lock()
	l, state := h.listener, h.state
	h.mu.Unlock()
	if state != abi.Listening || l == nil {
		return nil, nil, linux.EINVAL
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	events := h.events()
	if events&linux.PollRdHup != 0 {
		return nil, nil, linux.EINVAL
	}
	if len(l.ready) == 0 {
		w := make(chan *Accepted, 1)
		return nil, &Wait{C: w, listener: l, own: w}, nil
	}
	a := l.ready[0]
	l.ready = l.ready[1:]
	notify(l.room)
	h.takeToken(events)
	return a, nil, nil
}

// ShutDown says whether the program has called shutdown(2) for reading on its listener, which ends accepting
// for good.
func (h *Handle) ShutDown() bool { return h.events()&linux.PollRdHup != 0 }

// events are those of the program's listener.
func (h *Handle) events() int16 {
	events, _ := linux.Poll(h.Local, linux.PollIn|linux.PollRdHup, 0) // one that cannot be polled has none
	return events
}

// takeToken removes one token; without one, as the events say, there is nothing to do. The listener is locked since before
// they were asked for.
func (h *Handle) takeToken(events int16) {
	if events&linux.PollIn == 0 {
		return
	}
	if fd, err := linux.Accept4(h.Local, 0); err == nil {
		fd.Close()
	}
}

// Wait is a place among those who wait for a connection.
type Wait struct {
	// C yields one connection.
	C        <-chan *Accepted
	own      chan *Accepted
	listener *listener
}

// Join takes the place. A connection that has become ready meanwhile is yielded at once.
func (w *Wait) Join(h *Handle) {
	l := w.listener
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ready) > 0 {
		w.own <- l.ready[0]
		l.ready = l.ready[1:]
		notify(l.room)
		h.takeToken(h.events())
		return
	}
	l.waiters = append(l.waiters, w.own)
}

// Leave gives the place up. A connection that has been yielded meanwhile goes back.
func (w *Wait) Leave() {
	l := w.listener
	l.mu.Lock()
	for i, c := range l.waiters {
		if c == w.own {
			l.waiters = append(l.waiters[:i:i], l.waiters[i+1:]...)
			break
		}
	}
	l.mu.Unlock()
	select {
	case a := <-w.own:
		w.Return(a)
	default:
	}
}

// Return gives a connection back that could not be installed.
func (w *Wait) Return(a *Accepted) { _ = w.listener.offer(a, true) }

// Return gives a connection back that could not be installed, as accept(2) leaves it in the queue.
func (h *Handle) Return(a *Accepted) {
	h.mu.Lock()
	l := h.listener
	h.mu.Unlock()
	if l == nil {
		a.discard()
		return
	}
	_ = l.offer(a, true)
}

// discard resets a connection that nobody will accept.
func (a *Accepted) discard() {
	a.mu.Lock()
	conn := a.conn
	a.mu.Unlock()
	if conn != nil {
		ended := make(chan struct{})
		conn.AfterEnd(func() { close(ended) })
		conn.Abort()
		<-ended // closing our end first would look like a program's close: a clean end
	}
	a.Local.Close()
	a.table.drop(a.Socket)
}

// Address is the peer's address in the kernel's form.
func (a *Accepted) Address() []byte {
	return InetSockaddr(a.info.Remote, domainOf(a.info.Remote, a.domain))
}
