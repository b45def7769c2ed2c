package linux

import (
	"errors"

	"golang.org/x/sys/unix"
)

// WaitStatus is what wait4(2) says of a child.
type WaitStatus = unix.WaitStatus

// Wait4 waits for any child to end, stop or go on. ECHILD: there is none.
func Wait4() (int, WaitStatus, error) {
	var status unix.WaitStatus
	for {
		pid, err := unix.Wait4(-1, &status, unix.WUNTRACED|unix.WCONTINUED, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return pid, status, err
	}
}

// NoChild says whether wait4(2) found no child to wait for.
func NoChild(err error) bool { return errors.Is(err, unix.ECHILD) }
