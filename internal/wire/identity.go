package wire

import (
	"context"
	"errors"
	"fmt"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// identity is what the service has said of a program, once done is closed.
type identity struct {
	done chan struct{}
	who  credential
	err  error
}

// knownMax bounds the programs whose identity is kept.
const knownMax = 4096

// Introduce has the service establish who a program is while that is making a socket, so that it is known also when the
// process that made the socket has ended. It does not wait.
func (c *Client) Introduce(app socket.App) {
	if _, fresh := c.identity(app); fresh != nil {
		c.meet(app, fresh)
	}
}

// meet has an entry filled.
func (c *Client) meet(app socket.App, fresh *identity) {
	pidfd, err := linux.PidfdOpen(app.PID, false)
	if err == nil && c.begin(func() { c.identify(app, fresh, pidfd) }) {
		return
	}
	_ = pidfd.Close()
	c.identified(app, fresh, credential{}, unseen(app, err))
}

func unseen(app socket.App, err error) error {
	if err == nil {
		return errEnding
	}
	return abi.Failf(abi.Forbidden, "tell the TLS service who process %d (%s) is: %w", app.PID, app.Exe, err)
}

// claimed makes a call for a program with the proof of who it is. A service that no longer knows its proofs is asked for
// a new one.
func (c *Client) claimed(ctx context.Context, app socket.App, call func(credential) error) error {
	who, err := c.credential(ctx, app)
	if err != nil {
		return err
	}
	err = call(who)
	if !errors.Is(err, linux.ESTALE) {
		return err
	}
	c.forget(app)
	if who, err = c.credential(ctx, app); err != nil {
		return err
	}
	return call(who)
}

func (c *Client) credential(ctx context.Context, app socket.App) (credential, error) {
	id, fresh := c.identity(app)
	if fresh != nil {
		c.meet(app, fresh)
	}
	select {
	case <-id.done:
		return id.who, id.err
	case <-ctx.Done():
		return credential{}, context.Cause(ctx)
	}
}

// identity is the entry of a program; fresh when the caller is to fill it.
func (c *Client) identity(app socket.App) (id, fresh *identity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if id := c.known[app]; id != nil {
		return id, nil
	}
	if len(c.known) >= knownMax {
		clear(c.known)
	}
	id = &identity{done: make(chan struct{})}
	c.known[app] = id
	return id, id
}

func (c *Client) forget(app socket.App) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, app)
}

// identify asks the service. It owns pidfd.
func (c *Client) identify(app socket.App, id *identity, pidfd linux.FD) {
	defer pidfd.Close()
	var who credential
	err := c.again(c.ctx, func(s *session) error {
		dup, err := linux.DupCloexec(pidfd, 3)
		if err != nil {
			return fmt.Errorf("duplicate a pidfd: %w", err)
		}
		return s.call(c.ctx, message{kind: identify, fds: []linux.FD{dup}}, func(m *incoming) error {
			b, err := m.payload()
			if err != nil {
				return err
			}
			d := decoder{rest: b}
			who = d.credential()
			return d.finish()
		})
	})
	c.identified(app, id, who, err)
}

// identified fills an entry. A failure is told to who waits and not kept.
func (c *Client) identified(app socket.App, id *identity, who credential, err error) {
	id.who, id.err = who, err
	if err != nil {
		c.mu.Lock()
		if c.known[app] == id {
			delete(c.known, app)
		}
		c.mu.Unlock()
	}
	close(id.done)
}
