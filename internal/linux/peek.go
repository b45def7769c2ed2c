package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Peek reads without blocking and leaves what it read in the receive queue (MSG_PEEK, recv(2)). It begins at
// the offset SetPeekOff has set and moves that on. passed says that descriptors came with the data, which are dropped;
// behind such data a read ends although there may be more.
func Peek(fd FD, b []byte) (n int, passed bool, err error) {
	if len(b) == 0 {
		return 0, false, nil
	}
	v := unix.Iovec{Base: &b[0]}
	v.SetLen(len(b))
	m := unix.Msghdr{Iov: &v}
	m.SetIovlen(1)
	for {
		n, _, e := unix.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), unix.MSG_PEEK|unix.MSG_DONTWAIT)
		if e == 0 {
			return int(n), m.Flags&unix.MSG_CTRUNC != 0, nil
		}
		if e != EINTR {
			return 0, false, errnoErr(e)
		}
	}
}
