package syscalls

import (
	"github.com/securesocketapi/ssa/internal/linux"
)

// typeMask takes the flags off the type argument of socket(2).
const typeMask = 0xf

// socket carries out socket(2) with protocol IPPROTO_TLS. It never ends in a plain TCP socket.
func (s *Server) socket(c *call) answer {
	domain, typ := c.int(0), c.int(1)
	if domain != linux.AFInet && domain != linux.AFInet6 {
		return failure(linux.EAFNOSUPPORT)
	}
	if typ&^(typeMask|linux.SockNonblock|linux.SockCloexec) != 0 {
		return failure(linux.EINVAL)
	}
	if typ&typeMask != linux.SockStream {
		return failure(linux.ESOCKTNOSUPPORT)
	}
	app, err := c.App()
	if err != nil {
		return failure(err)
	}
	fd, err := s.table.Create(c, app, domain, typ&linux.SockNonblock)
	if err != nil {
		return failure(err)
	}
	return answer{fd: fd, cloexec: typ&linux.SockCloexec != 0}
}
