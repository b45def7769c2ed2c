package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
	"github.com/securesocketapi/ssa/internal/sealed"
)

// keptSessions are the stores of sessions that outlive the service; nil when these are kept in memory only.
//
// The process that faces the network holds their key. It has the secrets of sessions in its memory in any case, and
// could ask another process to open every file it can name: to hold the key elsewhere would keep nothing from whoever
// has taken it over. The files are of no use without the key, which is in the state directory: not to whoever gets hold
// of a copy of one of the two.
type keptSessions struct {
	path             string
	clients, tickets *sealed.Store
}

func sessionLocation(p *policy.Policy) string { return p.Global(time.Now()).SessionLocation }

// openSessions opens the stores where the policy wants them. It makes their directory, which has to be in one that this
// user can write to.
func openSessions(stateDir string, p *policy.Policy, log *slog.Logger) (*keptSessions, error) {
	k := &keptSessions{path: sessionLocation(p)}
	if k.path == "" {
		return nil, nil //nolint:nilnil // in memory
	}
	key, err := stateKey(stateDir, sessionKey)
	if err != nil {
		return nil, err
	}
	open := func(name string, max int) *sealed.Store {
		if err != nil {
			return nil
		}
		var s *sealed.Store
		s, err = sealed.Open(sealed.Config{Path: filepath.Join(k.path, name), Key: key, Max: max, Logger: log})
		return s
	}
	k.clients = open("clients", p.Global(time.Now()).Limits.Sessions)
	k.tickets = open("tickets", engine.RingsMax)
	if err != nil {
		return nil, fmt.Errorf("session_cache.location = %q: %w; use a directory in %s, or make one and give it to this user", k.path, err, stateDir)
	}
	return k, nil
}

// location is the directory, or empty.
func (k *keptSessions) location() string {
	if k == nil {
		return ""
	}
	return k.path
}

// directories are those the stores write to.
func (k *keptSessions) directories() []string {
	if k == nil {
		return nil
	}
	return []string{k.path}
}

func (k *keptSessions) clientStore() engine.Store {
	if k == nil {
		return nil
	}
	return k.clients
}

func (k *keptSessions) ticketStore() engine.Store {
	if k == nil {
		return nil
	}
	return k.tickets
}

// expirePause is how often files of sessions are looked through for those that have ended.
const expirePause = time.Minute

// expire removes what has ended, until ctx is done.
func (k *keptSessions) expire(ctx context.Context) {
	if k == nil {
		return
	}
	tick := time.NewTicker(expirePause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			k.clients.Expire()
			k.tickets.Expire()
		}
	}
}
