package launch

import (
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Process is what one of our processes is told by the one that started it.
type Process struct {
	// Control is the socket to it.
	Control linux.FD
	// Front is the process that was started by the user.
	Front   int
	Signals Signals
	// Slack is by how much timers of the program may be late.
	Slack   time.Duration
	Command []string
	// Wrapping says that plain connections of the program may have to become TLS.
	Wrapping bool
}
