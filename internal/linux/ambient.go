package linux

import (
	"golang.org/x/sys/unix"
)

// Capabilities of capabilities(7).
const (
	// CapDACReadSearch is reading files whatever their mode.
	CapDACReadSearch = unix.CAP_DAC_READ_SEARCH
	// CapSysPtrace is reading what /proc says of other users' processes.
	CapSysPtrace = unix.CAP_SYS_PTRACE
)

// ClearAmbient takes the ambient capabilities from the calling thread, which must be locked: a program it starts has none
// but what it is given (PR_CAP_AMBIENT, capabilities(7)).
func ClearAmbient() error {
	return unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
}
