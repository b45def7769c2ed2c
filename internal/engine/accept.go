package engine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Accept waits for the next connection of a listening TCP socket that is in Go's poller (accept4(2)). Closing the
// listening socket ends the wait with os.ErrClosed.
func Accept(listening *os.File) (*os.File, error) {
	fd, err := linux.NoFD, error(nil)
	wait := linux.WaitRead(listening, func(l linux.FD) bool {
		fd, err = linux.Accept4(l, linux.SockNonblock)
		return !errors.Is(err, linux.EAGAIN)
	})
	if wait != nil {
		return nil, fmt.Errorf("accept: %w", os.ErrClosed)
	}
	if err != nil {
		return nil, os.NewSyscallError("accept4", err)
	}
	f, err := fd.File("tls")
	if err != nil {
		_ = fd.Close()
	}
	return f, err
}

// Unusable says whether Accept will never succeed on this socket.
func Unusable(err error) bool {
	e, _ := linux.ErrnoOf(err)
	return e == linux.EBADF || e == linux.EINVAL || e == linux.ENOTSOCK || e == linux.EOPNOTSUPP
}

// Addresses are the two ends of a TCP socket. An end that is not an Internet address is the zero value.
func Addresses(network *os.File) (local, remote netip.AddrPort) {
	_ = linux.Control(network, func(fd linux.FD) error {
		if b, err := linux.Getsockname(fd); err == nil {
			local = address(b)
		}
		if b, err := linux.Getpeername(fd); err == nil {
			remote = address(b)
		}
		return nil
	})
	return local, remote
}

// address reads a sockaddr_in or sockaddr_in6 of ip(7) and ipv6(7).
func address(b []byte) netip.AddrPort {
	if len(b) < linux.SockaddrInet4 {
		return netip.AddrPort{}
	}
	port := binary.BigEndian.Uint16(b[2:])
	switch family := binary.NativeEndian.Uint16(b); {
	case family == linux.AFInet:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), port)
	case family == linux.AFInet6 && len(b) >= linux.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16([16]byte(b[8:24])), port)
	}
	return netip.AddrPort{}
}
