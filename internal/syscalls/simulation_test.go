package syscalls_test

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/syscalls"
)

// A program makes trapped calls. Addresses are its own.
type program interface {
	// call makes a call and waits for its answer.
	call(t *testing.T, c seccomp.Call, args ...uint64) result
	// store puts bytes at a new place of the program's memory.
	store(t *testing.T, b []byte) uint64
	// edge is store at the very end of what is mapped.
	edge(t *testing.T, b []byte) uint64
	load(t *testing.T, addr uint64, n int) []byte

	poll(t *testing.T, fd int64, events int16) int16
	send(t *testing.T, fd int64, b []byte) (int, linux.Errno)
	recv(t *testing.T, fd int64, n int) ([]byte, linux.Errno)
	close(t *testing.T, fd int64)
	// flags says whether O_NONBLOCK and FD_CLOEXEC are set.
	flags(t *testing.T, fd int64) (nonblock, cloexec bool)
	// plain makes a TCP socket that is none of ours, and dialled one that is connected.
	plain(t *testing.T) int64
	plainWith(t *testing.T, flags int) int64
	dialled(t *testing.T, port uint16, nonblock bool) int64
	dup(t *testing.T, fd int64) int64
	// epoll makes an epoll instance; watch registers a descriptor with its number as the data, and wait gives the events
	// there are by number.
	epoll(t *testing.T) int64
	watch(t *testing.T, ep, fd int64, events uint32)
	wait(t *testing.T, ep int64) map[int64]uint32
}

// result is what a call returned. passed is set by the simulation when the kernel is to carry the call out.
type result struct {
	value  int64
	errno  linux.Errno
	passed bool
}

// wild is an address that no program has mapped.
const wild = 8

// The simulated memory: one mapped range, nothing around it.
const (
	memoryBase = 0x7000_0000_0000
	memorySize = 1 << 20
)

// simulation is a program of this process: its descriptors are real ones of this process, its memory is not.
type simulation struct {
	server *syscalls.Server

	mu     sync.Mutex
	memory []byte
	next   uint64
	fds    map[int64]bool
	// foreign are descriptors with no O_CLOEXEC as the program asked for.
	cloexec map[int64]bool
	callers []*caller

	// interruption is what every caller meets from now on.
	interruption atomic.Int32
	// gone makes calls go away: their answers are refused.
	gone atomic.Bool
	// refuse is what installing a descriptor fails with; 0 lets it work.
	refuse atomic.Int32
	// hidden is what duplicating a descriptor fails with; 0 lets it work.
	hidden atomic.Int32
	// elsewhere is whether another process has the program's sockets too.
	elsewhere atomic.Bool
	// replaced is whether the program has put something else in the place of a socket during the call.
	replaced atomic.Bool
	// unreadable makes App fail.
	unreadable atomic.Bool
}

func newSimulation(t testing.TB, server *syscalls.Server) *simulation {
	s := &simulation{server: server, memory: make([]byte, memorySize), fds: map[int64]bool{}, cloexec: map[int64]bool{}}
	t.Cleanup(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for fd := range s.fds {
			_ = linux.FD(fd).Close()
		}
	})
	// The server ends after this, so that no answer comes later.
	t.Cleanup(func() {
		server.Wait()
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, c := range s.callers {
			c.check(t)
		}
	})
	return s
}

// begin makes a call and does not wait.
func (s *simulation) begin(c seccomp.Call, args ...uint64) *caller {
	k := &caller{simulation: s, kind: c, answered: make(chan result, 8)}
	copy(k.args[:], args)
	s.mu.Lock()
	s.callers = append(s.callers, k)
	s.mu.Unlock()
	s.server.Handle(c, k)
	return k
}

func (s *simulation) call(t *testing.T, c seccomp.Call, args ...uint64) result {
	t.Helper()
	return s.begin(c, args...).wait(t)
}

func (s *simulation) store(t *testing.T, b []byte) uint64 {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.next
	if at+uint64(len(b)) > memorySize-8192 {
		t.Fatal("the simulated memory is full")
	}
	copy(s.memory[at:], b)
	s.next += uint64(len(b))
	return memoryBase + at
}

func (s *simulation) edge(_ *testing.T, b []byte) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := memorySize - len(b)
	copy(s.memory[at:], b)
	return memoryBase + uint64(at)
}

func (s *simulation) load(t *testing.T, addr uint64, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if err := s.Read(addr, b); err != nil {
		t.Fatalf("load %d bytes at %#x: %v", n, addr, err)
	}
	return b
}

// at is a range of the memory. s.mu is held.
func (s *simulation) at(addr uint64, n int) ([]byte, error) {
	if addr < memoryBase || addr-memoryBase > memorySize || uint64(n) > memorySize-(addr-memoryBase) {
		return nil, linux.EFAULT
	}
	return s.memory[addr-memoryBase:][:n], nil
}

func (s *simulation) Read(addr uint64, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.at(addr, len(b))
	copy(b, m)
	return err
}

func (s *simulation) Write(addr uint64, b []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, err := s.at(addr, len(b))
	copy(m, b)
	return err
}

func (s *simulation) poll(t *testing.T, fd int64, events int16) int16 {
	t.Helper()
	got, err := linux.Poll(linux.FD(fd), events, 0)
	if err != nil {
		t.Fatalf("poll: %v", err)
	}
	return got
}

func (s *simulation) send(_ *testing.T, fd int64, b []byte) (int, linux.Errno) {
	n, err := linux.Send(linux.FD(fd), b)
	return n, errnoOf(err)
}

func (s *simulation) recv(t *testing.T, fd int64, n int) ([]byte, linux.Errno) {
	t.Helper()
	b := make([]byte, n)
	got, err := linux.Read(linux.FD(fd), b)
	return b[:max(got, 0)], errnoOf(err)
}

func (s *simulation) close(t *testing.T, fd int64) {
	t.Helper()
	s.mu.Lock()
	delete(s.fds, fd)
	s.mu.Unlock()
	if err := linux.FD(fd).Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func (s *simulation) flags(t *testing.T, fd int64) (nonblock, cloexec bool) {
	t.Helper()
	nonblock, err := linux.Nonblocking(linux.FD(fd))
	if err != nil {
		t.Errorf("fcntl: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return nonblock, s.cloexec[fd]
}

func (s *simulation) plain(t *testing.T) int64 {
	t.Helper()
	return s.plainWith(t, 0)
}

func (s *simulation) plainWith(t *testing.T, flags int) int64 {
	t.Helper()
	fd, err := linux.Socket(linux.AFInet, linux.SockStream|flags, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s.adopt(fd, true)
}

func (s *simulation) dialled(t *testing.T, port uint16, nonblock bool) int64 {
	t.Helper()
	fd, err := linux.Socket(linux.AFInet, linux.SockStream, 0)
	if err == nil {
		err = linux.Connect(fd, loopback(port))
	}
	if err == nil && nonblock {
		err = linux.SetNonblocking(fd)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s.adopt(fd, true)
}

func (s *simulation) dup(t *testing.T, fd int64) int64 {
	t.Helper()
	dup, err := linux.DupCloexec(linux.FD(fd), 3)
	if err != nil {
		t.Fatal(err)
	}
	return s.adopt(dup, false)
}

func (s *simulation) epoll(t *testing.T) int64 {
	t.Helper()
	fd, err := linux.EpollCreate()
	if err != nil {
		t.Fatal(err)
	}
	return s.adopt(fd, true)
}

func (s *simulation) watch(t *testing.T, ep, fd int64, events uint32) {
	t.Helper()
	if err := linux.EpollAdd(linux.FD(ep), linux.FD(fd), events, uint64(fd)); err != nil {
		t.Fatal(err)
	}
}

func (s *simulation) wait(t *testing.T, ep int64) map[int64]uint32 {
	t.Helper()
	var ready [64]linux.EpollReady
	n, err := linux.EpollWaitFor(linux.FD(ep), ready[:], 0)
	if err != nil {
		t.Fatal(err)
	}
	m := map[int64]uint32{}
	for i := range ready[:n] {
		m[int64(ready[i].Data())] = ready[i].Events
	}
	return m
}

func (s *simulation) adopt(fd linux.FD, cloexec bool) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fds[int64(fd)], s.cloexec[int64(fd)] = true, cloexec
	return int64(fd)
}

func errnoOf(err error) linux.Errno {
	e, _ := linux.ErrnoOf(err)
	return e
}

// caller is one stopped call of a simulation.
type caller struct {
	*simulation
	kind    seccomp.Call
	args    [6]uint64
	answers atomic.Int32
	// refused is set when an answer came after the call had gone away.
	refused  atomic.Bool
	answered chan result
}

var _ syscalls.Caller = (*caller)(nil)

// wait waits for the answer.
func (c *caller) wait(t testing.TB) result {
	t.Helper()
	return event(t, c.answered)
}

// check fails the test unless the call got exactly one answer. One that went away gets none.
func (c *caller) check(t testing.TB) {
	if got := c.answers.Load(); got != 1 && (got != 0 || !c.refused.Load()) {
		t.Errorf("%s%v got %d answers, want 1", callName(c.kind), c.args, got)
	}
}

func (c *caller) answer(r result) error {
	if c.gone.Load() {
		c.refused.Store(true)
		return linux.ENOENT
	}
	if c.answers.Add(1) > 1 {
		return linux.EINPROGRESS // as the kernel has it for a second answer
	}
	c.answered <- r
	return nil
}

func (c *caller) Return(value int64) error { return c.answer(result{value: value}) }

// Fail answers as the kernel would: errno 0 is success.
func (c *caller) Fail(e linux.Errno) error {
	return c.answer(result{value: -int64(min(e, 1)), errno: e})
}
func (c *caller) Continue() error { return c.answer(result{passed: true}) }

func (c *caller) Install(fd linux.FD, cloexec bool) error {
	if c.gone.Load() {
		return linux.ENOENT
	}
	if e := linux.Errno(c.refuse.Load()); e != 0 {
		return e
	}
	dup, err := linux.DupCloexec(fd, 3)
	if err != nil {
		return err
	}
	return c.answer(result{value: c.adopt(dup, cloexec)})
}

func (c *caller) Arg(i int) uint64 { return c.args[i] }
func (c *caller) Valid() bool      { return !c.gone.Load() }

func (c *caller) Interrupted() linux.Interruption {
	return linux.Interruption(c.interruption.Load())
}

func (c *caller) App() (socket.App, error) {
	if c.unreadable.Load() {
		return socket.App{}, errors.New("the status of the task is garbled")
	}
	return socket.App{PID: os.Getpid(), UID: os.Getuid(), Exe: "/usr/bin/program"}, nil
}

// The program is this process as far as its descriptors, rights and files go.

func (c *caller) self() linux.Task { return linux.Task(os.Getpid()) }

func (c *caller) Inode(fd int) (uint64, bool) {
	c.mu.Lock()
	known := c.fds[int64(fd)]
	c.mu.Unlock()
	if !known {
		return 0, false
	}
	return c.self().Inode(fd)
}

func (c *caller) Descriptor(fd int) (linux.FD, error) {
	if e := linux.Errno(c.hidden.Load()); e != 0 {
		return linux.NoFD, e
	}
	return linux.DupCloexec(linux.FD(fd), 3)
}

// Held is what the program has, and not what this process has besides.
func (c *caller) Held(inode uint64) (linux.Held, error) {
	all, err := c.self().Held(inode)
	c.mu.Lock()
	defer c.mu.Unlock()
	h := linux.Held{}
	if c.replaced.Load() {
		return h, err
	}
	for _, d := range all.Descriptors {
		if c.fds[int64(d.Number)] {
			d.Cloexec = c.cloexec[int64(d.Number)]
			h.Descriptors = append(h.Descriptors, d)
		}
	}
	for _, r := range all.Registrations {
		if c.fds[int64(r.Epoll)] {
			h.Registrations = append(h.Registrations, r)
		}
	}
	return h, err
}

func (c *caller) HeldElsewhere(*linux.Tree, uint64) (bool, error) { return c.elsewhere.Load(), nil }

func (c *caller) Place(fd linux.FD, at linux.Descriptor) error {
	if c.gone.Load() {
		return linux.ENOENT
	}
	if e := linux.Errno(c.refuse.Load()); e != 0 {
		return e
	}
	if err := linux.Dup2(fd, linux.FD(at.Number)); err != nil {
		return err
	}
	c.adopt(linux.FD(at.Number), at.Cloexec)
	return linux.SetCloexec(linux.FD(at.Number))
}

func (c *caller) Identity() (*linux.Identity, error) { return c.self().Identity() }
func (c *caller) Open(name string) (*os.File, error) { return c.self().Open(name) }
