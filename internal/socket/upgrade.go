package socket

// The life of an upgrade of a connected TCP socket (TCP_UPGRADE_TLS):
//
//  1. Upgrade refuses what cannot become TLS. The socket is then as it was, and stays plain.
//  2. A held AF_UNIX socket is made, with the flags and timeouts of the TCP socket.
//  3. The registrations with epoll instances go over to it, and it takes the place of the TCP socket under every number
//     the program has it at. From here on nothing of the program's reaches TCP in plain, whatever becomes of it.
//  4. The TCP socket is an attempt's, as after connect(2): the service shakes hands, and the attempt settles.

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// Owner is a task whose descriptors can be replaced.
type Owner interface {
	Task
	// Held reads what the task has of a socket, by inode.
	Held(inode uint64) (linux.Held, error)
	// HeldElsewhere says whether another process of the tree has a descriptor of it.
	HeldElsewhere(tree *linux.Tree, inode uint64) (bool, error)
	// Place puts a duplicate of fd in the place of a descriptor of the task's.
	Place(fd linux.FD, at linux.Descriptor) error
}

// An Upgrade is what a program asks for.
type Upgrade struct {
	Owner Owner
	// FD is the program's number for its TCP socket.
	FD int
	// Name is what the server is to prove; empty is the role of the server.
	Name string
	App  func() (App, error)
}

// Upgrade turns a connected TCP socket into a TLS socket. A nil handle without an error: the descriptor is no TCP
// socket. With an attempt the program's descriptor is a TLS socket for good, though perhaps one that fails.
func (t *Table) Upgrade(ctx context.Context, u Upgrade) (*Handle, *Attempt, error) {
	tcp, kind, err := tcpOf(u.Owner, u.FD)
	if err != nil || tcp == linux.NoFD {
		return nil, nil, err
	}
	h, cookie, err := t.claim(u, tcp, kind)
	if err != nil {
		tcp.Close()
		return nil, nil, err
	}
	defer t.plain.end(cookie)
	a, err := h.upgrade(ctx, u, cookie)
	if err != nil {
		return h, nil, err
	}
	return h, &Attempt{a}, nil
}

// claim gives a handle for a TCP socket that nobody else turns into TLS until plain.end is called for its SO_COOKIE. That of
// the Socket changes on the way.
func (t *Table) claim(u Upgrade, tcp linux.FD, kind linux.SocketKind) (h *Handle, cookie uint64, err error) {
	if cookie, err = linux.SocketCookie(tcp); err != nil {
		return nil, 0, fmt.Errorf("read SO_COOKIE: %w", err)
	}
	if !t.plain.begin(cookie) {
		return nil, 0, fmt.Errorf("turn a socket into TLS that another thread does this to: %w", linux.EALREADY)
	}
	s, err := t.plainSocket(tcp, kind, u.App)
	if err != nil {
		t.plain.end(cookie)
		return nil, 0, err
	}
	return &Handle{Socket: s, Local: tcp, FD: u.FD, Task: u.Owner}, cookie, nil
}

func (h *Handle) upgrade(ctx context.Context, u Upgrade, cookie uint64) (*attempt, error) {
	r, err := h.upgradable(ctx, u.Name)
	if err != nil {
		return nil, err
	}
	s, err := h.newSwap(u.Owner, cookie, (*swap).makePair)
	if err != nil {
		return nil, err
	}
	defer s.close()
	a, err := h.attemptOn(s, r, u.Name)
	if err != nil {
		return nil, err
	}
	begun, err := s.carryOut(&h.table.forking)
	if !begun {
		h.giveUp(a, cookie)
		return nil, err
	}
	h.table.plain.forget(cookie)
	h.launch(a, err)
	h.Local.Close()
	h.Local, err = linux.DupCloexec(s.local, 3)
	return a, err
}

// upgradable refuses a socket in the wrong state and a request that could not complete a handshake, and gives the
// request.
func (h *Handle) upgradable(ctx context.Context, name string) (abi.Request, error) {
	if err := connectedTCP(h.Local); err != nil {
		return abi.Request{}, err
	}
	if name == "" {
		if err := h.consult(ctx); err != nil { // the policy may have a certificate for it
			return abi.Request{}, err
		}
	} else if err := checkHostname(value{option: abi.TLSRemoteHostname}, name); err != nil {
		return abi.Request{}, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.state != abi.Fresh {
		return abi.Request{}, fmt.Errorf("upgrade a socket that is a TLS socket already: %w", linux.EISCONN)
	}
	r := h.asked.request.Clone()
	if name == "" {
		return r, h.checkListen()
	}
	if r.RemoteHostname == "" {
		r.RemoteHostname = name
	}
	return r, checkKeys(r.Credentials)
}

// connectedTCP refuses a socket that cannot carry a handshake any more, or not yet.
func connectedTCP(tcp linux.FD) error {
	state, err := tcpState(tcp)
	if err == nil && state != tcpEstablished && state != tcpCloseWait {
		return fmt.Errorf("upgrade a TCP socket that is not connected, or has been shut down: %w", linux.ENOTCONN)
	}
	return err
}

// States of a TCP socket (include/net/tcp_states.h).
const (
	tcpEstablished = 1
	tcpClose       = 7
	tcpCloseWait   = 8
)

// tcpState is tcpi_state of struct tcp_info.
func tcpState(tcp linux.FD) (byte, error) {
	var b [1]byte
	if _, err := linux.Getsockopt(tcp, linux.SolTCP, tcpInfo, b[:]); err != nil {
		return 0, fmt.Errorf("read TCP_INFO: %w", err)
	}
	return b[0], nil
}

// attemptOn makes the attempt, and the socket's state with the program's new descriptor. h.Local is the TCP socket.
func (h *Handle) attemptOn(s *swap, r abi.Request, name string) (*attempt, error) {
	remote, err := peerName(h.Local)
	if err != nil {
		return nil, err
	}
	a := &attempt{
		socket: h.Socket, target: target{addr: remote}, done: make(chan struct{}), request: r, server: name == "",
		local: linux.NoFD, plain: linux.NoFD, task: h.Task, fd: h.FD, domain: h.domain, held: true, filler: s.filler,
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	cookie := h.cookie
	if err = h.table.add(h.Socket, s.local); err == nil {
		a.plain, s.far = s.far, linux.NoFD
		a.watch, err = h.table.hangups.watch(a.plain, a.cancel)
	}
	if err != nil {
		h.giveUp(a, cookie)
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.state, h.attempt, h.host, h.upgraded = abi.Connecting, a, name, true
	return a, nil
}

// giveUp undoes an attempt that has not begun.
func (h *Handle) giveUp(a *attempt, cookie uint64) {
	a.cancel()
	h.table.hangups.unwatch(a.plain, a.watch)
	a.plain.Close()
	h.table.unlist(h.Socket)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.cookie, h.state, h.attempt, h.upgraded = cookie, abi.Fresh, nil, false
}

// launch begins with the handshake. With err, what the program has can only fail, and so it does.
func (h *Handle) launch(a *attempt, err error) {
	network, e := h.seizeFile()
	if err = errors.Join(err, e); err != nil && network != nil {
		network.Close()
	}
	if err == nil {
		h.mu.Lock()
		a.network = network
		h.mu.Unlock()
	}
	h.table.work.Go(func() {
		if err == nil {
			a.run()
			return
		}
		a.settle(nil, err)
		a.cancel()
	})
}

func (h *Handle) seizeFile() (*os.File, error) {
	tcp, err := h.seize()
	if err != nil {
		return nil, err
	}
	return tcp.File("tcp")
}

// seize makes the TCP socket ours: no program has a descriptor of it any more.
func (h *Handle) seize() (linux.FD, error) {
	tcp, err := linux.DupCloexec(h.Local, 3)
	if err != nil {
		return linux.NoFD, err
	}
	nodelay, err := linux.GetsockoptInt(tcp, linux.SolTCP, linux.TCPNodelay)
	if err == nil {
		err = linux.SetsockoptInt(tcp, linux.SolTCP, linux.TCPNodelay, 1) // as newTCP says
	}
	if err == nil {
		err = linux.NoSignals(tcp)
	}
	if err == nil {
		err = linux.SetNonblocking(tcp)
	}
	if err != nil {
		tcp.Close()
		return linux.NoFD, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.options = record(h.options, recorded{linux.SolTCP, linux.TCPNodelay, integer(nodelay)})
	return tcp, nil
}

// Rejoin is for a program that asks for an upgrade again: it joins the attempt, as after a signal, or learns its result.
func (h *Handle) Rejoin() (a *Attempt, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.upgraded && h.state == abi.Connecting:
		return &Attempt{h.attempt}, nil
	case h.upgraded && h.state == abi.Connected && !h.told:
		h.told = true
		return nil, nil
	case h.upgraded && h.state == abi.Failed:
		return nil, h.refusal
	}
	return nil, fmt.Errorf("upgrade a TLS socket: %w", linux.EISCONN)
}

// Told notes that the program has learned of the result from the call that it waited in.
func (h *Handle) Told() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.told, h.pending = true, nil
}
