package service

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/verify"
	"github.com/securesocketapi/ssa/internal/verify/judge"
)

// backlogMax bounds the finished connections that wait, whatever the program says (listen(2) has the same bound).
const backlogMax = 4096

// listener accepts and shakes hands:
//
//  1. run accepts. When as many finished connections wait as the backlog allows it stops, so that the kernel's
//     queue fills as it does for TCP.
//  2. Each connection has a goroutine for its handshake, among a bounded number (flights.go).
//  3. The finished ones wait in ready for Accept.
type listener struct {
	service *Service
	network *os.File
	// spec is what was asked for, without the socket; current is what came of it last (refresh.go).
	spec    socket.Listen
	current atomic.Pointer[serving]
	flights flights
	ready   chan *conn
	// room has a token after Accept has taken one from ready.
	room chan struct{}
	// ctx ends with the listener; its cause is why.
	ctx     context.Context
	end     context.CancelCauseFunc
	running sync.WaitGroup
	// draining says that no more is accepted from the network; drained is closed when all handshakes have ended.
	draining atomic.Bool
	drained  chan struct{}
}

// errClosed is why a listener ends that is closed.
var errClosed = errors.New("the listener is closed")

// Listen implements socket.Service.
func (s *Service) Listen(_ context.Context, l socket.Listen) (socket.Listener, error) {
	now, err := s.serving(l)
	if err != nil {
		s.refused(api.Listener, question{app: l.App, role: policy.Server, request: l.Request}, err, nil)
		_ = l.Network.Close()
		return nil, err
	}
	backlog := min(max(l.Backlog, 1), backlogMax)
	n := &listener{
		service: s, network: l.Network, spec: l,
		flights: flights{max: now.asked.settings.Limits.HandshakesInFlight},
		ready:   make(chan *conn, backlog), room: make(chan struct{}, 1), drained: make(chan struct{}),
	}
	n.spec.Network = nil
	n.current.Store(now)
	n.ctx, n.end = context.WithCancelCause(context.Background())
	if err := s.adopt(n); err != nil {
		_ = l.Network.Close()
		return nil, err
	}
	s.listening(&now.asked, l.Local)
	n.running.Add(1)
	go n.run()
	return n, nil
}

// server prepares the handshakes of a listener.
func (s *Service) server(l socket.Listen) (a admitted, server *engine.Server, err error) {
	if a, err = s.admit(question{app: l.App, role: policy.Server, request: l.Request}); err != nil {
		return a, nil, err
	}
	credentials, err := a.complete()
	if err == nil {
		err = staples(&a.settings, credentials)
	}
	if err != nil {
		return a, nil, err
	}
	c := engine.ServerConfig{
		App: application(l.App), Settings: a.settings, Names: l.Request.Hostnames, Local: l.Local, ALPN: l.Request.ALPN,
		Credentials: credentials,
	}
	if a.settings.PeerAuth != abi.PeerAuthNone {
		c.Trust = a.trust.hash()
		if a.trust.named != nil {
			if c.ClientCAs, err = a.trust.named.Subjects(); err != nil {
				return a, nil, err
			}
		}
	}
	s.record(a)
	server, err = s.engine.Server(c)
	return a, server, err
}

// staples demands a response about every certificate where the program wants one.
func staples(settings *policy.Settings, all []engine.Credential) error {
	for _, c := range all {
		if settings.Staple && len(c.Staple) == 0 {
			return abi.Failf(abi.Invalid, "TLS_SERVER_OCSP_STAPLING: there is no OCSP response to staple for %s; "+
				"the policy names one with its certificate", verify.Identity(c.Chain[0]))
		}
	}
	return nil
}

// adopt makes Close close the listener and wait for it.
func (s *Service) adopt(l *listener) error {
	if err := s.begin(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listeners[l] = struct{}{}
	return nil
}

// Accept implements socket.Listener.
func (l *listener) Accept(ctx context.Context) (socket.Conn, error) {
	select {
	case c := <-l.ready:
		select {
		case l.room <- struct{}{}:
		default:
		}
		return c, nil
	case <-l.ctx.Done():
		return nil, context.Cause(l.ctx)
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	case <-l.drained:
		c, err := l.last()
		if err != nil {
			return nil, err // not a nil *conn
		}
		return c, nil
	}
}

// Close implements socket.Listener. It gives up unfinished handshakes and closes the connections nobody accepted.
func (l *listener) Close() error {
	l.end(errClosed)
	err := l.network.Close()
	l.running.Wait()
	l.drain()
	l.service.release(l)
	if errors.Is(err, os.ErrClosed) {
		return nil
	}
	return err
}

func (s *Service) release(l *listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.listeners[l]; ok {
		delete(s.listeners, l)
		s.running.Done()
	}
}

func (l *listener) drain() {
	for {
		select {
		case c := <-l.ready:
			c.Abort()
		default:
			return
		}
	}
}

// run accepts until the listener ends.
func (l *listener) run() {
	defer l.running.Done()
	pause := time.Duration(0)
	for l.hasRoom() {
		network, err := engine.Accept(l.network)
		if errors.Is(err, os.ErrClosed) && l.draining.Load() {
			return
		}
		if errors.Is(err, os.ErrClosed) || engine.Unusable(err) {
			l.end(err)
			return
		}
		if err != nil {
			// Out of descriptors or memory, which passes, or a connection that is gone already (accept(2)).
			pause = min(max(2*pause, pauseMin), pauseMax)
			l.service.log.Warn("accept", "error", err, "again in", pause)
			l.wait(pause)
			continue
		}
		pause = 0
		l.launch(network)
	}
}

// pauseMin and pauseMax bound how long accepting rests after an error.
const (
	pauseMin = 5 * time.Millisecond
	pauseMax = time.Second
)

// hasRoom waits until ready is not full. It is false when the listener has ended.
func (l *listener) hasRoom() bool {
	for len(l.ready) == cap(l.ready) {
		select {
		case <-l.room:
		case <-l.ctx.Done():
			return false
		}
	}
	return l.ctx.Err() == nil
}

func (l *listener) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.ctx.Done():
	}
}

// launch begins a handshake. It takes its place here, so that places go in the order of arrival.
func (l *listener) launch(network *os.File) {
	ctx, cancel := context.WithCancelCause(l.ctx)
	land := l.flights.begin(cancel)
	l.running.Add(1)
	go func() {
		defer l.running.Done()
		defer cancel(nil)
		defer l.service.contain("a server's handshake")
		c, err := l.handshake(ctx, network)
		land()
		if err != nil {
			l.service.log.Info("server handshake", "local", l.spec.Local, "exe", l.spec.App.Exe, "error", err)
			return
		}
		l.queue(c)
	}()
}

func (l *listener) handshake(ctx context.Context, network *os.File) (*conn, error) {
	local, remote := engine.Addresses(network)
	now := l.current.Load()
	asked := now.asked // its question gets the client
	asked.question.id = newID()
	asked.question.dest = policy.Dest{Addr: remote.Addr(), Port: remote.Port()}
	if now.refused != nil {
		l.service.refused(api.Connection, asked.question, now.refused, nil)
		return nil, errors.Join(now.refused, network.Close())
	}
	hearing := l.service.hear(ctx, &asked, judge.Question{Port: local.Port(), Remote: remote, Role: judge.Client})
	session, err := now.server.Handshake(ctx, engine.Accepted{Network: network, Remote: remote, Verifier: hearing})
	if err != nil {
		l.service.refused(api.Connection, asked.question, err, hearing)
		return nil, err
	}
	info := infoOf(session.State())
	info.ID, info.Local, info.Remote = asked.question.id, local, remote
	return l.service.establish(hearing, session, info)
}

// queue waits for room, as long as the listener lives.
func (l *listener) queue(c *conn) {
	select {
	case l.ready <- c:
	case <-l.ctx.Done():
		c.Abort()
	}
}
