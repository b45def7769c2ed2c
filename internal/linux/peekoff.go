package linux

import "golang.org/x/sys/unix"

// SetPeekOff sets where Peek begins in the receive queue of an AF_UNIX socket. From then on a peek moves the
// offset forward by what it returned and a read moves it back (SO_PEEK_OFF, socket(7), Linux 3.4).
func SetPeekOff(fd FD, offset int) error {
	return SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PEEK_OFF, offset)
}
