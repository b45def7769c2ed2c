package wire

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// A session is one link to the service with what goes over it. A Client has one that is current, and older ones whose
// service is handing over, for the connections they still have.
type session struct {
	client *Client
	link   *link

	mu       sync.Mutex
	ended    bool
	draining bool
	last     uint64
	calls    map[uint64]*pending
	conns    map[uint64]*Conn
	serving  map[uint64]*Listener
}

// pending is a call under way.
type pending struct {
	// arrived takes the result, on the goroutine that receives; the message is gone afterwards.
	arrived func(*incoming) error
	// left says that nobody waits any more.
	left bool
	err  error
	done chan struct{}
}

func newSession(c *Client, l *link) *session {
	return &session{client: c, link: l, calls: map[uint64]*pending{}, conns: map[uint64]*Conn{}, serving: map[uint64]*Listener{}}
}

// run receives until the link ends, and then ends what goes over it.
func (s *session) run() {
	s.client.work.Go(s.link.write)
	err := s.link.receive(s.handle)
	s.link.close()
	s.client.lost(s, err)
	s.end()
}

func (s *session) end() {
	s.mu.Lock()
	s.ended = true
	calls, conns := s.calls, s.conns
	s.calls, s.conns, s.serving = map[uint64]*pending{}, map[uint64]*Conn{}, map[uint64]*Listener{}
	s.mu.Unlock()
	for _, c := range conns {
		c.broken()
	}
	for _, p := range calls {
		p.err = errSessionEnded
		close(p.done)
	}
}

// call sends a message and waits for its result.
func (s *session) call(ctx context.Context, m message, arrived func(*incoming) error) error {
	p, id, err := s.begin(arrived)
	if err != nil {
		m.finish()
		return err
	}
	m.id = id
	if err := s.link.post(m); err != nil && !errors.Is(err, errLinkEnded) {
		s.forget(id)
		return err
	}
	select {
	case <-p.done:
		s.retire()
		return p.err
	case <-ctx.Done():
	}
	if !s.leave(id, p) {
		<-p.done // it is about to be closed
		return p.err
	}
	_ = s.link.post(message{kind: cancel, id: id})
	return context.Cause(ctx)
}

func (s *session) begin(arrived func(*incoming) error) (*pending, uint64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return nil, 0, errNotBegun
	}
	s.last++
	p := &pending{arrived: arrived, done: make(chan struct{})}
	s.calls[s.last] = p
	return p, s.last, nil
}

func (s *session) forget(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.calls, id)
}

// leave gives a call up unless its result is there.
func (s *session) leave(id uint64, p *pending) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-p.done:
		return false
	default:
	}
	p.left = true
	return s.calls[id] == p
}

// handle takes one message.
func (s *session) handle(m *incoming) error {
	take := s.client.answers[m.kind]
	if take == nil {
		return errors.New("a message that only a supervisor sends")
	}
	return take(s, m)
}

// answers are the messages of the service after its welcome.
func answers() map[kind]func(*session, *incoming) error {
	return map[kind]func(*session, *incoming) error{
		failed:     (*session).result,
		identified: (*session).result,
		admitted:   (*session).result,
		connected:  (*session).result,
		listening:  (*session).result,
		closed:     (*session).result,
		because:    (*session).result,
		accepted:   (*session).accepted,
		ended:      (*session).listenerEnded,
		done:       (*session).connDone,
		draining:   (*session).drain,
	}
}

// result ends a call. What arrives for one that nobody waits for is given back.
func (s *session) result(m *incoming) error {
	s.mu.Lock()
	p := s.calls[m.id]
	delete(s.calls, m.id)
	left := p != nil && p.left
	s.mu.Unlock()
	if p == nil {
		return fmt.Errorf("there is no call %d", m.id)
	}
	if m.kind == failed {
		p.err = failureOf(m)
	} else if err := p.arrived(m); errors.Is(err, errLost) {
		p.err = err
		_ = s.link.post(message{kind: abort, id: m.id}) // if it is a connection, nobody will know of it
	} else if err != nil {
		return err
	}
	close(p.done)
	if left {
		s.discard(m)
	}
	return nil
}

// discard gives back what a call has brought that nobody waits for.
func (s *session) discard(m *incoming) {
	if c := s.conn(m.id); m.kind == connected && c != nil {
		c.Abort()
	}
	if m.kind == listening {
		s.dismiss(m.id)
	}
	s.retire()
}

func failureOf(m *incoming) error {
	b, err := m.payload()
	if err != nil {
		return err
	}
	d := decoder{rest: b}
	f := d.failure()
	if err := d.finish(); err != nil {
		return err
	}
	return f
}

// drain leaves a service that hands over: new calls go to its successor, and listeners register there. What the old one
// has begun to accept still comes, all of it.
func (s *session) drain(*incoming) error {
	s.mu.Lock()
	s.draining = true
	ids := make([]uint64, 0, len(s.serving))
	for id := range s.serving {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	for _, id := range ids {
		s.grant(id, grantMax)
	}
	s.client.successor(s)
	s.retire()
	return nil
}

func (s *session) grant(id uint64, n int) {
	e := encoder{}
	e.int(n)
	_ = s.link.post(message{kind: grant, id: id, payload: e.b})
}

// retire closes the link of a service that hands over once nothing goes over it any more.
func (s *session) retire() {
	s.mu.Lock()
	idle := s.draining && len(s.calls) == 0 && len(s.conns) == 0 && len(s.serving) == 0
	s.mu.Unlock()
	if idle && !s.link.pending() {
		s.link.close()
	}
}

func (s *session) conn(id uint64) *Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[id]
}

// add enters a connection; false when the link has ended.
func (s *session) add(c *Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	s.client.count(1)
	s.conns[c.id] = c
	return true
}

func (s *session) connDone(m *incoming) error {
	d := decoder{rest: m.inline}
	why := d.optionalFailure()
	if err := d.finish(); err != nil {
		return err
	}
	s.mu.Lock()
	c := s.conns[m.id]
	delete(s.conns, m.id)
	s.mu.Unlock()
	if c != nil { // else its descriptors never came
		c.finish(why)
	}
	s.retire()
	return nil
}

// accepted takes a connection of a listener.
func (s *session) accepted(m *incoming) error {
	if m.lost {
		s.askAgain(m.id)
		return nil
	}
	b, err := m.payload()
	if err != nil {
		return err
	}
	a, err := decodeAccepted(b)
	if err != nil {
		return err
	}
	network := m.fd()
	if err := checkTCP(network, false); err != nil {
		_ = network.Close()
		return err
	}
	c := newConn(s, m.id, network)
	c.info = a.info
	s.mu.Lock()
	l := s.serving[a.listener]
	s.mu.Unlock()
	if !s.add(c) {
		return network.Close()
	}
	if l == nil {
		c.Abort() // it was closed meanwhile
		return nil
	}
	l.arrived(c)
	return nil
}

// askAgainPause is how long to wait before asking again for a descriptor that could not be received.
const askAgainPause = 50 * time.Millisecond

// askAgain has a connection told of again whose descriptor was lost: this process has none left, which may pass.
func (s *session) askAgain(conn uint64) {
	time.AfterFunc(askAgainPause, func() { _ = s.link.post(message{kind: resend, id: conn}) })
}

// listenerEnded takes the end of a listener, which while handing over is no failure.
func (s *session) listenerEnded(m *incoming) error {
	why := failureOf(m)
	s.mu.Lock()
	l, draining := s.serving[m.id], s.draining
	delete(s.serving, m.id)
	s.mu.Unlock()
	if l != nil && !draining {
		l.fail(why)
	}
	s.retire()
	return nil
}

// admit asks what would be in force.
func (s *session) admit(ctx context.Context, who credential, r abi.Request) (v socket.Effective, err error) {
	e := encoder{}
	admitMessage{who: who, request: r}.encode(&e)
	fds, err := withKeys(r, linux.NoFD)
	if err != nil {
		return v, err
	}
	err = s.call(ctx, message{kind: admit, payload: e.b, fds: fds}, func(m *incoming) error {
		b, err := m.payload()
		if err != nil {
			return err
		}
		d := decoder{rest: b}
		v = d.effective()
		return d.finish()
	})
	return v, err
}
