package linux

import "golang.org/x/sys/unix"

// Directions for Shutdown.
const (
	ShutRd   = unix.SHUT_RD
	ShutWr   = unix.SHUT_WR
	ShutRdWr = unix.SHUT_RDWR
)

// Shutdown ends one or both directions of a connection (shutdown(2)).
func Shutdown(fd FD, how int) error { return unix.Shutdown(int(fd), how) }
