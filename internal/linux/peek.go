package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Peek reads without blocking and leaves what it read in the receive queue (MSG_PEEK, recv(2)). It begins at
// the offset SetPeekOff has set and moves that on.
func Peek(fd FD, b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	for {
		n, _, e := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)),
			unix.MSG_PEEK|unix.MSG_DONTWAIT, 0, 0)
		if e == 0 {
			return int(n), nil
		}
		if e != EINTR {
			return 0, errnoErr(e)
		}
	}
}
