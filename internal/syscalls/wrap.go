package syscalls

import (
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
)

// mayWrap says by the port whether a connect may have to be wrapped. What cannot be read here is looked at later.
func (s *Server) mayWrap(c Caller) bool {
	addr, err := (&call{Caller: c}).sockaddr()
	if err != nil {
		return true
	}
	to, ok := socket.ParseInet(addr)
	return ok && s.table.MayWrap(to.Port())
}

// wrapped carries out connect(2) and listen(2) on a socket that is none of ours, where these may have to be wrapped. One
// that is not is the kernel's. One that cannot be told fails.
func (s *Server) wrapped(c *call) answer {
	u := socket.Upgrade{Owner: c, FD: c.int(0), App: c.App}
	var h *socket.Handle
	var err error
	if c.kind == seccomp.Listen {
		h, err = s.table.WrapListen(s.ctx, u)
	} else {
		h, err = s.wrappedConnect(c, u)
	}
	if h == nil && err == nil {
		return pass()
	}
	if h == nil {
		return failure(err)
	}
	c.handle = h
	if err != nil {
		return failure(c.note(err))
	}
	h.Begin()
	defer h.End()
	return s.calls[c.kind].run(s, c)
}

func (s *Server) wrappedConnect(c *call, u socket.Upgrade) (*socket.Handle, error) {
	addr, err := c.sockaddr()
	if err != nil {
		return nil, err
	}
	return s.table.WrapConnect(s.ctx, u, addr)
}
