package syscalls

import (
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// acceptWaits says whether accept may wait. O_NONBLOCK is read once: the program can change it at any moment.
func acceptWaits(c *call) bool {
	nonblock, err := linux.Nonblocking(c.handle.Local)
	c.nonblock = err == nil && nonblock
	return !c.nonblock
}

// accept carries out accept(2).
func (s *Server) accept(c *call) answer { return s.acceptWith(c, 0) }

// accept4 carries out accept4(2).
func (s *Server) accept4(c *call) answer {
	flags := c.int(3)
	if flags&^(linux.SockNonblock|linux.SockCloexec) != 0 {
		return failure(linux.EINVAL)
	}
	return s.acceptWith(c, flags)
}

func (s *Server) acceptWith(c *call, flags int) answer {
	room, err := c.acceptBuffer()
	if err != nil {
		return failure(err)
	}
	a, wait, err := c.handle.Accept()
	if err != nil {
		return failure(c.note(err))
	}
	if a == nil && c.nonblock {
		return failure(linux.EAGAIN)
	}
	if a == nil {
		if a, err = s.waitAccept(c, wait); err != nil {
			return failure(err)
		}
	}
	return c.deliver(a, room, flags)
}

// acceptBuffer is the size of the program's address buffer, -1 when it wants no address.
func (c *call) acceptBuffer() (int, error) {
	if c.Arg(1) == 0 {
		return -1, nil
	}
	return c.length(c.Arg(2))
}

// waitAccept waits for a connection, at most as long as SO_RCVTIMEO allows and no signal interrupts.
func (s *Server) waitAccept(c *call, wait *socket.Wait) (*socket.Accepted, error) {
	limit, err := linux.SocketTimeout(c.handle.Local, linux.SoRcvTimeo)
	if err != nil {
		return nil, err
	}
	wait.Join(c.handle)
	w := s.newWaiter(c, limit)
	defer w.stop()
	for {
		select {
		case a := <-wait.C:
			return a, nil
		case <-s.ctx.Done():
			wait.Leave()
			return nil, linux.EINVAL
		case <-w.limit:
			wait.Leave()
			return nil, linux.EAGAIN
		case <-w.tick:
			e := w.interrupted()
			if e == 0 && c.handle.ShutDown() {
				e = linux.EINVAL
			}
			if e != 0 {
				wait.Leave()
				return nil, e
			}
		}
	}
}

// deliver stores the peer's address and gives the connection to the program. What cannot be delivered goes
// back to the head of the queue.
func (c *call) deliver(a *socket.Accepted, room, flags int) answer {
	handle := *c.handle
	back := func() { handle.Return(a) }
	if room >= 0 {
		if err := c.store(c.Arg(1), c.Arg(2), a.Address(), room); err != nil {
			back()
			return failure(err)
		}
	}
	if flags&linux.SockNonblock != 0 {
		if err := linux.SetNonblocking(a.Local); err != nil {
			back()
			return failure(err)
		}
	}
	return answer{fd: a.Local, cloexec: flags&linux.SockCloexec != 0, lost: back}
}
