package syscalls

import (
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// connect carries out connect(2). A call that is repeated after a signal joins the attempt under way.
func (s *Server) connect(c *call) answer {
	addr, err := c.sockaddr()
	if err != nil {
		return failure(c.note(err))
	}
	nonblock, err := linux.Nonblocking(c.handle.Local)
	if err != nil {
		return failure(err)
	}
	a, joined, err := c.handle.Connect(addr)
	if err != nil || a == nil {
		return failure(c.note(err))
	}
	switch {
	case joined && nonblock:
		return failure(linux.EALREADY)
	case nonblock:
		defer a.Start()
		return c.leave(a, linux.EINPROGRESS)
	case !joined:
		a.Start()
	}
	return s.waitConnect(c, a, joined)
}

// waitConnect waits for an attempt, at most as long as SO_SNDTIMEO allows and no signal interrupts.
func (s *Server) waitConnect(c *call, a *socket.Attempt, joined bool) answer {
	limit, err := linux.SocketTimeout(c.handle.Local, linux.SoSndTimeo)
	if err != nil {
		return failure(err)
	}
	late := linux.EINPROGRESS
	if joined {
		late = linux.EALREADY
	}
	w := s.newWaiter(c, limit)
	defer w.stop()
	for {
		select {
		case <-a.Done():
			return failure(a.Err())
		case <-s.ctx.Done():
			return c.leave(a, linux.ECONNRESET)
		case <-w.limit:
			return c.leave(a, late)
		case <-w.tick:
			if e := w.interrupted(); e != 0 {
				return c.leave(a, e)
			}
		}
	}
}

// leave ends the wait for an attempt, which goes on by itself.
func (c *call) leave(a *socket.Attempt, e linux.Errno) answer {
	held, err := c.handle.Hold(*a)
	if err != nil {
		return failure(c.note(err))
	}
	if !held {
		<-a.Done()
		return failure(a.Err())
	}
	return failure(e)
}
