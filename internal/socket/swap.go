package socket

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// swap puts an AF_UNIX socket in the place of a program's TCP socket, everywhere in its process.
type swap struct {
	owner Owner
	// tcp belongs to the caller.
	tcp linux.FD
	// local is to be the program's; far is our end, in which filler bytes wait.
	local, far linux.FD
	filler     int
	held       linux.Held
	moves      []linux.Move
}

// newSwap makes the AF_UNIX socket. h.Local is the TCP socket. One that another process has too would stay plain there,
// and what that process wrote would end up among the records.
func (h *Handle) newSwap(o Owner, cookie uint64, makeLocal func(*swap) error) (*swap, error) {
	inode, _, err := identity(h.Local)
	if err != nil {
		return nil, err
	}
	s := &swap{owner: o, tcp: h.Local, local: linux.NoFD, far: linux.NoFD}
	if err := h.table.alone(o, inode); err != nil {
		return nil, err
	}
	s.held, err = o.Held(inode)
	if err == nil && len(s.held.Descriptors) == 0 { // it was there when the call began
		h.table.plain.forget(cookie)
		return nil, fmt.Errorf("find the socket among the program's descriptors: another thread has replaced it: %w", linux.EALREADY)
	}
	if err == nil {
		err = makeLocal(s)
	}
	if err == nil {
		err = s.inherit()
	}
	if err == nil && s.far != linux.NoFD {
		s.filler, err = fill(s.local)
	}
	if err == nil {
		err = s.openInstances()
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("put a TLS socket in the place of a TCP socket: %w", err)
	}
	return s, nil
}

// alone waits until no other process has the socket. A child that a thread has forked to execute something else has it
// for a moment, and so has the parent of a child that is to serve it.
func (t *Table) alone(o Owner, inode uint64) error {
	end := time.NewTimer(aloneTime)
	defer end.Stop()
	for pause := time.Millisecond; ; pause *= 2 {
		t.forking.RLock() // a child of ours has all that we have
		elsewhere, err := o.HeldElsewhere(&t.tree, inode)
		t.forking.RUnlock()
		if err != nil {
			return fmt.Errorf("look who has the socket: %w", err)
		}
		if !elsewhere {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-end.C:
			return fmt.Errorf("turn a socket into TLS that another process has a descriptor of; close it there first: %w", linux.EBUSY)
		}
	}
}

// aloneTime is how long another process may still have a socket that is to become TLS.
const aloneTime = time.Second

// makePair makes a connected socket, of which we have the other end.
func (s *swap) makePair() (err error) {
	if s.local, s.far, err = linux.SocketPair(); err != nil {
		s.local, s.far = linux.NoFD, linux.NoFD
	}
	return err
}

// makeUnconnected makes a socket to be connected or put in listening state later.
func (s *swap) makeUnconnected() (err error) {
	s.local, err = linux.Socket(linux.AFUnix, linux.SockStream, 0)
	return err
}

// inherit gives the new socket what the TCP socket's open file description and receive side have set.
func (s *swap) inherit() error {
	nonblock, err := linux.Nonblocking(s.tcp)
	if err == nil && nonblock {
		err = linux.SetNonblocking(s.local)
	}
	for _, name := range []int{linux.SoRcvTimeo, linux.SoSndTimeo, soRcvLowat} {
		if err == nil {
			err = copyOption(s.tcp, s.local, name)
		}
	}
	return err
}

func copyOption(from, to linux.FD, name int) error {
	var b [16]byte
	n, err := linux.Getsockopt(from, linux.SolSocket, name, b[:])
	if err == nil {
		err = linux.Setsockopt(to, linux.SolSocket, name, b[:n])
	}
	return err
}

// openInstances duplicates the epoll instances with which the TCP socket is registered.
func (s *swap) openInstances() error {
	if len(s.held.Registrations) > linux.HeldMax {
		return fmt.Errorf("move the registrations of a socket with more than %d epoll instances: %w", linux.HeldMax, linux.ENOBUFS)
	}
	for _, r := range s.held.Registrations {
		fd, err := s.owner.Descriptor(r.Epoll)
		if err != nil {
			return err
		}
		s.moves = append(s.moves, linux.Move{Registration: r, Instance: fd})
	}
	return nil
}

// carryOut replaces the TCP socket. The registrations come first: the new socket tells of nothing yet, and so nobody is
// woken for what belongs to TLS. begun is whether the program has the new one anywhere; with an error it then also has
// the TCP socket, on which nothing can be sent or received any more.
func (s *swap) carryOut(forking *sync.RWMutex) (begun bool, err error) {
	if err := s.move(forking, s.tcp, s.local); err != nil {
		return false, errors.Join(fmt.Errorf("move its registrations with epoll: %w", err), s.move(forking, s.local, s.tcp))
	}
	for _, d := range s.held.Descriptors {
		if err = s.owner.Place(s.local, d); err != nil {
			err = fmt.Errorf("replace descriptor %d of the program: %w", d.Number, err)
			break
		}
		begun = true
	}
	if !begun {
		return false, errors.Join(err, s.move(forking, s.local, s.tcp))
	}
	if err != nil {
		_ = linux.Shutdown(s.tcp, linux.ShutRdWr) // ENOTCONN where it is not connected
	}
	return true, err
}

func (s *swap) move(forking *sync.RWMutex, from, to linux.FD) error {
	forking.Lock()
	defer forking.Unlock()
	return linux.MoveRegistrations(from, to, s.moves)
}

func (s *swap) close() {
	s.local.Close()
	s.far.Close()
	for _, m := range s.moves {
		m.Instance.Close()
	}
}
