package linux

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// Numbers of socket(2) and its relatives.
const (
	AFUnspec      = unix.AF_UNSPEC
	AFUnix        = unix.AF_UNIX
	AFInet        = unix.AF_INET
	AFInet6       = unix.AF_INET6
	SockStream    = unix.SOCK_STREAM
	SockDgram     = unix.SOCK_DGRAM
	SockNonblock  = unix.SOCK_NONBLOCK
	SockCloexec   = unix.SOCK_CLOEXEC
	ProtoTCP      = unix.IPPROTO_TCP
	SockaddrMax   = unix.SizeofSockaddrAny + 16
	SockaddrInet4 = unix.SizeofSockaddrInet4
	SockaddrInet6 = unix.SizeofSockaddrInet6
)

// Socket makes a socket, always close-on-exec.
func Socket(domain, typ, proto int) (FD, error) {
	fd, err := unix.Socket(domain, typ|unix.SOCK_CLOEXEC, proto)
	return FD(fd), err
}

// SocketPair makes two connected AF_UNIX stream sockets, close-on-exec.
func SocketPair() (FD, FD, error) {
	p, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	return FD(p[0]), FD(p[1]), err
}

// Bind binds to an address in the kernel's form.
func Bind(fd FD, addr []byte) error { return sockaddrCall(unix.SYS_BIND, fd, addr) }

// Connect connects to an address in the kernel's form.
func Connect(fd FD, addr []byte) error { return sockaddrCall(unix.SYS_CONNECT, fd, addr) }

func sockaddrCall(nr uintptr, fd FD, addr []byte) error {
	var p unsafe.Pointer
	if len(addr) > 0 {
		p = unsafe.Pointer(&addr[0])
	}
	_, _, e := unix.Syscall(nr, uintptr(fd), uintptr(p), uintptr(len(addr)))
	return errnoErr(e)
}

// Listen puts a socket in listening state.
func Listen(fd FD, backlog int) error { return unix.Listen(int(fd), backlog) }

// Accept4 accepts a connection without its address. It never blocks on a socket in non-blocking mode.
func Accept4(fd FD, flags int) (FD, error) {
	n, _, e := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), 0, 0, uintptr(flags|unix.SOCK_CLOEXEC), 0, 0)
	if e != 0 {
		return NoFD, e
	}
	return FD(n), nil
}

// Getsockname is the local address in the kernel's form.
func Getsockname(fd FD) ([]byte, error) { return sockaddrOf(unix.SYS_GETSOCKNAME, fd) }

// Getpeername is the remote address in the kernel's form.
func Getpeername(fd FD) ([]byte, error) { return sockaddrOf(unix.SYS_GETPEERNAME, fd) }

func sockaddrOf(nr uintptr, fd FD) ([]byte, error) {
	var b [SockaddrMax]byte
	n := uint32(len(b))
	_, _, e := unix.RawSyscall(nr, uintptr(fd), uintptr(unsafe.Pointer(&b)), uintptr(unsafe.Pointer(&n)))
	if e != 0 {
		return nil, e
	}
	return append([]byte(nil), b[:min(int(n), len(b))]...), nil
}

// Send writes without blocking and without SIGPIPE.
func Send(fd FD, b []byte) (int, error) {
	var p unsafe.Pointer
	if len(b) > 0 {
		p = unsafe.Pointer(&b[0])
	}
	for {
		n, _, e := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(p), uintptr(len(b)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		if e == 0 {
			return int(n), nil
		}
		if e != EINTR {
			return 0, errnoErr(e)
		}
	}
}
