package socket

import (
	"errors"
	"fmt"
	"sync"
	"unique"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// plain are the options that programs have set at level IPPROTO_TLS on plain TCP sockets, for an upgrade to come. They
// are bound to SO_COOKIE, and forgotten when the socket is gone: an epoll instance knows as long as the socket exists in
// any process, or on its way between two, and holds no reference to it.
type plain struct {
	max int

	// looking orders those who read alive, and the end; alive is NoFD then.
	looking sync.Mutex
	alive   linux.FD

	mu      sync.Mutex
	sockets map[uint64]*Socket // by cookie
	// upgrading are those whose upgrade is being prepared.
	upgrading map[uint64]bool
}

func newPlain(max int) (*plain, error) {
	fd, err := linux.EpollCreate()
	if err != nil {
		return nil, fmt.Errorf("make an epoll instance: %w", err)
	}
	return &plain{max: max, alive: fd, sockets: map[uint64]*Socket{}, upgrading: map[uint64]bool{}}, nil
}

// find gives what is known of a plain socket, nil when nothing is.
func (p *plain) find(cookie uint64) *Socket {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sockets[cookie]
}

// any says whether there are any.
func (p *plain) any() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.sockets) > 0
}

// keep enters a socket; tcp is a descriptor of it. At the bound it first looks for those that are gone.
func (p *plain) keep(s *Socket, tcp linux.FD) (*Socket, error) {
	p.mu.Lock()
	full := len(p.sockets) >= p.max
	p.mu.Unlock()
	if full {
		if _, err := p.sweep(); err != nil {
			return nil, err
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if old := p.sockets[s.cookie]; old != nil {
		return old, nil
	}
	if len(p.sockets) >= p.max {
		return nil, errFull
	}
	err := linux.EpollAdd(p.alive, tcp, linux.EpollOneshot, s.cookie)
	if err != nil && !errors.Is(err, linux.EEXIST) { // of the same socket, from before it was forgotten
		return nil, fmt.Errorf("watch a TCP socket: %w", err)
	}
	p.sockets[s.cookie] = s
	return s, nil
}

// forget takes a socket out that is no plain one any more.
func (p *plain) forget(cookie uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sockets, cookie)
}

// sweep forgets the sockets that are gone and returns how many these were.
func (p *plain) sweep() (int, error) {
	p.looking.Lock()
	defer p.looking.Unlock()
	if p.alive == linux.NoFD {
		return 0, nil
	}
	before := p.known() // one that is entered now is watched before
	alive, err := linux.EpollRemembered(p.alive)
	if err != nil {
		return 0, fmt.Errorf("look for closed TCP sockets: %w", err)
	}
	for _, cookie := range alive {
		delete(before, cookie)
	}
	for cookie := range before {
		p.forget(cookie)
	}
	return len(before), nil
}

func (p *plain) known() map[uint64]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := make(map[uint64]bool, len(p.sockets))
	for cookie := range p.sockets {
		m[cookie] = true
	}
	return m
}

func (p *plain) close() error {
	p.looking.Lock()
	defer p.looking.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.alive.Close()
	p.alive = linux.NoFD
	return err
}

// begin claims a socket for an upgrade; false when another thread has it.
func (p *plain) begin(cookie uint64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.upgrading[cookie] {
		return false
	}
	p.upgrading[cookie] = true
	return true
}

func (p *plain) end(cookie uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.upgrading, cookie)
}

// Plain gives a handle for the options of a task's plain TCP socket, nil when the descriptor is none. Without app it only
// finds a socket on which an option was set before.
func (t *Table) Plain(task Task, fd int, app func() (App, error)) (*Handle, error) {
	if app == nil && !t.plain.any() {
		return nil, nil
	}
	tcp, err := task.Descriptor(fd)
	if err != nil {
		if _, ok := task.Inode(fd); !ok {
			return nil, nil // the kernel may say that it is not open
		}
		return nil, fmt.Errorf("duplicate descriptor %d of the program: %w", fd, err)
	}
	s, err := t.plainOf(tcp, app)
	if s == nil {
		tcp.Close()
		return nil, err
	}
	return &Handle{Socket: s, Local: tcp, FD: fd, Task: task}, nil
}

// plainOf finds the state of a socket, or makes it for one of TCP.
func (t *Table) plainOf(fd linux.FD, app func() (App, error)) (*Socket, error) {
	cookie, err := linux.SocketCookie(fd)
	if err != nil {
		return nil, nil // it is no socket
	}
	if s := t.plain.find(cookie); s != nil || app == nil {
		return s, nil
	}
	kind, err := linux.KindOf(fd)
	if err != nil || !isStream(kind) || kind.Proto != linux.ProtoTCP {
		return nil, nil
	}
	return t.enterPlain(fd, plainID{cookie, kind.Domain}, app)
}

// plainSocket is plainOf for a socket that is known to be one of TCP.
func (t *Table) plainSocket(tcp linux.FD, kind linux.SocketKind, app func() (App, error)) (*Socket, error) {
	cookie, err := linux.SocketCookie(tcp)
	if err != nil {
		return nil, fmt.Errorf("read SO_COOKIE: %w", err)
	}
	if s := t.plain.find(cookie); s != nil || app == nil {
		return s, nil
	}
	return t.enterPlain(tcp, plainID{cookie, kind.Domain}, app)
}

// plainID is what a plain socket is known by, and its domain.
type plainID struct {
	cookie uint64
	domain int
}

// enterPlain makes the state of a socket that has none.
func (t *Table) enterPlain(tcp linux.FD, id plainID, app func() (App, error)) (*Socket, error) {
	who, err := app()
	if err != nil {
		return nil, err
	}
	s := t.newPlainSocket(who, id.domain, id.cookie)
	if s, err = t.plain.keep(s, tcp); err == nil {
		notify(t.wake)
	}
	return s, err
}

// newPlainSocket makes the state of a TCP socket that may be upgraded.
func (t *Table) newPlainSocket(app App, domain int, cookie uint64) *Socket {
	if i, ok := t.service.(Introducer); ok {
		i.Introduce(app)
	}
	return &Socket{
		table: t, cookie: cookie, id: newID(), app: unique.Make(app), domain: domain, state: abi.Fresh,
		asked: &asked{}, external: linux.NoFD, ref: linux.NoFD,
	}
}

// tcpOf is streamOf for TCP alone. Multipath TCP is another protocol.
func tcpOf(task Task, fd int) (linux.FD, linux.SocketKind, error) {
	tcp, kind, err := streamOf(task, fd)
	if err == nil && kind.Proto != linux.ProtoTCP {
		tcp.Close()
		return linux.NoFD, linux.SocketKind{}, nil
	}
	return tcp, kind, err
}

// streamOf duplicates a task's descriptor if it is an internet stream socket; else it is NoFD, and the kernel may say
// what it makes of the call.
func streamOf(task Task, fd int) (linux.FD, linux.SocketKind, error) {
	if _, ok := task.Inode(fd); !ok {
		return linux.NoFD, linux.SocketKind{}, nil
	}
	tcp, err := task.Descriptor(fd)
	if err != nil {
		return linux.NoFD, linux.SocketKind{}, fmt.Errorf("duplicate descriptor %d of the program: %w", fd, err)
	}
	kind, err := linux.KindOf(tcp)
	if err != nil || !isStream(kind) {
		tcp.Close()
		return linux.NoFD, linux.SocketKind{}, nil
	}
	return tcp, kind, nil
}

// isStream says whether a socket is an internet stream socket.
func isStream(k linux.SocketKind) bool {
	return (k.Domain == linux.AFInet || k.Domain == linux.AFInet6) && k.Type == linux.SockStream
}
