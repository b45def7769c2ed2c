package linux

import (
	"os"

	"golang.org/x/sys/unix"
)

// FD is a descriptor of this process with one owner, who closes it. It is never given to Go's poller: the
// open file description may be shared with a program, and O_NONBLOCK lives there.
type FD int

// NoFD is no descriptor.
const NoFD FD = -1

// Close closes the descriptor; closing NoFD does nothing.
func (f FD) Close() error {
	if f < 0 {
		return nil
	}
	return unix.Close(int(f))
}

// File hands a descriptor of our own, in non-blocking mode, over to Go's poller. It must not share its open
// file description with a program.
func (f FD) File(name string) (*os.File, error) {
	if err := SetNonblocking(f); err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(f), name), nil
}

// Control runs fn on the descriptor behind a file, which stays open meanwhile.
func Control(f *os.File, fn func(FD) error) error {
	rc, err := f.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := rc.Control(func(fd uintptr) { inner = fn(FD(fd)) }); err != nil {
		return err
	}
	return inner
}

// WaitRead calls fn each time the file may have become readable until fn reports that it is done. A read
// deadline or Close ends the wait with an error.
func WaitRead(f *os.File, fn func(FD) bool) error {
	rc, err := f.SyscallConn()
	if err != nil {
		return err
	}
	return rc.Read(func(fd uintptr) bool { return fn(FD(fd)) })
}

// WaitWrite is WaitRead for writing.
func WaitWrite(f *os.File, fn func(FD) bool) error {
	rc, err := f.SyscallConn()
	if err != nil {
		return err
	}
	return rc.Write(func(fd uintptr) bool { return fn(FD(fd)) })
}

// Detach closes a file that is in Go's poller and gives a descriptor of the same open file description, which is not.
func Detach(f *os.File) (FD, error) {
	fd := NoFD
	err := Control(f, func(own FD) (err error) {
		fd, err = DupCloexec(own, 0)
		return err
	})
	if e := f.Close(); err == nil {
		err = e
	}
	return fd, err
}
