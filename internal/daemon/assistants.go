package daemon

import (
	"context"
	"errors"
	"log/slog"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/keys/agent"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/witness"
)

// RunKeys is the process that holds private keys. It may read any file and write none.
func RunKeys(ctx context.Context, log *slog.Logger) error {
	if err := linux.NotDumpable(); err != nil {
		return err
	}
	if err := confine(log); err != nil {
		return err
	}
	files := &named{log: log}
	return agent.Serve(ctx, firstFD, agent.Config{Open: config.Open, Named: files.file})
}

// RunWitness is the process that says who programs are. Landlock would keep it from that: a confined process sees
// nothing of others.
func RunWitness(ctx context.Context) error {
	if err := errors.Join(linux.NotDumpable(), linux.NoNewPrivs()); err != nil {
		return err
	}
	return witness.Serve(ctx, firstFD)
}
