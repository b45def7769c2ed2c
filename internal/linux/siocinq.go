package linux

import "golang.org/x/sys/unix"

// Siocinq is the number of bytes in the receive queue of a stream socket (ioctl SIOCINQ, unix(7)).
func Siocinq(fd FD) (int, error) { return unix.IoctlGetInt(int(fd), unix.SIOCINQ) }
