package daemon

import (
	"context"
	"fmt"
	"time"

	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/wire"
)

// Mode says who does TLS for a supervised tree.
type Mode string

// The modes.
const (
	// Auto is ssad where it answers, else Embedded.
	Auto Mode = "auto"
	// Require is ssad. Without it nothing is run.
	Require Mode = "require"
	// Embedded is the supervisor itself.
	Embedded Mode = "embedded"
)

// Modes lists them.
func Modes() []Mode { return []Mode{Auto, Require, Embedded} }

// tlsService is a service that the supervisor ends.
type tlsService interface {
	socket.Service
	// Close waits for what is established to end, and cuts off what is left when ctx is done.
	Close(ctx context.Context) error
}

// socketsMax bounds the TLS sockets of a tree that ssad serves; ssad has bounds of its own.
const socketsMax = 1 << 16

// findTime bounds how long to look for ssad, which may just be starting.
const findTime = 5 * time.Second

// service finds or makes the service. sockets bounds the TLS sockets of the tree.
func (c SupervisorConfig) service() (svc tlsService, sockets int, err error) {
	if c.Service == Embedded {
		return c.embedded()
	}
	ctx, cancel := context.WithTimeout(context.Background(), findTime)
	defer cancel()
	client, err := wire.Dial(ctx, wire.ClientConfig{Path: c.Socket, Wait: wire.DefaultWait, Logger: c.Logger})
	switch {
	case err == nil:
		if c.Audit != "" {
			c.Logger.Warn("ssad serves this program and keeps the records itself, see ssa audit", "not written", c.Audit)
		}
		return client, socketsMax, nil
	case c.Service == Require:
		return nil, 0, fmt.Errorf("the TLS service of this machine does not answer: %w\nhint: start it (systemctl start ssad.socket), or use --service=embedded", err)
	}
	c.Logger.Info("no TLS service of the machine; it is embedded", "reason", err)
	return c.embedded()
}

func (c SupervisorConfig) embedded() (tlsService, int, error) {
	e, err := newEmbedded(c)
	if err != nil {
		return nil, 0, err
	}
	return e, e.sockets(), nil
}
