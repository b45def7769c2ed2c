package linux

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// KernelVersion gives the first two numbers of the running kernel's release (uname(2)).
func KernelVersion() (major, minor int, err error) {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return 0, 0, fmt.Errorf("uname: %w", err)
	}
	release := unix.ByteSliceToString(u.Release[:])
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		return 0, 0, fmt.Errorf("read kernel release %q: %w", release, err)
	}
	return major, minor, nil
}
