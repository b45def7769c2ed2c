package seccomp

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Listener is the receiving end of a filter. It outlives the process that installed it: it lasts until the
// last task under the filter is gone.
type Listener struct {
	fd   linux.FD
	arch Arch
}

// NewListener takes ownership of a listener descriptor.
func NewListener(fd linux.FD, a Arch) *Listener {
	_ = linux.SeccompSyncWakeUp(fd) // an optimisation of Linux 6.6 and later
	return &Listener{fd: fd, arch: a}
}

// Serve receives notifications and hands each to handle, until the last task of the tree is gone. It does so
// on one thread of its own with all signals blocked: a second receiver would be woken for every call, and
// what is not received yet is lost to a signal. handle must not wait.
func (l *Listener) Serve(handle func(*Notification)) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mask, err := linux.BlockSignals()
	if err != nil {
		return fmt.Errorf("block signals: %w", err)
	}
	defer func() { _ = linux.SetSignals(mask) }()
	for {
		n, err := l.receive()
		if err != nil || n == nil {
			return err
		}
		handle(n)
	}
}

// receive waits for one notification; nil when the tree is gone. It polls first: on a filter without tasks
// some kernels answer ENOENT for ever, others never.
func (l *Listener) receive() (*Notification, error) {
	for {
		events, err := linux.Poll(l.fd, linux.PollIn, -1)
		if err != nil {
			return nil, fmt.Errorf("poll the seccomp listener: %w", err)
		}
		if events&linux.PollIn == 0 {
			return nil, nil
		}
		n := &Notification{listener: l.fd}
		err = linux.SeccompReceive(l.fd, &n.data)
		if errors.Is(err, linux.ENOENT) || errors.Is(err, linux.EINTR) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("receive a seccomp notification: %w", err)
		}
		n.Call = l.arch.Call(n.data.Nr)
		return n, nil
	}
}

// Close gives the listener up. Every trapped call of a task that is left then fails with ENOSYS.
func (l *Listener) Close() error { return l.fd.Close() }
