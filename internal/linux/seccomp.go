package linux

import (
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// What a filter answers (include/uapi/linux/seccomp.h).
const (
	SeccompAllow = unix.SECCOMP_RET_ALLOW
	SeccompNotif = unix.SECCOMP_RET_USER_NOTIF
	SeccompErrno = unix.SECCOMP_RET_ERRNO
)

// The layout of struct seccomp_data, which a filter reads.
const (
	SeccompDataNr   = 0
	SeccompDataArch = 4
	SeccompDataArgs = 16
)

// SeccompNotification is struct seccomp_notif.
type SeccompNotification struct {
	ID    uint64
	PID   uint32
	Flags uint32
	Nr    int32
	Arch  uint32
	IP    uint64
	Args  [6]uint64
}

type seccompResponse struct {
	id    uint64
	val   int64
	err   int32
	flags uint32
}

type seccompAddFD struct {
	id         uint64
	flags      uint32
	srcfd      uint32
	newfd      uint32
	newfdFlags uint32
}

// Seccomp installs a filter with a listener on the calling thread (SECCOMP_SET_MODE_FILTER). When the kernel
// knows it, a notification that was received is only interrupted by fatal signals
// (SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, since Linux 5.19).
func Seccomp(filter []bpf.RawInstruction) (FD, error) {
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: (*unix.SockFilter)(unsafe.Pointer(&filter[0]))}
	flags := uintptr(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER | unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
	fd, err := seccompFilter(flags, &prog)
	if err == EINVAL {
		fd, err = seccompFilter(unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, &prog)
	}
	runtime.KeepAlive(filter)
	return fd, err
}

func seccompFilter(flags uintptr, prog *unix.SockFprog) (FD, error) {
	fd, _, e := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(prog)))
	if e != 0 {
		return NoFD, e
	}
	return FD(fd), nil
}

// SeccompSyncWakeUp asks the kernel to hand the processor over with each notification
// (SECCOMP_IOCTL_NOTIF_SET_FLAGS, since Linux 6.6).
func SeccompSyncWakeUp(listener FD) error {
	_, _, e := unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, 1)
	return errnoErr(e)
}

// SeccompReceive waits for a notification (SECCOMP_IOCTL_NOTIF_RECV). ENOENT: the call went away meanwhile.
func SeccompReceive(listener FD, n *SeccompNotification) error {
	*n = SeccompNotification{}
	_, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(n)))
	return errnoErr(e)
}

// SeccompSend answers a call with a value or an errno (SECCOMP_IOCTL_NOTIF_SEND). ENOENT: the call went away.
func SeccompSend(listener FD, id uint64, val int64, errno Errno) error {
	return seccompSend(listener, &seccompResponse{id: id, val: val, err: -int32(errno)})
}

// SeccompContinue lets the kernel carry the call out as if there were no filter.
func SeccompContinue(listener FD, id uint64) error {
	return seccompSend(listener, &seccompResponse{id: id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
}

func seccompSend(listener FD, r *seccompResponse) error {
	return errnoErr(seccompIoctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(r)))
}

// seccompIoctl begins again when a signal to this thread, such as that by which Go preempts goroutines, has
// interrupted the wait for the filter's lock: nothing has been done then.
func seccompIoctl(listener FD, request uintptr, arg unsafe.Pointer) Errno {
	for {
		_, _, e := unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), request, uintptr(arg))
		if e != EINTR {
			return e
		}
	}
}

// SeccompValid says whether the call still waits for its answer (SECCOMP_IOCTL_NOTIF_ID_VALID).
func SeccompValid(listener FD, id uint64) bool {
	return seccompIoctl(listener, unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&id)) == 0
}

// SeccompAddFD installs a duplicate of fd in the caller and answers the call with its number, in one step
// (SECCOMP_ADDFD_FLAG_SEND, since Linux 5.14). Call it with all signals blocked: a signal in the middle makes
// kernels before 7 answer with descriptor 0.
func SeccompAddFD(listener FD, id uint64, fd FD, cloexec bool) error {
	a := seccompAddFD{id: id, flags: unix.SECCOMP_ADDFD_FLAG_SEND, srcfd: uint32(fd)}
	if cloexec {
		a.newfdFlags = unix.O_CLOEXEC
	}
	_, _, e := unix.RawSyscall(unix.SYS_IOCTL, uintptr(listener), unix.SECCOMP_IOCTL_NOTIF_ADDFD, uintptr(unsafe.Pointer(&a)))
	return errnoErr(e)
}

// SeccompSetFD puts a duplicate of fd in the place of a descriptor of the caller's, as dup3(2) would
// (SECCOMP_ADDFD_FLAG_SETFD, since Linux 5.9). The call still waits for its answer.
func SeccompSetFD(listener FD, id uint64, fd FD, at Descriptor) error {
	a := seccompAddFD{id: id, flags: unix.SECCOMP_ADDFD_FLAG_SETFD, srcfd: uint32(fd), newfd: uint32(at.Number)}
	if at.Cloexec {
		a.newfdFlags = unix.O_CLOEXEC
	}
	return errnoErr(seccompIoctl(listener, unix.SECCOMP_IOCTL_NOTIF_ADDFD, unsafe.Pointer(&a)))
}

func errnoErr(e Errno) error {
	if e == 0 {
		return nil
	}
	return e
}
