package daemon

import (
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/securesocketapi/ssa/internal/config"
	"github.com/securesocketapi/ssa/internal/engine"
	"github.com/securesocketapi/ssa/internal/policy"
)

// PolicyOptions are those for reading the policy of this machine.
func PolicyOptions() config.Options { return config.System(engine.Caps(), time.Now()) }

// loadPolicy reads the policy of this machine. One that is not right in all its parts is not used in any.
//
// On a machine without one, whoever runs an embedded service may name another trust store in SSL_CERT_FILE, as for other
// TLS libraries: the service is a process of the same user, who could as well run the program without it. ssad and a
// policy say whom to trust by trust_store alone. nil is the system's.
func loadPolicy(logger *slog.Logger) (inForce *policy.Policy, trustStores []string, err error) {
	r, err := readPolicy(logger)
	if err != nil {
		return nil, nil, err
	}
	if file := os.Getenv("SSL_CERT_FILE"); file != "" && len(r.Files) == 0 {
		trustStores = []string{file}
	}
	return r.Policy, trustStores, nil
}

// readPolicy reads it and logs what is wrong with it.
func readPolicy(logger *slog.Logger) (config.Result, error) {
	r := config.Load(PolicyOptions())
	for _, p := range r.Problems {
		logger.Warn("policy", "problem", p)
	}
	if err := r.Err(); err != nil {
		return r, fmt.Errorf("the policy of this machine cannot be used, see ssa policy check:\n%w", err)
	}
	return r, nil
}
