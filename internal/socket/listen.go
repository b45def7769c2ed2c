package socket

// The life of a listener:
//
//  1. Listen puts the external socket in listening state and hands a duplicate to the service.
//  2. The service accepts, shakes hands, and yields finished connections.
//  3. For each, a pair of sockets is made: one end goes to the relay, the other waits in the queue.
//  4. A token, a connection to the program's AF_UNIX listener, makes that readable. Accept takes one token
//     and one connection out.
//  5. When the program has closed the listener, the watcher tells, and the port is freed.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// tokens is the backlog of the program's AF_UNIX listener. The queue is bounded by the program's own backlog,
// which is never more than net.core.somaxconn.
const tokens = 4096

// listener is what a listening socket has.
type listener struct {
	socket   *Socket
	served   Listener
	external linux.FD
	cancel   context.CancelFunc

	mu    sync.Mutex
	ready []*Accepted
	// waiters are blocked accepts, first come first served.
	waiters []chan *Accepted
	closed  bool
	// room is signalled when ready has become shorter than backlog.
	room    chan struct{}
	backlog int
}

// Accepted is a finished TLS connection for the program.
type Accepted struct {
	*Socket
	// Local is the program's end.
	Local linux.FD
}

// Listen puts the socket in listening state; on one that listens already it changes the backlog.
func (h *Handle) Listen(ctx context.Context, backlog int) error {
	if err := h.consult(ctx); err != nil { // the policy may have a certificate for it
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state == abi.Listening && h.listener != nil {
		return h.listener.setBacklog(backlog)
	}
	if h.state != abi.Fresh {
		return fmt.Errorf("listen on a socket that connect has been called for: %w", linux.EINVAL)
	}
	if err := h.checkListen(); err != nil {
		return err
	}
	id, err := h.Task.Identity()
	if err != nil {
		return err
	}
	defer id.Close()
	external, err := h.fresh(id)
	if err == nil {
		err = linux.Listen(external, backlog)
	}
	if err == nil {
		err = h.follow()
	}
	if err == nil {
		err = linux.Listen(h.Local, tokens)
	}
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	return h.serve(ctx, external, backlog)
}

// checkListen refuses a listener that could not complete a handshake.
func (h *Handle) checkListen() error {
	own := h.asked.request.Credentials
	if len(own) == 0 && (h.asked.effective == nil || h.asked.effective.Chain == nil) {
		return invalid("listen without a certificate: set TLS_CERTIFICATE_CHAIN and then TLS_PRIVATE_KEY first")
	}
	return checkKeys(own)
}

// checkKeys refuses a chain that cannot be used for lack of its key.
func checkKeys(credentials []abi.Credential) error {
	for i, c := range credentials {
		// A chain that the service reads may have its key with it.
		if c.Key == nil && c.KeyPath == "" && c.ChainPath == "" {
			return invalid("certificate chain %d has no private key: set TLS_PRIVATE_KEY after TLS_CERTIFICATE_CHAIN", i+1)
		}
	}
	return nil
}

// serve starts the service on a duplicate of the external socket; the original takes the program's options.
func (h *Handle) serve(ctx context.Context, external linux.FD, backlog int) error {
	dup, err := duplicate(external)
	if err != nil {
		return err
	}
	local, err := localName(external)
	if err != nil {
		dup.Close()
		return err
	}
	served, err := h.table.service.Listen(ctx, Listen{
		App: h.app.Value(), Request: h.asked.request.Clone(), Network: dup, Local: local, Backlog: clamp(backlog),
	})
	if err != nil {
		return err
	}
	run, cancel := context.WithCancel(context.Background())
	l := &listener{
		socket: h.Socket, served: served, external: external, cancel: cancel,
		room: make(chan struct{}, 1), backlog: clamp(backlog),
	}
	h.state, h.listener, h.external = abi.Listening, l, linux.NoFD
	h.table.work.Go(func() { l.run(run) })
	return nil
}

// clamp is the number of finished connections that may wait: POSIX lets a backlog of 0 hold one.
func clamp(backlog int) int {
	if backlog < 0 || backlog > tokens {
		return tokens
	}
	return max(backlog, 1)
}

func duplicate(fd linux.FD) (*os.File, error) {
	dup, err := linux.DupCloexec(fd, 3)
	if err != nil {
		return nil, err
	}
	return dup.File("tcp listener")
}

func (l *listener) setBacklog(backlog int) error {
	l.mu.Lock()
	l.backlog = clamp(backlog)
	l.mu.Unlock()
	notify(l.room)
	return l.control(func(fd linux.FD) error { return linux.Listen(fd, backlog) })
}

// control runs fn on the listening TCP socket, which cannot be closed meanwhile.
func (l *listener) control(fn func(linux.FD) error) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errClosed
	}
	return fn(l.external)
}

// run enqueues what the service yields until the listener is closed.
func (l *listener) run(ctx context.Context) {
	for l.waitRoom(ctx) {
		conn, err := l.served.Accept(ctx)
		if err != nil {
			return
		}
		if err := l.enqueue(conn); err != nil {
			conn.Abort()
			if errors.Is(err, errClosed) {
				l.close() // a program may shut its listener down long before it closes it
				return
			}
			_ = l.socket.Note(err)
			l.socket.table.log.Warn("hand a connection to its listener", "error", err)
		}
	}
}

func (l *listener) waitRoom(ctx context.Context) bool {
	for {
		l.mu.Lock()
		full := len(l.ready) >= l.backlog
		l.mu.Unlock()
		if !full {
			return ctx.Err() == nil
		}
		select {
		case <-ctx.Done():
			return false
		case <-l.room:
		}
	}
}

// close frees the port and resets what nobody has accepted.
func (l *listener) close() {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return
	}
	ready := l.ready
	l.ready, l.closed = nil, true
	l.external.Close()
	l.mu.Unlock()
	l.cancel()
	_ = l.served.Close()
	for _, a := range ready {
		a.discard()
	}
}
