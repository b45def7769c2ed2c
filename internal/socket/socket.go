package socket

import (
	"sync"
	"unique"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// Socket is one TLS socket of the tree: what the program has asked for and what became of it.
type Socket struct {
	table         *Table
	cookie, inode uint64
	id            uint64
	app           unique.Handle[App]
	underway      underway

	// ending orders those who notice the end.
	ending sync.Mutex
	// setting orders the changes of asked, which wait for the service.
	setting sync.Mutex

	mu     sync.Mutex
	state  abi.When // one state
	domain int
	// external is the real TCP socket. Once connected it belongs to conn, which has it instead.
	external linux.FD
	options  []recorded
	asked    *asked
	// host is the name of the last connect, which is to be proved unless the program has asked for one.
	host string
	// bound is the local address the program has asked for, in the kernel's form; nil when it has not.
	bound []byte
	// ref reaches the program's socket when it is bound; see watcher.
	ref     linux.FD
	attempt *attempt
	conn    Conn
	// info is what the handshake has established; nil before.
	info     *Info
	listener *listener
	lastErr  error
	// refusal is why the connect of a socket in state Failed failed.
	refusal error
	// pending is what getsockopt(SO_ERROR) reports once.
	pending error
	// told is whether the program has seen that an asynchronous connect succeeded.
	told bool
	// upgraded is whether it was a plain TCP socket.
	upgraded bool
}

// Create makes a TLS socket for a task. The result is the program's end, which the caller installs and closes.
// Flags are SOCK_NONBLOCK or 0.
func (t *Table) Create(task Task, app App, domain, flags int) (linux.FD, error) {
	id, err := task.Identity()
	if err != nil {
		return linux.NoFD, err
	}
	defer id.Close()
	s := &Socket{id: newID(), app: unique.Make(app), domain: domain, state: abi.Fresh, asked: &asked{}, ref: linux.NoFD}
	if s.external, err = newTCP(id, domain, nil); err != nil {
		return linux.NoFD, err
	}
	local, err := linux.Socket(linux.AFUnix, linux.SockStream|flags, 0)
	if err == nil {
		err = t.add(s, local)
	}
	if err != nil {
		local.Close()
		s.external.Close()
		return linux.NoFD, err
	}
	if i, ok := t.service.(Introducer); ok {
		i.Introduce(app)
	}
	s.loosen()
	return local, nil
}

// release gives back all that a socket holds. The program has no descriptor of it any more.
func (s *Socket) release() {
	s.ending.Lock() // whoever comes second returns when all is given back
	defer s.ending.Unlock()
	s.mu.Lock()
	external, conn, l, a, ref := s.external, s.conn, s.listener, s.attempt, s.ref
	s.external, s.conn, s.listener, s.attempt, s.ref = linux.NoFD, nil, nil, nil, linux.NoFD
	s.mu.Unlock()
	if a != nil {
		a.cancel()
	}
	external.Close()
	if l != nil {
		l.close()
	}
	_ = conn // its relay has seen the end, and finishes by itself what the program wrote
	ref.Close()
}

// Err is the text of the last failure, for TLS_ERROR.
func (s *Socket) Err() error {
	s.mu.Lock()
	conn, err := s.conn, s.lastErr
	s.mu.Unlock()
	if conn != nil {
		if ended := conn.Err(); ended != nil {
			return ended
		}
	}
	return err
}

// Note keeps a failure for TLS_ERROR and returns it.
func (s *Socket) Note(err error) error {
	if err != nil {
		s.mu.Lock()
		s.lastErr = err
		s.mu.Unlock()
	}
	return err
}

// State is the state of the socket.
func (s *Socket) State() abi.When {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state
}
