package linux

import (
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// UnixDiag asks the kernel about AF_UNIX sockets of this network namespace (sock_diag(7)).
type UnixDiag struct{ fd FD }

// The layout of the question and the answer (linux/netlink.h, linux/unix_diag.h).
const (
	sockDiagByFamily = 20
	diagRequestLen   = unix.SizeofNlMsghdr + 24
	diagAllStates    = ^uint32(0)
)

// NewUnixDiag opens the way to ask.
func NewUnixDiag() (UnixDiag, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_SOCK_DIAG)
	if err != nil {
		return UnixDiag{NoFD}, fmt.Errorf("socket(NETLINK_SOCK_DIAG): %w", err)
	}
	return UnixDiag{FD(fd)}, nil
}

// Close ends asking.
func (d UnixDiag) Close() { d.fd.Close() }

// Exists says whether there is a socket with this inode and this SO_COOKIE. A kernel without the means says that
// there is none, of any socket.
func (d UnixDiag) Exists(inode uint32, cookie uint64) (bool, error) {
	b := make([]byte, diagRequestLen)
	ne := binary.NativeEndian
	ne.PutUint32(b, diagRequestLen)
	ne.PutUint16(b[4:], sockDiagByFamily)
	ne.PutUint16(b[6:], unix.NLM_F_REQUEST)
	b[16] = unix.AF_UNIX
	ne.PutUint32(b[20:], diagAllStates)
	ne.PutUint32(b[24:], inode)
	ne.PutUint64(b[32:], cookie)
	if err := unix.Sendto(int(d.fd), b, 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return false, fmt.Errorf("ask for a socket by its inode: %w", err)
	}
	return d.answer()
}

func (d UnixDiag) answer() (bool, error) {
	b := make([]byte, 4096)
	n, _, err := unix.Recvfrom(int(d.fd), b, 0)
	if err != nil {
		return false, fmt.Errorf("receive what is known of a socket: %w", err)
	}
	if n < unix.SizeofNlMsghdr+4 {
		return false, errors.New("receive what is known of a socket: the answer is too short")
	}
	if binary.NativeEndian.Uint16(b[4:]) != unix.NLMSG_ERROR {
		return true, nil
	}
	code := Errno(-int32(binary.NativeEndian.Uint32(b[unix.SizeofNlMsghdr:])))
	if code == ENOENT || code == unix.ESTALE {
		return false, nil
	}
	return false, fmt.Errorf("ask for a socket by its inode: %w", code)
}
