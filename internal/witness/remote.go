package witness

import (
	"context"
	"fmt"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/wire"
)

// The methods of the process.
const (
	methodSupervisor = "supervisor"
	methodProgram    = "program"
)

// Serve is the process: it answers the service at the other end of fd until that ends.
func Serve(ctx context.Context, fd linux.FD) error { return rpc.Serve(ctx, fd, answer) }

func answer(ctx context.Context, c *rpc.Call) (any, error) {
	pidfd := c.FD()
	defer func() { _ = pidfd.Close() }()
	switch c.Method {
	case methodSupervisor:
		var cred linux.PeerCred
		if err := c.Decode(&cred); err != nil {
			return nil, err
		}
		return Local{}.Supervisor(ctx, cred, pidfd)
	case methodProgram:
		var s wire.Supervisor
		if err := c.Decode(&s); err != nil {
			return nil, err
		}
		return Local{}.Program(ctx, s, pidfd)
	}
	return nil, fmt.Errorf("there is no method %.40q", c.Method)
}

// A Client asks the process.
type Client struct{ calls *rpc.Client }

var _ wire.Witness = Client{}

// NewClient makes a client of calls to the process.
func NewClient(calls *rpc.Client) Client { return Client{calls} }

// Supervisor implements wire.Witness.
func (c Client) Supervisor(ctx context.Context, cred linux.PeerCred, pidfd linux.FD) (s wire.Supervisor, err error) {
	var fds []linux.FD
	if pidfd != linux.NoFD {
		fds = append(fds, pidfd)
	}
	err = c.calls.Call(ctx, rpc.Request{Method: methodSupervisor, In: cred, FDs: fds}, &s)
	return s, err
}

// Program implements wire.Witness.
func (c Client) Program(ctx context.Context, s wire.Supervisor, pidfd linux.FD) (app socket.App, err error) {
	err = c.calls.Call(ctx, rpc.Request{Method: methodProgram, In: s, FDs: []linux.FD{pidfd}}, &app)
	return app, err
}
