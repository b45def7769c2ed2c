package syscalls

import (
	"bytes"
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
)

// isUpgrade says whether setsockopt(2) asks for TCP_UPGRADE_TLS.
func isUpgrade(c Caller) bool {
	return int32(c.Arg(1)) == linux.SolTCP && int32(c.Arg(2)) == abi.TCPUpgradeTLS
}

// isOption says whether a call is for an option at level IPPROTO_TLS.
func isOption(kind seccomp.Call, c Caller) bool {
	return int32(c.Arg(1)) == abi.ProtoTLS && (kind == seccomp.Setsockopt || kind == seccomp.Getsockopt)
}

// concerns says whether a call on a descriptor that is none of ours may be one for us.
func (s *Server) concerns(kind seccomp.Call, c Caller) bool {
	return kind == seccomp.Setsockopt && isUpgrade(c) ||
		s.table.Wrapping() && (kind == seccomp.Listen || kind == seccomp.Connect && s.mayWrap(c))
}

// find gives the socket that a call is for: one of ours, or for an option a plain TCP socket that is to be upgraded. An
// option that is read is of one on which another was set.
func (s *Server) find(kind seccomp.Call, c Caller) (*socket.Handle, error) {
	fd := int(int32(c.Arg(0)))
	h, err := s.table.Find(c, fd)
	if h != nil || err != nil || !isOption(kind, c) {
		return h, err
	}
	app := c.App
	if kind == seccomp.Getsockopt {
		app = nil
	}
	if h, err = s.table.Plain(c, fd, app); h != nil || err != nil {
		return h, err
	}
	return s.table.Find(c, fd) // another thread may have made it one of ours meanwhile
}

// onPlain carries out a call on a TCP socket that is none of ours yet.
func (s *Server) onPlain(c *call) {
	run := (*Server).wrapped
	if c.kind == seccomp.Setsockopt {
		run = (*Server).upgrade
	}
	c.ended = make(chan struct{})
	s.work.Go(func() {
		a := s.carryOut(c, entry{run: run})
		if a.proceed {
			a = s.lookAgain(c)
		}
		if c.handle != nil {
			c.handle.Close()
		}
		close(c.ended)
		a.send(c)
	})
}

// lookAgain is for a call whose descriptor is no plain TCP socket: another thread may have made it one of ours.
func (s *Server) lookAgain(c *call) answer {
	h, err := s.table.Find(c, c.int(0))
	if h == nil {
		return s.notFound(err)
	}
	c.handle = h
	h.Begin()
	defer h.End()
	return s.carryOut(c, s.calls[c.kind])
}

// upgrade carries out TCP_UPGRADE_TLS.
func (s *Server) upgrade(c *call) answer {
	name, err := c.upgradeName()
	if err != nil {
		return failure(err)
	}
	h, a, err := s.table.Upgrade(s.ctx, socket.Upgrade{Owner: c, FD: c.int(0), Name: name, App: c.App})
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
	return s.await(c, a, false)
}

// rejoin carries out TCP_UPGRADE_TLS on a TLS socket: one that is being upgraded is waited for.
func (s *Server) rejoin(c *call) answer {
	a, err := c.handle.Rejoin()
	if err != nil || a == nil {
		return failure(err)
	}
	return s.await(c, a, true)
}

// await waits for the handshake of an upgrade, unless the socket is non-blocking.
func (s *Server) await(c *call, a *socket.Attempt, joined bool) answer {
	nonblock, err := linux.Nonblocking(c.handle.Local)
	if err != nil {
		return failure(err)
	}
	if nonblock && joined {
		return failure(linux.EALREADY)
	}
	if nonblock {
		return failure(linux.EINPROGRESS)
	}
	result := s.waitConnect(c, a, joined)
	select {
	case <-a.Done():
		c.handle.Told()
	default:
	}
	return result
}

// upgradeName is the name that the server must prove, empty for the server's role. A NUL at its end does not count.
func (c *call) upgradeName() (string, error) {
	size := c.int(4)
	if size < 0 || size > abi.HostnameMax {
		return "", fmt.Errorf("upgrade with a name of %d bytes, at most %d: %w", size, abi.HostnameMax, linux.EINVAL)
	}
	b, err := c.bytes(c.Arg(3), size)
	if err != nil {
		return "", fmt.Errorf("read a name of %d bytes at %#x: %w", size, c.Arg(3), err)
	}
	name := string(bytes.TrimSuffix(b, []byte{0}))
	if size > 0 && name == "" {
		return "", fmt.Errorf("upgrade with an empty name, which no server can prove: %w", linux.EINVAL)
	}
	return name, nil
}
