package linux

import (
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// Signal is a signal number.
type Signal = unix.Signal

// Signals that other packages name.
const (
	SIGKILL  = unix.SIGKILL
	SIGSTOP  = unix.SIGSTOP
	SIGTSTP  = unix.SIGTSTP
	SIGCONT  = unix.SIGCONT
	SIGCHLD  = unix.SIGCHLD
	SIGURG   = unix.SIGURG
	SIGPIPE  = unix.SIGPIPE
	SIGTERM  = unix.SIGTERM
	SIGTTOU  = unix.SIGTTOU
	lastRT   = 64
	firstRT  = 34
	lastUnix = 31
)

// Kill sends a signal to a process.
func Kill(pid int, s Signal) error { return unix.Kill(pid, s) }

// Forwardable lists the signals somebody may send to a program, but for those Go's own runtime uses and the
// two that cannot be caught.
func Forwardable() []os.Signal {
	kept := []Signal{
		SIGKILL, SIGSTOP, SIGCHLD, SIGURG, SIGPIPE, unix.SIGPROF, unix.SIGSEGV, unix.SIGBUS, unix.SIGFPE, unix.SIGILL,
	}
	var list []os.Signal
	for n := 1; n <= lastRT; n++ {
		if n > lastUnix && n < firstRT {
			continue
		}
		if s := Signal(n); !slices.Contains(kept, s) {
			list = append(list, s)
		}
	}
	return list
}

// NoCore keeps this process from leaving a core file (RLIMIT_CORE).
func NoCore() error { return unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}) }
