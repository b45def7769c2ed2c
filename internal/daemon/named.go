package daemon

import (
	"log/slog"
	"sync"
	"time"

	"github.com/securesocketapi/ssa/internal/policy"
)

// namedPause is how long the policy is not read again for a file that it does not name.
const namedPause = time.Second

// named knows the files that the policy of this machine names. It reads the policy by itself, and again when it is asked
// for a file that it does not find there.
type named struct {
	log *slog.Logger

	mu      sync.Mutex
	inForce *policy.Policy
	read    time.Time
}

// file says whether the policy names a file. One that the policy has ceased to name may be found until it is read again.
func (n *named) file(path string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.inForce != nil && n.inForce.Names(path) {
		return true
	}
	if time.Since(n.read) < namedPause {
		return false
	}
	n.read = time.Now()
	inForce, _, err := loadPolicy(n.log)
	if err != nil {
		return false
	}
	n.inForce = inForce
	return inForce.Names(path)
}
