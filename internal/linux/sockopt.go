package linux

import (
	"encoding/binary"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Levels and options that other packages name.
const (
	SolSocket = unix.SOL_SOCKET
	SolIP     = unix.IPPROTO_IP
	SolIPv6   = unix.IPPROTO_IPV6
	SolTCP    = unix.IPPROTO_TCP

	SoReuseAddr = unix.SO_REUSEADDR
	SoRcvBuf    = unix.SO_RCVBUF
	SoSndBuf    = unix.SO_SNDBUF
	SoRcvTimeo  = unix.SO_RCVTIMEO_OLD
	SoSndTimeo  = unix.SO_SNDTIMEO_OLD
	SoRcvTimeoN = unix.SO_RCVTIMEO_NEW
	SoSndTimeoN = unix.SO_SNDTIMEO_NEW
	SoError     = unix.SO_ERROR
	SoLinger    = unix.SO_LINGER

	TCPNodelay         = unix.TCP_NODELAY
	TCPFastopenConnect = unix.TCP_FASTOPEN_CONNECT
	IPv6V6Only         = unix.IPV6_V6ONLY
)

// Getsockopt reads an option into b and returns how much of it was filled.
func Getsockopt(fd FD, level, name int, b []byte) (int, error) {
	var p unsafe.Pointer
	if len(b) > 0 {
		p = unsafe.Pointer(&b[0])
	}
	n := uint32(len(b))
	_, _, e := unix.RawSyscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(p), uintptr(unsafe.Pointer(&n)), 0)
	return int(n), errnoErr(e)
}

// Setsockopt sets an option to a value in the kernel's form.
func Setsockopt(fd FD, level, name int, b []byte) error {
	var p unsafe.Pointer
	if len(b) > 0 {
		p = unsafe.Pointer(&b[0])
	}
	_, _, e := unix.RawSyscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(p), uintptr(len(b)), 0)
	return errnoErr(e)
}

// GetsockoptInt reads an int.
func GetsockoptInt(fd FD, level, name int) (int, error) {
	var b [4]byte
	_, err := Getsockopt(fd, level, name, b[:])
	return int(int32(binary.NativeEndian.Uint32(b[:]))), err
}

// SetsockoptInt sets an int.
func SetsockoptInt(fd FD, level, name, value int) error {
	var b [4]byte
	binary.NativeEndian.PutUint32(b[:], uint32(value))
	return Setsockopt(fd, level, name, b[:])
}

// SocketCookie is SO_COOKIE: a number that no other socket of this boot has.
func SocketCookie(fd FD) (uint64, error) {
	var b [8]byte
	_, err := Getsockopt(fd, unix.SOL_SOCKET, unix.SO_COOKIE, b[:])
	return binary.NativeEndian.Uint64(b[:]), err
}

// SocketTimeout is SO_RCVTIMEO or SO_SNDTIMEO; 0 is none.
func SocketTimeout(fd FD, name int) (time.Duration, error) {
	var b [16]byte
	_, err := Getsockopt(fd, unix.SOL_SOCKET, name, b[:])
	sec, usec := int64(binary.NativeEndian.Uint64(b[:8])), int64(binary.NativeEndian.Uint64(b[8:]))
	return time.Duration(sec)*time.Second + time.Duration(usec)*time.Microsecond, err
}
