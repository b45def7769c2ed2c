package seccomp

import (
	"errors"
	"fmt"
	"os"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Listener is the receiving end of a filter. It outlives the process that installed it: it lasts until the
// last task under the filter is gone.
type Listener struct {
	file *os.File
	arch Arch
}

// NewListener takes ownership of a listener descriptor.
func NewListener(fd linux.FD, a Arch) (*Listener, error) {
	_ = linux.SeccompSyncWakeUp(fd) // an optimisation of Linux 6.6 and later
	file, err := fd.File("seccomp listener")
	if err != nil {
		fd.Close()
		return nil, fmt.Errorf("make the seccomp listener ready for polling: %w", err)
	}
	return &Listener{file: file, arch: a}, nil
}

// Serve receives notifications and hands each to handle, until the last task of the tree is gone. There is one
// receiver, as a second would be woken for every call too. It waits in Go's poller: a thread that waits in the
// kernel keeps what it has just started from running, until Go's monitor notices or another thread steals it. handle
// must not wait: what is not received yet is lost to a signal.
func (l *Listener) Serve(handle func(*Notification)) error {
	for {
		n, err := l.receive()
		if err != nil || n == nil {
			return err
		}
		handle(n)
	}
}

// receive waits for one notification; nil when the tree is gone.
func (l *Listener) receive() (n *Notification, err error) {
	waited := linux.WaitRead(l.file, func(fd linux.FD) bool {
		n, err = l.take(fd)
		return !errors.Is(err, linux.EAGAIN)
	})
	if waited != nil {
		return nil, fmt.Errorf("wait for a seccomp notification: %w", waited)
	}
	return n, err
}

// take gives a notification that is there; EAGAIN when none is, nil when the tree is gone. It asks first: on a filter
// without tasks some kernels answer ENOENT for ever, others never.
func (l *Listener) take(fd linux.FD) (*Notification, error) {
	for {
		events, err := linux.Poll(fd, linux.PollIn, 0)
		switch {
		case err != nil:
			return nil, fmt.Errorf("poll the seccomp listener: %w", err)
		case events == 0:
			return nil, linux.EAGAIN
		case events&linux.PollIn == 0:
			return nil, nil
		}
		n := &Notification{listener: fd}
		err = linux.SeccompReceive(fd, &n.data)
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
func (l *Listener) Close() error { return l.file.Close() }
