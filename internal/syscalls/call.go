package syscalls

import (
	"encoding/binary"

	"github.com/securesocketapi/ssa/internal/identity"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
)

// Caller is the stopped thread: its arguments, its memory, and the one answer it gets. A simulated one lets
// the calls be tested without privileges.
type Caller interface {
	socket.Owner
	Memory
	Answerer
	// App establishes which program it is.
	App() (socket.App, error)
	// Arg is an argument, counted from 0.
	Arg(i int) uint64
	// Interrupted says whether a signal wants the thread to go on.
	Interrupted() linux.Interruption
}

// Memory is a thread's memory.
type Memory interface {
	// Read copies from an address into all of b.
	Read(addr uint64, b []byte) error
	// Write copies b to an address.
	Write(addr uint64, b []byte) error
	// Valid says whether the thread still waits, so that what was read belongs to the call.
	Valid() bool
}

// Answerer takes the answer to a call. An error means that the call went away without it.
type Answerer interface {
	Return(value int64) error
	Fail(linux.Errno) error
	Continue() error
	Install(fd linux.FD, cloexec bool) error
}

// thread is a Caller on the real kernel.
type thread struct {
	linux.Task
	*seccomp.Notification
}

// NewCaller makes a Caller of a notification.
func NewCaller(n *seccomp.Notification) Caller {
	return thread{Task: n.Task(), Notification: n}
}

func (t thread) Read(addr uint64, b []byte) error  { return linux.ReadMemory(int(t.Task), addr, b) }
func (t thread) Write(addr uint64, b []byte) error { return linux.WriteMemory(int(t.Task), addr, b) }

func (t thread) App() (socket.App, error) { return identity.Read(int(t.Task)) }

// call is a trapped call under way on one of our sockets; handle is nil for socket(2).
type call struct {
	Caller
	kind   seccomp.Call
	handle *socket.Handle
	// nonblock is what an accept found O_NONBLOCK to be.
	nonblock bool
	// value is what setsockopt has been given, once it was read.
	value []byte
	// ended is closed when nothing of the program's is held any more.
	ended chan struct{}
}

// int is an argument of C type int.
func (c *call) int(i int) int { return int(int32(c.Arg(i))) }

// bytes copies n bytes of the program's memory; what is used is this copy, which the program cannot change.
func (c *call) bytes(addr uint64, n int) ([]byte, error) {
	if n == 0 {
		return nil, nil
	}
	b := make([]byte, n)
	if err := c.Read(addr, b); err != nil {
		return nil, linux.EFAULT
	}
	if !c.Valid() {
		return nil, linux.EINTR
	}
	return b, nil
}

// length reads a socklen_t that says how large the program's buffer is.
func (c *call) length(addr uint64) (int, error) {
	b, err := c.bytes(addr, 4)
	if err != nil {
		return 0, err
	}
	n := int(int32(binary.NativeEndian.Uint32(b)))
	if n < 0 {
		return 0, linux.EINVAL
	}
	return n, nil
}

// store writes a value and its length, as much of it as the buffer of size n has room for.
func (c *call) store(addr, lenAddr uint64, value []byte, n int) error {
	if err := c.put(addr, value[:min(n, len(value))]); err != nil {
		return err
	}
	return c.put(lenAddr, binary.NativeEndian.AppendUint32(nil, uint32(len(value))))
}

func (c *call) put(addr uint64, b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if err := c.Write(addr, b); err != nil {
		return linux.EFAULT
	}
	return nil
}
