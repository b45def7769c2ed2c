package socket

// The life of a connect:
//
//  1. Connect checks the state, and starts the TCP connection with the program's rights. What the kernel says
//     at once is the answer, and the socket is as before.
//  2. An attempt goes on by itself: it waits for TCP, or resolves a name and races its addresses, and then
//     asks the service for the handshake.
//  3. A blocking caller waits for the attempt. A non-blocking one, and a blocking one that leaves early, has
//     the socket held: connected in place, but not writable.
//  4. The attempt settles: the program's end is connected to the relay and becomes writable, or a held one
//     shows an error and getsockopt(SO_ERROR) tells which.

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// Attempt is a connect under way, for those who wait for it.
type Attempt struct{ *attempt }

// Start has a new attempt go on by itself. Whoever does not wait for it holds the socket before: what becomes of the attempt
// is then seen on the socket, never in the answer to the call.
func (a Attempt) Start() { a.socket.table.work.Go(a.run) }

// Done is closed when the attempt has settled.
func (a Attempt) Done() <-chan struct{} { return a.done }

// Err is what became of it, once Done is closed.
func (a Attempt) Err() error { return a.err }

// Connect begins to connect to an address in the kernel's form, or joins the attempt that is under way; joined
// says which. A new attempt is to be started. A nil Attempt without an error: an earlier attempt has succeeded and the program learns it now.
func (h *Handle) Connect(addr []byte) (a *Attempt, joined bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(addr) >= 2 && Family(addr) == linux.AFUnspec {
		return nil, false, h.disconnect()
	}
	switch h.state {
	case abi.Connecting:
		return &Attempt{h.attempt}, true, nil
	case abi.Connected:
		if h.told {
			return nil, false, fmt.Errorf("connect a socket that is connected to %v: %w", h.info.Remote, linux.EISCONN)
		}
		h.told = true
		return nil, false, nil
	case abi.Listening:
		return nil, false, fmt.Errorf("connect a socket that listens: %w", linux.EISCONN)
	case abi.Failed:
		return nil, false, h.refusal
	case abi.Fresh, abi.Never, abi.Always: // the last two are no states
	}
	target, err := h.target(addr)
	if err != nil {
		return nil, false, err
	}
	at, err := h.begin(target)
	if err != nil {
		return nil, false, err
	}
	h.attempt, h.state = at, abi.Connecting
	return &Attempt{at}, false, nil
}

// disconnect is connect(2) with AF_UNSPEC. There is nothing to do for a fresh socket; a TLS connection cannot
// be dissolved and its socket used again.
func (h *Handle) disconnect() error {
	if h.state == abi.Fresh {
		return nil
	}
	return fmt.Errorf("dissolve a TLS connection with AF_UNSPEC: %w; close the socket and make another", linux.EOPNOTSUPP)
}

// target is where to connect to: an address, or a name with a port.
type target struct {
	raw  []byte
	addr netip.AddrPort
	name string
	port uint16
}

func (t target) String() string {
	if t.name != "" {
		return fmt.Sprintf("%s port %d", t.name, t.port)
	}
	return t.addr.String()
}

func (h *Handle) target(addr []byte) (target, error) {
	if Family(addr) == abi.FamilyHostname {
		name, port, err := ParseHost(addr)
		return target{name: name, port: port}, err
	}
	if len(addr) < 2 {
		return target{}, fmt.Errorf("connect to an address of %d bytes, which has no family: %w", len(addr), linux.EINVAL)
	}
	ip, _ := ParseInet(addr) // one that is not valid meets the kernel's own error
	return target{raw: addr, addr: ip}, nil
}

// begin makes an attempt and, for an address, starts the TCP connection. h.mu is held.
func (h *Handle) begin(t target) (*attempt, error) {
	if err := checkKeys(h.asked.request.Credentials); err != nil {
		return nil, err
	}
	id, err := h.Task.Identity()
	if err != nil {
		return nil, err
	}
	a := &attempt{
		socket: h.Socket, target: t, id: id, done: make(chan struct{}),
		local: linux.NoFD, plain: linux.NoFD, task: h.Task, fd: h.FD, request: h.asked.request.Clone(), options: h.options, bound: h.bound,
		domain: h.domain,
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	if err := a.prepare(h); err != nil {
		a.cancel()
		id.Close()
		return nil, err
	}
	return a, nil
}

func (a *attempt) prepare(h *Handle) (err error) {
	h.host = a.target.name
	if a.target.name != "" {
		if a.files, err = readFiles(h.Task); err != nil {
			return err
		}
		if a.request.RemoteHostname == "" {
			a.request.RemoteHostname = a.target.name
		}
	} else if err := h.startTCP(a); err != nil {
		return err
	}
	a.local, err = linux.DupCloexec(h.Local, 3)
	return err
}

// startTCP calls connect(2) on the external socket, which an attempt takes over unless the kernel refuses.
func (h *Handle) startTCP(a *attempt) error {
	external, err := h.fresh(a.id)
	if err != nil {
		return err
	}
	err = a.id.As(func() error { return linux.Connect(external, a.target.raw) })
	if err == nil || errors.Is(err, linux.EINPROGRESS) {
		h.external = linux.NoFD
		a.network, err = external.File("tcp")
	}
	if err != nil {
		return fmt.Errorf("connect to %v: %w", a.target, err)
	}
	return nil
}

// fresh is the external socket, made anew when an earlier connect has used it up.
func (h *Handle) fresh(id *linux.Identity) (linux.FD, error) {
	if h.external != linux.NoFD {
		return h.external, nil
	}
	fd, err := newTCP(id, h.domain, h.options)
	if err != nil {
		return linux.NoFD, err
	}
	if h.bound != nil {
		if err := bindTCP(id, fd, h.bound); err != nil {
			fd.Close()
			return linux.NoFD, err
		}
	}
	h.external = fd
	return fd, nil
}

func bindTCP(id *linux.Identity, fd linux.FD, addr []byte) error {
	return id.As(func() error { return linux.Bind(fd, addr) })
}
