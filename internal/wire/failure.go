package wire

import (
	"errors"
	"strings"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
)

// noKind marks an error that has no class.
const noKind = 0xff

// failure carries an error: its class when it has one, its error number, and its text as far as textMax.
func (e *encoder) failure(err error) {
	k, errno := uint8(noKind), uint32(0)
	if f := (*abi.Failure)(nil); errors.As(err, &f) {
		k = uint8(f.Kind)
	}
	if n, ok := linux.ErrnoOf(err); ok {
		errno = uint32(n)
	}
	text := err.Error()
	if len(text) > textMax {
		text = strings.ToValidUTF8(text[:textMax], "")
	}
	e.u8(k)
	e.u32(errno)
	e.string(text)
}

func (d *decoder) failure() error {
	k, errno, text := d.u8(), d.u32(), d.string(textMax)
	if k != noKind && k > uint8(abi.Exhausted) {
		d.fail("a failure of class %d", k)
	}
	if errno > 4095 {
		d.fail("error number %d", errno)
	}
	if d.err != nil {
		return d.err
	}
	cause := error(remoteError{text: text, errno: linux.Errno(errno)})
	if k == noKind {
		return cause
	}
	return &abi.Failure{Kind: abi.Kind(k), Err: cause}
}

// optionalFailure is a failure or nil.
func (e *encoder) optionalFailure(err error) {
	e.bool(err != nil)
	if err != nil {
		e.failure(err)
	}
}

func (d *decoder) optionalFailure() error {
	if !d.bool() {
		return nil
	}
	return d.failure()
}

// remoteError is an error of the other side, in its words.
type remoteError struct {
	text  string
	errno linux.Errno
}

func (e remoteError) Error() string { return e.text }

// Unwrap gives the error number, if there was one.
func (e remoteError) Unwrap() error {
	if e.errno == 0 {
		return nil
	}
	return e.errno
}
