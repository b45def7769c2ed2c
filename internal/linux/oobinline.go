package linux

import "golang.org/x/sys/unix"

// SetOOBInline leaves bytes sent with MSG_OOB in their place in the stream (SO_OOBINLINE, socket(7)).
func SetOOBInline(fd FD) error { return SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_OOBINLINE, 1) }
