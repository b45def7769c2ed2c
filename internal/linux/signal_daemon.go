package linux

import "golang.org/x/sys/unix"

// Signals that daemons are told things with.
const (
	SIGHUP  = unix.SIGHUP
	SIGINT  = unix.SIGINT
	SIGUSR2 = unix.SIGUSR2
)
