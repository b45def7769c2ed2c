package daemon

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
)

// PolicyOptions are those for reading the policy of this machine.
func PolicyOptions() config.Options { return config.System(engine.Caps(), time.Now()) }

// loadPolicy reads the policy of this machine. One that is not right in all its parts is not used in any.
func loadPolicy(log *slog.Logger) (*policy.Policy, error) {
	r := config.Load(PolicyOptions())
	for _, p := range r.Problems {
		log.Warn("policy", "problem", p)
	}
	if err := r.Err(); err != nil {
		return nil, fmt.Errorf("the policy of this machine cannot be used, see ssa policy check:\n%w", err)
	}
	return r.Policy, nil
}
