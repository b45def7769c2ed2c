package syscalls

// The way of a trapped call:
//
//  1. Handle runs on the thread that receives notifications. It finds the socket behind the descriptor; a
//     call on any other descriptor goes on to the kernel at once.
//  2. A call that cannot wait is carried out right there; others get a goroutine.
//  3. The call's function decodes the arguments, has the socket act, and returns its one answer.
//  4. The answer is sent.

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"sync"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
)

// Server carries out the trapped calls of a tree.
type Server struct {
	table *socket.Table
	log   *slog.Logger
	calls map[seccomp.Call]entry
	ctx   context.Context
	work  sync.WaitGroup

	mu sync.Mutex
	// waiting are the calls that block.
	waiting map[*waiter]struct{}
}

// entry is how a call is carried out.
type entry struct {
	run func(*Server, *call) answer
	// waits says whether it may wait: for a file, for the service, for a peer.
	waits func(*call) bool
}

func always(*call) bool { return true }
func never(*call) bool  { return false }

// NewServer makes a Server. Calls that wait end when ctx does.
func NewServer(ctx context.Context, t *socket.Table, log *slog.Logger) *Server {
	return &Server{table: t, log: log, ctx: ctx, waiting: map[*waiter]struct{}{}, calls: map[seccomp.Call]entry{
		seccomp.Bind:        {(*Server).bind, always},
		seccomp.Connect:     {(*Server).connect, always},
		seccomp.Listen:      {(*Server).listen, always},
		seccomp.Accept:      {(*Server).accept, acceptWaits},
		seccomp.Accept4:     {(*Server).accept4, acceptWaits},
		seccomp.Getsockname: {(*Server).getsockname, never},
		seccomp.Getpeername: {(*Server).getpeername, never},
		seccomp.Setsockopt:  {(*Server).setsockopt, setWaits},
		seccomp.Getsockopt:  {(*Server).getsockopt, getWaits},
	}}
}

// Handle answers one call, now or later.
func (s *Server) Handle(kind seccomp.Call, c Caller) {
	defer s.contain(kind, func() { failure(linux.EIO).send(c) })
	if kind == seccomp.Socket {
		s.socket(&call{Caller: c, kind: kind}).send(c)
		return
	}
	e, ok := s.calls[kind]
	if !ok {
		pass().send(c)
		return
	}
	h, err := s.find(kind, c)
	if h == nil && err == nil && s.concerns(kind, c) {
		s.onPlain(&call{Caller: c, kind: kind})
		return
	}
	if h == nil {
		s.notFound(err).send(c)
		return
	}
	k := &call{Caller: c, kind: kind, handle: h, ended: make(chan struct{})}
	if !s.mayWait(k, e) {
		s.finish(k, e)
		return
	}
	h.Begin()
	s.work.Go(func() { s.wait(k, e) })
}

// mayWait says whether a call may wait. With a fault of ours in that it may: carryOut contains what follows.
func (s *Server) mayWait(k *call, e entry) (waits bool) {
	defer s.contain(k.kind, func() { waits = true })
	return e.waits(k)
}

// wait is finish for a call that was begun. It has ended before its answer, which brings the next call.
func (s *Server) wait(k *call, e entry) {
	a := s.carryOut(k, e)
	k.handle.End()
	s.answer(k, a)
}

func (s *Server) finish(k *call, e entry) { s.answer(k, s.carryOut(k, e)) }

func (s *Server) answer(k *call, a answer) {
	k.handle.Close()
	close(k.ended)
	a.send(k)
}

// carryOut runs a call.
func (s *Server) carryOut(k *call, e entry) (a answer) {
	defer s.contain(k.kind, func() { a = failure(linux.EIO) })
	return e.run(s, k)
}

// contain, deferred, makes a fault of ours the end of one call, not of the supervisor of all programs of the tree.
func (s *Server) contain(kind seccomp.Call, then func()) {
	if fault := recover(); fault != nil {
		s.log.Error("fault in a system call", "call", kind, "fault", fault, "stack", string(debug.Stack()))
		then()
	}
}

// notFound passes a call on a foreign descriptor, but not one on a socket of ours that cannot be reached.
func (s *Server) notFound(err error) answer {
	if err == nil {
		return pass()
	}
	if !errors.Is(err, linux.ESRCH) {
		s.log.Warn("find the socket of a call", "error", err)
	}
	return failure(err)
}

// Wait waits for the calls under way.
func (s *Server) Wait() { s.work.Wait() }

// note keeps an error for TLS_ERROR.
func (k *call) note(err error) error { return k.handle.Note(err) }
