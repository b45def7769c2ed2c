package linux

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Errno is an error number of errno(3).
type Errno = unix.Errno

// The error numbers that other packages decide on.
const (
	E2BIG           = unix.E2BIG
	EACCES          = unix.EACCES
	EADDRINUSE      = unix.EADDRINUSE
	EAFNOSUPPORT    = unix.EAFNOSUPPORT
	EAGAIN          = unix.EAGAIN
	EALREADY        = unix.EALREADY
	EBADF           = unix.EBADF
	EBUSY           = unix.EBUSY
	ECONNREFUSED    = unix.ECONNREFUSED
	ECONNRESET      = unix.ECONNRESET
	EEXIST          = unix.EEXIST
	EFAULT          = unix.EFAULT
	EHOSTUNREACH    = unix.EHOSTUNREACH
	EINPROGRESS     = unix.EINPROGRESS
	EINTR           = unix.EINTR
	EINVAL          = unix.EINVAL
	EIO             = unix.EIO
	EISCONN         = unix.EISCONN
	EISDIR          = unix.EISDIR
	EKEYEXPIRED     = unix.EKEYEXPIRED
	EKEYREJECTED    = unix.EKEYREJECTED
	EKEYREVOKED     = unix.EKEYREVOKED
	EMFILE          = unix.EMFILE
	ENFILE          = unix.ENFILE
	ENOBUFS         = unix.ENOBUFS
	ENOENT          = unix.ENOENT
	ENOMEM          = unix.ENOMEM
	ENOPROTOOPT     = unix.ENOPROTOOPT
	ENOSYS          = unix.ENOSYS
	ENOTCONN        = unix.ENOTCONN
	ENOTSOCK        = unix.ENOTSOCK
	EOPNOTSUPP      = unix.EOPNOTSUPP
	EPERM           = unix.EPERM
	EPIPE           = unix.EPIPE
	EPROTO          = unix.EPROTO
	EPROTONOSUPPORT = unix.EPROTONOSUPPORT
	ERANGE          = unix.ERANGE
	ESOCKTNOSUPPORT = unix.ESOCKTNOSUPPORT
	ESRCH           = unix.ESRCH
	ETIMEDOUT       = unix.ETIMEDOUT

	// ERESTARTSYS is the kernel's own number for a call that a signal handler with SA_RESTART restarts and
	// that otherwise ends in EINTR (include/linux/errno.h). A program sees it only when no signal is pending.
	ERESTARTSYS Errno = 512
)

// ErrnoOf finds the error number in an error chain.
func ErrnoOf(err error) (Errno, bool) {
	var e unix.Errno
	ok := errors.As(err, &e)
	return e, ok
}
