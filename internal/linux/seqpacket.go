package linux

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// unixPath is the address of a socket in the file system.
func unixPath(path string) (*unix.SockaddrUnix, error) {
	// sun_path has 108 bytes with its NUL (unix(7)).
	if len(path) == 0 || len(path) > 107 {
		return nil, fmt.Errorf("a socket's path has 1 to 107 bytes, not %d", len(path))
	}
	return &unix.SockaddrUnix{Name: path}, nil
}

// DialSeqpacket connects to a listening AF_UNIX socket of type SOCK_SEQPACKET. It does not wait: EAGAIN says that its
// backlog is full. The result is in non-blocking mode.
func DialSeqpacket(path string) (FD, error) { return DialUnix(path, SockSeqpacket) }

// DialUnix is DialSeqpacket for a type of socket, SockStream or SockSeqpacket.
func DialUnix(path string, typ int) (FD, error) {
	addr, err := unixPath(path)
	if err != nil {
		return NoFD, err
	}
	fd, err := unix.Socket(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return NoFD, err
	}
	if err := unix.Connect(fd, addr); err != nil {
		return NoFD, errors.Join(err, FD(fd).Close())
	}
	return FD(fd), nil
}

// ListenSeqpacket makes a listening AF_UNIX socket of type SOCK_SEQPACKET at a path that does not exist yet, in
// non-blocking mode.
func ListenSeqpacket(path string, backlog int) (FD, error) {
	return ListenUnix(path, SockSeqpacket, backlog)
}

// ListenUnix is ListenSeqpacket for a type of socket, SockStream or SockSeqpacket.
func ListenUnix(path string, typ, backlog int) (FD, error) {
	addr, err := unixPath(path)
	if err != nil {
		return NoFD, err
	}
	fd, err := unix.Socket(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return NoFD, err
	}
	if err = unix.Bind(fd, addr); err == nil {
		err = unix.Listen(fd, backlog)
	}
	if err != nil {
		return NoFD, errors.Join(err, FD(fd).Close())
	}
	return FD(fd), nil
}
