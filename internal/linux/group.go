package linux

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// Leashed is a process that leads a group of its own and is killed when the thread that starts it ends
// (PR_SET_PDEATHSIG).
func Leashed() *ProcAttr { return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: unix.SIGKILL} }

// LeashedAs is Leashed for another user, in no group but his own.
func LeashedAs(uid, gid int) *ProcAttr {
	a := Leashed()
	a.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return a
}

// WaitEnded waits until a child has ended and leaves it there, so that its number still is its own (waitid(2), WNOWAIT).
func WaitEnded(pid int) error {
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
