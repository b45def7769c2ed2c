package launch

import (
	"errors"
	"runtime"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Slack is by how much timers of a process that serves others may be late. Go's monitor thread wakes 20 µs after it went to
// sleep as long as there is something to do, which by Linux's own slack of 50 µs is a sixth of what connections cost. Nothing
// that it does is as urgent here: the threads that wait in system calls are those of event loops, and each of them has
// brought a P of Go's scheduler along.
const Slack = time.Millisecond

// WithSlack runs start, which starts a process, with the slack that process is to have.
func WithSlack(slack time.Duration, start func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	own, err := linux.TimerSlack()
	if err != nil || linux.SetTimerSlack(slack) != nil {
		return start() // somebody forbids it: it only costs processor time
	}
	return errors.Join(start(), linux.SetTimerSlack(own))
}
