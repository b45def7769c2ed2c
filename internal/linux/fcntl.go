package linux

import "golang.org/x/sys/unix"

// Nonblocking says whether O_NONBLOCK is set on the open file description (F_GETFL).
func Nonblocking(fd FD) (bool, error) {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	return flags&unix.O_NONBLOCK != 0, err
}

// DupCloexec duplicates fd to the lowest free number at or above min (F_DUPFD_CLOEXEC).
func DupCloexec(fd FD, min int) (FD, error) {
	n, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, min)
	return FD(n), err
}

// SetInheritable clears close-on-exec, so that the descriptor survives execve(2).
func SetInheritable(fd FD) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, 0)
	return err
}

// SetCloexec sets close-on-exec.
func SetCloexec(fd FD) error {
	_, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC)
	return err
}

// NoSignals takes O_ASYNC off the open file description: nobody gets SIGIO for it any more.
func NoSignals(fd FD) error {
	flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
	if err == nil && flags&unix.O_ASYNC != 0 {
		_, err = unix.FcntlInt(uintptr(fd), unix.F_SETFL, flags&^unix.O_ASYNC)
	}
	return err
}

// fionbio is FIONBIO (asm-generic/ioctls.h).
const fionbio = 0x5421

// SetNonblocking sets O_NONBLOCK on the open file description and leaves its other flags alone, in one call (ioctl(2)).
func SetNonblocking(fd FD) error { return unix.IoctlSetPointerInt(int(fd), fionbio, 1) }
