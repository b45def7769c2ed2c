package linux

import (
	"time"

	"golang.org/x/sys/unix"
)

// TimerSlack is by how much timers of the calling thread may be late (PR_GET_TIMERSLACK, prctl(2)).
func TimerSlack() (time.Duration, error) {
	ns, err := unix.PrctlRetInt(unix.PR_GET_TIMERSLACK, 0, 0, 0, 0)
	return time.Duration(ns), err
}

// SetTimerSlack sets it for the calling thread, which must be locked, and for the threads and processes it makes. 0 is
// what the thread was made with.
func SetTimerSlack(slack time.Duration) error {
	return unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(slack), 0, 0, 0)
}
