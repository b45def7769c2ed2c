package daemon

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/verify/plugin/trial"
)

// TryPlugin runs a plugin as the service would, and puts it through what it will meet. What it keeps is thrown away.
func TryPlugin(ctx context.Context, p policy.Plugin, log *slog.Logger) (results []trial.Result, err error) {
	dir, err := os.MkdirTemp("", "ssa-plugin-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	running, err := chambers{log: log, stateDir: dir}.plugin(p)
	if err != nil {
		return nil, err
	}
	results, err = trial.Run(ctx, running.judge)
	return results, errors.Join(err, running.Close())
}
