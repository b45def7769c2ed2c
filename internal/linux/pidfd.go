package linux

import "golang.org/x/sys/unix"

// PidfdOpen opens a process, or with thread also a thread that is no leader (PIDFD_THREAD, since Linux 6.9;
// EINVAL before).
func PidfdOpen(pid int, thread bool) (FD, error) {
	flags := 0
	if thread {
		flags = unix.O_EXCL
	}
	fd, err := unix.PidfdOpen(pid, flags)
	return FD(fd), err
}

// PidfdGetfd duplicates a descriptor of another process. The open file description is shared.
func PidfdGetfd(pidfd FD, fd int) (FD, error) {
	n, err := unix.PidfdGetfd(int(pidfd), fd, 0)
	return FD(n), err
}

// PidfdSendSignal sends a signal to the process behind a pidfd, never to one that reuses its number.
func PidfdSendSignal(pidfd FD, signal int) error {
	return unix.PidfdSendSignal(int(pidfd), unix.Signal(signal), nil, 0)
}
