package linux

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// Killpg sends SIGKILL to every process of a group (kill(2) with a negative process). A group that is gone
// is no error.
func Killpg(pgid int) error {
	if pgid <= 1 {
		return fmt.Errorf("kill process group %d: not a group of ours", pgid)
	}
	if err := unix.Kill(-pgid, unix.SIGKILL); err != nil && !errors.Is(err, unix.ESRCH) {
		return fmt.Errorf("kill process group %d: %w", pgid, err)
	}
	return nil
}
