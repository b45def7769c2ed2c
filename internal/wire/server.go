package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// A Witness establishes from the kernel who processes are.
type Witness interface {
	// Supervisor names the process that has connected. pidfd is its own when the kernel gives one, else NoFD.
	Supervisor(ctx context.Context, cred linux.PeerCred, pidfd linux.FD) (Supervisor, error)
	// Program reads who the process behind a pidfd is. One that is not below the supervisor, or of a user the
	// supervisor may not speak for, is *abi.Failure of kind Forbidden.
	Program(ctx context.Context, s Supervisor, pidfd linux.FD) (socket.App, error)
}

// Keys takes private keys out of the process that parses what comes from the network.
type Keys interface {
	// Load gives what stands for each key of a memory file in abi.Credential.Key; sizes are as for ReadKeys. The error
	// is *abi.Failure for a key that cannot be used. release forgets them.
	Load(ctx context.Context, file linux.FD, sizes []int) (handles [][]byte, release func(), err error)
}

// ServerConfig is what a Server is made of.
type ServerConfig struct {
	Service socket.Service
	Witness Witness
	// Keys may be nil: the service then gets the private keys themselves.
	Keys Keys
	// ProofKey makes the proofs of identity. Whoever serves the same supervisors later needs the same.
	ProofKey []byte
	Limits   Limits
	// Record keeps the record of a forged claim and does not wait; nil keeps none.
	Record func(api.Record)
	Logger *slog.Logger
}

// A Server serves supervisors.
type Server struct {
	c      ServerConfig
	log    *slog.Logger
	ledger *ledger
	ctx    context.Context
	cancel context.CancelFunc
	work   sync.WaitGroup
	// requests never changes.
	requests map[kind]func(*peer, *incoming) error

	mu       sync.Mutex
	peers    map[*peer]struct{}
	draining bool
	// conns counts the connections that live, of peers that have gone too.
	conns int
	idle  chan struct{}
}

// NewServer makes a Server. Close ends it.
func NewServer(c ServerConfig) *Server {
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Record == nil {
		c.Record = func(api.Record) {}
	}
	s := &Server{
		c: c, log: c.Logger, ledger: newLedger(c.Limits), requests: requests(), peers: map[*peer]struct{}{},
		idle: make(chan struct{}, 1),
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s
}

// acceptPause is how long accepting rests when descriptors or memory have run out.
const acceptPause = 20 * time.Millisecond

// Serve accepts supervisors from a listening socket in Go's poller until it is closed.
func (s *Server) Serve(listening *os.File) error {
	for {
		fd, err := accept(listening)
		if errors.Is(err, os.ErrClosed) {
			return nil
		}
		if err != nil {
			s.log.Warn("accept a supervisor", "error", err)
			select {
			case <-s.ctx.Done():
				return nil
			case <-time.After(acceptPause):
			}
			continue
		}
		s.admit(fd)
	}
}

func accept(listening *os.File) (linux.FD, error) {
	fd, err := linux.NoFD, error(nil)
	wait := linux.WaitRead(listening, func(l linux.FD) bool {
		fd, err = linux.Accept4(l, linux.SockNonblock)
		return !errors.Is(err, linux.EAGAIN)
	})
	if wait != nil {
		return linux.NoFD, os.ErrClosed
	}
	return fd, err
}

// admit begins to serve whoever has connected, or closes the connection.
func (s *Server) admit(fd linux.FD) {
	cred, err := linux.PeerCredentials(fd)
	if err != nil {
		_ = fd.Close()
		return
	}
	release, err := s.ledger.take(cred.UID, amount{greeting: 1})
	if err != nil {
		_ = fd.Close() // a line for each would be a weapon
		return
	}
	s.work.Go(func() {
		defer s.contain("serve a supervisor", "uid", cred.UID, "pid", cred.PID)
		if err := s.serve(fd, cred, release); err != nil {
			s.log.Info("supervisor refused", "uid", cred.UID, "pid", cred.PID, "error", err)
		}
	})
}

// serve is the life of one connection: greeting, messages, end.
func (s *Server) serve(fd linux.FD, cred linux.PeerCred, greeted func()) error {
	defer greeted()
	pidfd, err := linux.PeerPidfd(fd)
	if err != nil {
		pidfd = linux.NoFD // before Linux 6.5
	}
	defer pidfd.Close()
	l, err := newLink(fd)
	if err != nil {
		return err
	}
	defer l.close()
	release, err := s.greet(l, cred.UID)
	if err != nil {
		return fmt.Errorf("greeting: %w", err)
	}
	defer release()
	who, err := s.c.Witness.Supervisor(s.ctx, cred, pidfd)
	if err != nil {
		return err
	}
	p := newPeer(s, l, who)
	if err := l.post(message{kind: welcome, payload: s.welcome()}); err != nil {
		return err
	}
	greeted()
	if !s.enter(p) {
		return nil
	}
	defer s.leave(p)
	p.run()
	return nil
}

// greet waits for hello and counts the supervisor.
func (s *Server) greet(l *link, uid int) (release func(), err error) {
	if err := l.f.SetReadDeadline(time.Now().Add(s.c.Limits.GreetingTime)); err != nil {
		return nil, err
	}
	m, err := l.next()
	if err != nil {
		return nil, err
	}
	defer m.close()
	if m.kind != hello {
		return nil, fmt.Errorf("it begins with %v", m.kind)
	}
	theirs, err := decodeVersion(m)
	if err != nil {
		return nil, err
	}
	if theirs != Version {
		_ = l.post(message{kind: welcome, payload: s.welcome()}) // which tells it
		_ = s.flush(l)
		return nil, fmt.Errorf("it speaks version %d of the protocol, this service %d", theirs, Version)
	}
	if err := l.f.SetReadDeadline(time.Time{}); err != nil {
		return nil, err
	}
	return s.ledger.take(uid, amount{peers: 1})
}

// flush sends what is posted on a link that nobody writes to yet.
func (s *Server) flush(l *link) (err error) {
	for _, m := range l.take() {
		err = errors.Join(err, l.send(m))
		m.finish()
	}
	return err
}

func versionPayload() []byte {
	e := encoder{}
	e.u32(Version)
	return e.b
}

// welcome is what a supervisor learns first.
func (s *Server) welcome() []byte {
	w, ok := s.c.Service.(socket.Wrapper)
	e := encoder{b: versionPayload()}
	e.bool(ok && w.Wrapping())
	return e.b
}

// decodeWelcome reads no more than the version when it is another.
func decodeWelcome(m *incoming) (version uint32, wrapping bool, err error) {
	d := decoder{rest: m.inline}
	if version = d.u32(); version != Version {
		return version, false, d.err
	}
	wrapping = d.bool()
	return version, wrapping, d.finish()
}

func decodeVersion(m *incoming) (uint32, error) {
	d := decoder{rest: m.inline}
	v := d.u32()
	return v, d.finish()
}

func (s *Server) enter(p *peer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false // it comes again and meets the successor
	}
	s.peers[p] = struct{}{}
	return true
}

func (s *Server) leave(p *peer) {
	s.mu.Lock()
	delete(s.peers, p)
	s.mu.Unlock()
	s.wake()
}

// contain keeps a panic from ending the service and everybody's connections.
func (s *Server) contain(doing string, args ...any) {
	if r := recover(); r != nil {
		s.log.Error("panic", append(args, "doing", doing, "value", r, "stack", stack())...)
	}
}

func (s *Server) wake() {
	select {
	case s.idle <- struct{}{}:
	default:
	}
}

func (s *Server) countConn(n int) {
	s.mu.Lock()
	s.conns += n
	s.mu.Unlock()
	s.wake()
}

// Conns is the number of connections that live.
func (s *Server) Conns() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns
}

// Drain hands over to a successor: supervisors are told, listeners accept no more from the network, and what is
// established or under way goes on. It returns when nothing is left, or with the cause of ctx.
func (s *Server) Drain(ctx context.Context) error {
	for _, p := range s.startDraining() {
		p.drain()
	}
	for s.busy() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-s.idle:
		}
	}
	return nil
}

func (s *Server) startDraining() []*peer {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	return s.list()
}

func (s *Server) list() []*peer {
	list := make([]*peer, 0, len(s.peers))
	for p := range s.peers {
		list = append(list, p)
	}
	return list
}

// busy says whether there is something to wait for: connections, and calls or listeners of supervisors.
func (s *Server) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns > 0 {
		return true
	}
	for p := range s.peers {
		if p.busy() {
			return true
		}
	}
	return false
}

// Close ends all links. Connections that were started go on until the service ends them.
func (s *Server) Close() {
	s.cancel()
	s.mu.Lock()
	s.draining = true
	peers := s.list()
	s.mu.Unlock()
	for _, p := range peers {
		p.link.close()
	}
	s.work.Wait()
}
