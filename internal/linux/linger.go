package linux

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Linger is SO_LINGER (socket(7)): whether it is on, and for how many seconds. On with 0 seconds makes close(2)
// drop what was not sent and reset the connection.
func Linger(fd FD) (on bool, seconds int, err error) {
	var b [unix.SizeofLinger]byte
	_, err = Getsockopt(fd, unix.SOL_SOCKET, unix.SO_LINGER, b[:])
	return binary.NativeEndian.Uint32(b[:4]) != 0, int(int32(binary.NativeEndian.Uint32(b[4:]))), err
}

// SetLinger sets SO_LINGER.
func SetLinger(fd FD, on bool, seconds int) error {
	l := unix.Linger{Linger: int32(seconds)}
	if on {
		l.Onoff = 1
	}
	return unix.SetsockoptLinger(int(fd), unix.SOL_SOCKET, unix.SO_LINGER, &l)
}
