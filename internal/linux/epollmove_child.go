package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// moveInChild makes the child and gives its number. The child ends with the first error as its status.
//
// Between fork and exit the child may not allocate, grow its stack, or be preempted, and write to nothing that the parent
// reads afterwards: see vfork.
//
//go:norace
//go:noinline
func moveInChild(w *moving) (pid int, errno Errno) {
	n := int(vfork())
	if n < 0 {
		return 0, Errno(-n)
	}
	if n > 0 {
		return n, 0
	}
	var none unix.EpollEvent
	status := uintptr(0)
	for i := range w.list {
		m := &w.list[i]
		_, _, e := unix.RawSyscall(unix.SYS_DUP3, w.from, m.number, 0)
		if e == 0 {
			_, _, e = unix.RawSyscall6(unix.SYS_EPOLL_CTL, m.epoll, unix.EPOLL_CTL_DEL, m.number, uintptr(unsafe.Pointer(&none)), 0, 0)
		}
		if e == unix.ENOENT {
			continue
		}
		if e == 0 {
			_, _, e = unix.RawSyscall(unix.SYS_DUP3, w.to, m.number, 0)
		}
		if e == 0 {
			_, _, e = unix.RawSyscall6(unix.SYS_EPOLL_CTL, m.epoll, unix.EPOLL_CTL_ADD, m.number, uintptr(unsafe.Pointer(&m.event)), 0, 0)
		}
		if e != 0 && status == 0 {
			status = uintptr(e)
		}
	}
	for {
		_, _, _ = unix.RawSyscall(unix.SYS_EXIT_GROUP, status, 0, 0)
	}
}
