package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Read reads from a socket without blocking, whatever O_NONBLOCK is on its open file description, which others may have
// too: EAGAIN when nothing is there, 0 at the end of the stream.
func Read(fd FD, b []byte) (int, error) {
	var p unsafe.Pointer
	if len(b) > 0 {
		p = unsafe.Pointer(&b[0])
	}
	for {
		n, _, e := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(p), uintptr(len(b)), unix.MSG_DONTWAIT, 0, 0)
		if e == 0 {
			return int(n), nil
		}
		if e != EINTR {
			return 0, errnoErr(e)
		}
	}
}
