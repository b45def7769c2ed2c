package daemon

import (
	"context"
	"errors"
	"log/slog"
	"os"

	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/verify/pins"
)

// Examine makes a connection under the policy of this machine to see how its peer is judged. dial connects.
func Examine(ctx context.Context, dial func(context.Context) (socket.Dial, error)) (e service.Examination, end string, err error) {
	d, err := dial(ctx)
	if err != nil {
		return e, "", err
	}
	s, err := newEmbedded(SupervisorConfig{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return e, "", errors.Join(err, d.Network.Close())
	}
	e, end = s.Examine(ctx, d), s.RemedyEnd()
	return e, end, s.Close(ctx)
}

// StateDir is where ssad keeps what outlives it.
const StateDir = "/var/lib/ssad"

// KeptPins are the keys of first connections: those of ssad where this process may read them, else those of programs that
// this user runs without it. dir, if any, is another state directory.
func KeptPins(dir string) (*pins.Store, error) {
	if dir == "" {
		dir = StateDir
		if _, err := os.ReadDir(dir); err != nil {
			if dir, err = personalDir(); err != nil {
				return nil, err
			}
		}
	}
	return pins.NewStore(dir), nil
}
