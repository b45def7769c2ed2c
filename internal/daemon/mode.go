package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/judges"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/verify/judge"
	"github.com/securesocketapi/ssa/internal/verify/pins"
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
		return embedded(c.Logger)
	}
	ctx, cancel := context.WithTimeout(context.Background(), findTime)
	defer cancel()
	client, err := wire.Dial(ctx, wire.ClientConfig{Path: c.Socket, Wait: wire.DefaultWait, Logger: c.Logger})
	switch {
	case err == nil:
		return client, socketsMax, nil
	case c.Service == Require:
		return nil, 0, fmt.Errorf("the TLS service of this machine does not answer: %w\nhint: start it (systemctl start ssad.socket), or use --service=embedded", err)
	}
	c.Logger.Info("no TLS service of the machine; it is embedded", "reason", err)
	return embedded(c.Logger)
}

// embedded makes a service in this process, under the policy of this machine.
func embedded(logger *slog.Logger) (tlsService, int, error) {
	inForce, trustStores, err := loadPolicy(logger)
	if err != nil {
		return nil, 0, err
	}
	c := chambers{log: logger}
	var kept *pins.Store
	if dir, err := personalDir(); err != nil {
		logger.Warn("there is no place for what outlives this run", "error", err)
	} else {
		c.stateDir, kept = dir, pins.NewStore(dir)
	}
	bench, err := c.bench(inForce)
	if err != nil {
		return nil, 0, err
	}
	if where := sessionLocation(inForce); where != "" {
		logger.Info("sessions are kept in memory: session_cache.location is for ssad", "location", where)
	}
	svc := service.New(service.Config{
		Logger: logger, Policy: func() *policy.Policy { return inForce }, Open: config.Open, TrustStores: trustStores,
		Judge: func(name string) judge.Judge { return bench[name] }, Kept: kept,
	})
	return &ownService{svc, bench}, inForce.Global(time.Now()).Limits.Sockets, nil
}

// ownService is an embedded service with its judges.
type ownService struct {
	*service.Service
	bench judges.Bench
}

// Close ends both.
func (s *ownService) Close(ctx context.Context) error {
	defer s.bench.Close()
	return s.Service.Close(ctx)
}
