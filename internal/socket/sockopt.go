package socket

import (
	"encoding/binary"
	"os"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// OptionMax bounds the value of an option that is not at level IPPROTO_TLS, in bytes.
const OptionMax = 1024

// SetOption carries setsockopt(2) out at a level other than IPPROTO_TLS, with the program's rights.
func (h *Handle) SetOption(level, name int, value []byte) error {
	r := h.table.routes[optionKey{level, name}]
	if r == 0 || r&readOnly != 0 {
		return linux.ENOPROTOOPT
	}
	if r&toNetwork != 0 {
		err := as(h.Task, func() error {
			return h.network(func(fd linux.FD) error { return linux.Setsockopt(fd, level, name, value) })
		})
		if err != nil {
			return err
		}
	}
	if r&kept != 0 && len(value) < 4 {
		return linux.EINVAL
	}
	keep := append([]byte(nil), value...)
	h.mu.Lock()
	if r&(toNetwork|kept) != 0 {
		h.options = record(h.options, recorded{level: level, name: name, value: keep})
	}
	h.mu.Unlock()
	if r&toProgram == 0 {
		return nil
	}
	return linux.Setsockopt(h.Local, level, name, value)
}

// GetOption carries getsockopt(2) out at a level other than IPPROTO_TLS. It fills b and returns how much.
// SO_ERROR is for the caller: see TakeError.
func (h *Handle) GetOption(level, name int, b []byte) (int, error) {
	r := h.table.routes[optionKey{level, name}]
	switch {
	case r == 0:
		return 0, linux.ENOPROTOOPT
	case r&synthetic != 0:
		return h.synthetic(name, b)
	case r&kept != 0:
		return putInt(b, h.remembered(level, name)), nil
	case r&toNetwork == 0:
		return linux.Getsockopt(h.Local, level, name, b)
	}
	n := 0
	err := h.network(func(fd linux.FD) (err error) {
		n, err = linux.Getsockopt(fd, level, name, b)
		return err
	})
	return n, err
}

func (h *Handle) synthetic(name int, b []byte) (int, error) {
	const soDomain = 39
	v := linux.ProtoTCP
	if name == soDomain {
		h.mu.Lock()
		v = h.domain
		h.mu.Unlock()
	}
	return putInt(b, v), nil
}

// remembered is 1 when the program has switched an option on.
func (h *Handle) remembered(level, name int) int {
	for _, o := range h.recorded() {
		if o.level == level && o.name == name && nativeUint32(o.value) != 0 {
			return 1
		}
	}
	return 0
}

// putInt writes an int as getsockopt(2) does: as much of it as there is room for.
func putInt(b []byte, v int) int {
	return copy(b, binary.NativeEndian.AppendUint32(nil, uint32(v)))
}

// network runs fn on the real TCP socket, wherever it is at the moment. A socket whose connection is over, or
// whose connect failed, gets a new one, which knows what the program has set.
func (h *Handle) network(fn func(linux.FD) error) error {
	h.mu.Lock()
	conn, l := h.conn, h.listener
	var connecting *os.File
	if h.attempt != nil {
		connecting = h.attempt.network
	}
	if h.external != linux.NoFD {
		defer h.mu.Unlock() // it cannot be closed meanwhile
		return fn(h.external)
	}
	h.mu.Unlock()
	ran := false
	once := func(fd linux.FD) error {
		ran = true
		return fn(fd)
	}
	var err error
	switch {
	case conn != nil:
		err = conn.Control(once)
	case l != nil:
		err = l.control(once)
	case connecting != nil:
		err = linux.Control(connecting, once)
	}
	if ran {
		return err
	}
	return h.substitute(fn)
}

func (h *Handle) substitute(fn func(linux.FD) error) error {
	id, err := h.Task.Identity()
	if err != nil {
		return err
	}
	defer id.Close()
	h.mu.Lock()
	domain, options, fresh := h.domain, h.options, h.state == abi.Fresh
	h.mu.Unlock()
	if fresh {
		return h.onFresh(id, fn)
	}
	fd, err := newTCP(id, domain, options)
	if err != nil {
		return err
	}
	defer fd.Close()
	return fn(fd)
}

// onFresh makes the socket that the next connect or listen will use.
func (h *Handle) onFresh(id *linux.Identity, fn func(linux.FD) error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	fd, err := h.fresh(id)
	if err != nil {
		return err
	}
	return fn(fd)
}

// Name is the local address in the kernel's form, as getsockname(2) has it.
func (h *Handle) Name() ([]byte, error) {
	h.mu.Lock()
	info, domain := h.info, h.domain
	h.mu.Unlock()
	if info != nil && info.Local.IsValid() {
		return InetSockaddr(info.Local, domainOf(info.Local, domain)), nil
	}
	var addr []byte
	err := h.network(func(fd linux.FD) (err error) {
		addr, err = linux.Getsockname(fd)
		return err
	})
	return addr, err
}

// Peer is the remote address in the kernel's form, as getpeername(2) has it.
func (h *Handle) Peer() ([]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state != abi.Connected {
		return nil, linux.ENOTCONN
	}
	return InetSockaddr(h.info.Remote, domainOf(h.info.Remote, h.domain)), nil
}
