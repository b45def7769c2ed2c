package linux

import "golang.org/x/sys/unix"

// Resources of setrlimit(2).
const (
	RlimitCore   = unix.RLIMIT_CORE
	RlimitData   = unix.RLIMIT_DATA
	RlimitFsize  = unix.RLIMIT_FSIZE
	RlimitNofile = unix.RLIMIT_NOFILE
)

// Limit lowers a resource of this process, for good, to at most max; a lower limit stays (setrlimit(2)).
func Limit(resource int, max uint64) error {
	var l unix.Rlimit
	if err := unix.Getrlimit(resource, &l); err != nil {
		return err
	}
	l.Max = min(l.Max, max)
	l.Cur = l.Max
	return unix.Setrlimit(resource, &l)
}

// CloexecFrom makes every descriptor from first on close-on-exec (close_range(2), since Linux 5.11).
func CloexecFrom(first FD) error {
	return unix.CloseRange(uint(first), ^uint(0)>>1, unix.CLOSE_RANGE_CLOEXEC)
}
