package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// EpollReady is one event of an epoll instance.
type EpollReady unix.EpollEvent

// Data is what the descriptor was registered with.
func (r *EpollReady) Data() uint64 { return uint64(uint32(r.Pad))<<32 | uint64(uint32(r.Fd)) }

// EpollWaitFor waits up to timeout milliseconds, -1 without end, and puts the events there are into list (epoll_wait(2)).
func EpollWaitFor(epoll FD, list []EpollReady, timeout int) (int, error) {
	for {
		n, _, e := unix.Syscall6(unix.SYS_EPOLL_PWAIT, uintptr(epoll), uintptr(unsafe.Pointer(&list[0])), uintptr(len(list)),
			uintptr(timeout), 0, 0)
		if e == 0 {
			return int(n), nil
		}
		if e != EINTR {
			return 0, errnoErr(e)
		}
	}
}

// EpollChange changes the events of a registration (EPOLL_CTL_MOD). Those that hold already are reported.
func EpollChange(epoll, fd FD, events uint32, data uint64) error {
	e := epollEvent(events, data)
	return unix.EpollCtl(int(epoll), unix.EPOLL_CTL_MOD, int(fd), &e)
}

// EpollRemove ends a registration (EPOLL_CTL_DEL).
func EpollRemove(epoll, fd FD) error {
	return unix.EpollCtl(int(epoll), unix.EPOLL_CTL_DEL, int(fd), nil)
}

// Yield lets another thread run that waits for this processor (sched_yield(2)).
func Yield() { _, _, _ = unix.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
