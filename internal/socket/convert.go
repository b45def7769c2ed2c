package socket

import (
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// convert makes a TLS socket, neither connected nor listening, of a plain TCP socket in that state. A nil handle without
// an error: it is none, or in another state, and what becomes of it is the kernel's to say.
func (t *Table) convert(u Upgrade, fill func(*abi.Request)) (*Handle, error) {
	tcp, kind, err := streamOf(u.Owner, u.FD)
	if err != nil || tcp == linux.NoFD {
		return nil, err
	}
	if kind.Proto != linux.ProtoTCP {
		tcp.Close()
		return nil, fmt.Errorf("wrap a socket of protocol %d, which is not TCP: %w", kind.Proto, linux.EOPNOTSUPP)
	}
	state, err := tcpState(tcp)
	if err != nil || state != tcpClose {
		tcp.Close()
		return nil, err
	}
	h, cookie, err := t.claim(u, tcp, kind)
	if err != nil {
		tcp.Close()
		return nil, err
	}
	defer t.plain.end(cookie)
	return h, h.convert(u.Owner, cookie, fill)
}

func (h *Handle) convert(o Owner, cookie uint64, fill func(*abi.Request)) error {
	s, err := h.newSwap(o, cookie, (*swap).makeUnconnected)
	if err != nil {
		return err
	}
	defer s.close()
	if err := h.table.add(h.Socket, s.local); err != nil {
		return err
	}
	begun, err := s.carryOut(&h.table.forking)
	if !begun {
		h.table.unlist(h.Socket)
		h.cookie = cookie
		return err
	}
	h.table.plain.forget(cookie)
	external, e := h.seize()
	if e != nil {
		return e
	}
	h.become(external, fill)
	h.loosen()
	h.Local.Close()
	if h.Local, e = linux.DupCloexec(s.local, 3); e != nil {
		return e
	}
	return err
}

// become makes the TCP socket that of a TLS socket.
func (h *Handle) become(external linux.FD, fill func(*abi.Request)) {
	_ = linux.SetsockoptInt(external, linux.SolTCP, linux.TCPFastopenConnect, 0) // connect is to connect
	name, err := linux.Getsockname(external)
	local, _ := ParseInet(name)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.external = external
	filled := &asked{request: h.asked.request.Clone()}
	fill(&filled.request)
	h.asked = filled
	if err == nil && local.Port() != 0 {
		h.bound = name
	}
}
