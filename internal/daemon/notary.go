package daemon

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"

	"github.com/landlock-lsm/go-landlock/landlock"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/notaryd"
	"github.com/securesocketapi/ssa/internal/policy"
)

// NotaryConfig is what a notary is made of.
type NotaryConfig struct {
	// Listen is the address it listens at.
	Listen string
	// Chain and Key are PEM files.
	Chain, Key string
	// Allow are the addresses of the inside that it looks at too.
	Allow  []netip.Prefix
	Logger *slog.Logger
	// Ready gets the address and the key by which the notary is known, once it listens.
	Ready func(address string, key policy.Pin) error
}

// RunNotary is a notary, until ctx ends. It keeps no file and may read but not write any.
func RunNotary(ctx context.Context, c NotaryConfig) error {
	if err := linux.NotDumpable(); err != nil {
		return err
	}
	chain, err := os.ReadFile(c.Chain)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(c.Key)
	if err != nil {
		return err
	}
	plain, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	l, leaf, err := engine.Listener(plain, chain, key)
	if err != nil {
		return errors.Join(fmt.Errorf("%s and %s: %w", c.Chain, c.Key, err), plain.Close())
	}
	if err := landlock.V6.BestEffort().RestrictPaths(landlock.PathAccess(read, "/")); err != nil {
		return errors.Join(fmt.Errorf("confine the process: %w", err), l.Close())
	}
	if err := c.Ready(plain.Addr().String(), engine.PinOf(leaf)); err != nil {
		return errors.Join(err, l.Close())
	}
	return notaryd.New(notaryd.Config{Allow: c.Allow, Logger: c.Logger}).Serve(ctx, l)
}
