package linux

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// VectorMax is how many pieces one call takes. What is behind them is left for the next.
const VectorMax = 40

// vector is struct iovec as readv(2) and sendmsg(2) have it, for at most limit bytes.
func vector(to *[VectorMax]unix.Iovec, pieces [][]byte, limit int) int {
	n := 0
	for _, p := range pieces {
		if len(p) == 0 {
			continue
		}
		if n == len(to) || limit <= 0 {
			break
		}
		p = p[:min(len(p), limit)]
		to[n].Base = &p[0]
		to[n].SetLen(len(p))
		limit -= len(p)
		n++
	}
	return n
}

// Readv reads at most limit bytes from a socket into pieces, one after the other, without blocking; see Read.
func Readv(fd FD, pieces [][]byte, limit int) (int, error) {
	var v [VectorMax]unix.Iovec
	var m unix.Msghdr
	m.Iov = &v[0]
	m.SetIovlen(vector(&v, pieces, limit))
	for {
		n, _, e := unix.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), unix.MSG_DONTWAIT)
		if e == 0 {
			return int(n), nil
		}
		if e != EINTR {
			return 0, errnoErr(e)
		}
	}
}

// Sendv writes pieces to a socket, one after the other, without blocking; see Send.
func Sendv(fd FD, pieces [][]byte) (int, error) {
	var v [VectorMax]unix.Iovec
	var m unix.Msghdr
	m.Iov = &v[0]
	m.SetIovlen(vector(&v, pieces, maxInt))
	for {
		n, _, e := unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		if e == 0 {
			return int(n), nil
		}
		if e != EINTR {
			return 0, errnoErr(e)
		}
	}
}

const maxInt = int(^uint(0) >> 1)

// SendRun writes pieces to a socket, one after the other, as far as it takes them without blocking, and gives what is
// left of them. It changes pieces.
func SendRun(fd FD, pieces [][]byte) ([][]byte, error) {
	for {
		if pieces = without(pieces, 0); len(pieces) == 0 {
			return nil, nil
		}
		n, err := Sendv(fd, pieces)
		if errors.Is(err, EAGAIN) {
			return pieces, nil
		}
		if err != nil {
			return pieces, err
		}
		pieces = without(pieces, n)
	}
}

// without drops the first n bytes, and pieces that are empty.
func without(pieces [][]byte, n int) [][]byte {
	for len(pieces) > 0 && n >= len(pieces[0]) {
		n -= len(pieces[0])
		pieces = pieces[1:]
	}
	if n > 0 {
		pieces[0] = pieces[0][n:]
	}
	return pieces
}
