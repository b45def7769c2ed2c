package linux

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Eventfd makes a non-blocking event counter (eventfd(2)): readable once RingBell was called.
func Eventfd() (FD, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	return FD(fd), err
}

// RingBell adds one to an event counter.
func RingBell(fd FD) error {
	_, err := unix.Write(int(fd), binary.NativeEndian.AppendUint64(nil, 1))
	return err
}
