package socket

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// attempt is a connect under way. It owns what it holds until it settles.
type attempt struct {
	socket *Socket
	target target
	// What the socket and the task were when the call was made. There is no id where nothing is opened any more.
	id      *linux.Identity
	request abi.Request
	// server is whether the handshake is the server's, on a socket that the program has accepted.
	server  bool
	options []recorded
	bound   []byte
	domain  int
	files   files
	task    Task
	fd      int

	ctx    context.Context
	cancel context.CancelFunc
	// network is the connecting TCP socket; nil when a name is to be resolved first.
	network *os.File

	// done is closed after err is set.
	done chan struct{}
	err  error

	// turn orders holding and settling.
	turn sync.Mutex
	// local is the program's end as long as it is not held.
	local linux.FD
	// plain is our end, with filler bytes in it while the socket is held. watch is then that of the program's closing it.
	plain  linux.FD
	watch  uint64
	filler int
	held   bool
}

func (a *attempt) run() {
	conn, err := a.connect()
	a.settle(conn, err)
	a.cancel()
	a.id.Close()
}

// connect waits for TCP and asks the service for the handshake.
func (a *attempt) connect() (Conn, error) {
	network, err := a.establish()
	if err != nil {
		return nil, err
	}
	var remote netip.AddrPort
	err = linux.Control(network, func(fd linux.FD) (err error) {
		remote, err = peerName(fd)
		return err
	})
	if err != nil {
		network.Close()
		return nil, fmt.Errorf("connect to %v: %w", a.target, err)
	}
	if !remote.IsValid() {
		remote = a.target.addr // the peer has reset the connection already
	}
	return a.socket.table.service.Connect(a.ctx, Dial{
		App: a.socket.app.Value(), Request: a.request, Server: a.server, Network: network, Remote: remote, ID: a.socket.id,
	})
}

func (a *attempt) establish() (*os.File, error) {
	network, err := a.network, error(nil)
	if a.target.name != "" {
		network, err = a.raceName()
	} else if err = waitTCP(a.ctx, network); err != nil {
		network.Close()
	}
	if f := (*abi.Failure)(nil); err == nil || errors.As(err, &f) {
		return network, err
	}
	return nil, fmt.Errorf("connect to %v: %w", a.target, err)
}

// waitTCP waits until a TCP connect has ended and returns what became of it.
func waitTCP(ctx context.Context, f *os.File) error {
	stop := context.AfterFunc(ctx, func() { f.SetDeadline(time.Unix(1, 0)) })
	var result error
	err := linux.WaitWrite(f, func(fd linux.FD) bool {
		if events, err := linux.Poll(fd, linux.PollOut, 0); err == nil && events == 0 {
			return false
		}
		var e int
		if e, result = linux.GetsockoptInt(fd, linux.SolSocket, linux.SoError); result == nil && e != 0 {
			result = linux.Errno(e)
		}
		return true
	})
	if !stop() {
		return context.Cause(ctx)
	}
	return cmp.Or(err, result)
}

// peerName is the address at the other end; it is not valid on a socket that is not connected.
func peerName(fd linux.FD) (netip.AddrPort, error) {
	raw, err := linux.Getpeername(fd)
	if err != nil && !errors.Is(err, linux.ENOTCONN) {
		return netip.AddrPort{}, err
	}
	remote, _ := ParseInet(raw)
	return remote, nil
}

func localName(fd linux.FD) (netip.AddrPort, error) {
	raw, err := linux.Getsockname(fd)
	local, _ := ParseInet(raw)
	return local, err
}

// Hold makes the program's socket look connecting, for a caller that does not wait for the attempt. It is not
// held when the attempt has settled before: the caller has its result.
func (h *Handle) Hold(at Attempt) (held bool, err error) {
	a := at.attempt
	a.turn.Lock()
	defer a.turn.Unlock()
	if a.local == linux.NoFD {
		return a.held, nil
	}
	plain, err := h.table.hub.pair(a.local)
	if err == nil {
		a.filler, err = fill(a.local)
	}
	if err == nil {
		a.watch, err = h.table.hangups.watch(plain, a.cancel)
	}
	if err != nil {
		a.cancel()
		plain.Close()
		return false, err
	}
	a.local.Close()
	a.local, a.plain, a.held = linux.NoFD, plain, true
	a.socket.tighten()
	return true, nil
}

// settle ends the attempt. The socket's state changes before the program's end becomes writable.
func (a *attempt) settle(conn Conn, err error) {
	a.turn.Lock()
	defer a.turn.Unlock()
	defer close(a.done)
	if err != nil {
		a.fail(err)
		return
	}
	a.socket.connected(conn, !a.held)
	if err := a.attach(); err != nil {
		conn.Abort()
		a.fail(err)
		return
	}
	a.socket.forget()
	conn.Start(a.plain, a.filler)
	conn.AfterEnd(a.socket.loosen)
}

// attach makes sure that the program's end is connected to ours and has its working buffer.
func (a *attempt) attach() (err error) {
	if a.held {
		a.socket.table.hangups.unwatch(a.plain, a.watch)
		if a.ctx.Err() != nil || linux.HungUp(a.plain) {
			return linux.ECONNRESET // the program has closed the socket
		}
		a.widenAgain()
		return nil
	}
	defer func() {
		a.local.Close()
		a.local = linux.NoFD
	}()
	if a.plain, err = a.socket.table.hub.pair(a.local); err != nil {
		return err
	}
	a.filler = 1
	widen(a.local)
	a.socket.tighten()
	return mark(a.local)
}

// widenAgain finds the program's descriptor once more. When the program has moved it meanwhile, its buffer
// stays at the minimum, which is slow and correct.
func (a *attempt) widenAgain() {
	local, err := a.task.Descriptor(a.fd)
	if err != nil {
		return
	}
	defer local.Close()
	if cookie, err := linux.SocketCookie(local); err == nil && cookie == a.socket.cookie {
		widen(local)
	}
}

// fail gives a socket that is not held back for another connect; a held one has become an error.
func (a *attempt) fail(err error) {
	a.err = err
	a.local.Close()
	a.local = linux.NoFD
	a.socket.failed(err, a.held)
	if a.plain == linux.NoFD {
		return
	}
	a.socket.table.hangups.unwatch(a.plain, a.watch)
	a.plain.Close()
	a.socket.loosen()
}
