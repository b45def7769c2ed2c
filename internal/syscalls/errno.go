package syscalls

import (
	"errors"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// kinds maps the classes of failure to what a program sees.
func kinds() map[abi.Kind]linux.Errno {
	return map[abi.Kind]linux.Errno{
		abi.Protocol:    linux.EPROTO,
		abi.Rejected:    linux.EKEYREJECTED,
		abi.Expired:     linux.EKEYEXPIRED,
		abi.Revoked:     linux.EKEYREVOKED,
		abi.Weaker:      linux.EPERM,
		abi.Forbidden:   linux.EACCES,
		abi.Invalid:     linux.EINVAL,
		abi.Unsupported: linux.EOPNOTSUPP,
		abi.Timeout:     linux.ETIMEDOUT,
		abi.Reset:       linux.ECONNRESET,
		abi.Unresolved:  linux.EHOSTUNREACH,
		abi.Exhausted:   linux.ENOBUFS,
	}
}

// Errno is the errno of an error: the class of a failure, or what the kernel said. An error without either is
// a fault of ours, EIO; so is a class that is not in the table, as success must not come of an error.
func Errno(err error) linux.Errno {
	if f := (*abi.Failure)(nil); errors.As(err, &f) {
		if e, ok := kinds()[f.Kind]; ok {
			return e
		}
		return linux.EIO
	}
	if e, ok := linux.ErrnoOf(err); ok && e != 0 {
		return e
	}
	return linux.EIO
}
