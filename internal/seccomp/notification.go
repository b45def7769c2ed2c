package seccomp

import (
	"runtime"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Notification is one stopped call. It is answered once, by Return, Fail, Continue or Install; an answer to a
// call that went away meanwhile gives ENOENT.
type Notification struct {
	Call     Call
	data     linux.SeccompNotification
	listener linux.FD
}

// Task is the thread that makes the call.
func (n *Notification) Task() linux.Task { return linux.Task(n.data.PID) }

// Arg is an argument of the call, counted from 0.
func (n *Notification) Arg(i int) uint64 { return n.data.Args[i] }

// Valid says whether the call still waits. What was read from the task's memory before belongs to the call
// if it does.
func (n *Notification) Valid() bool { return linux.SeccompValid(n.listener, n.data.ID) }

// Return answers with a value.
func (n *Notification) Return(value int64) error {
	return linux.SeccompSend(n.listener, n.data.ID, value, 0)
}

// Fail answers with an errno.
func (n *Notification) Fail(e linux.Errno) error {
	return linux.SeccompSend(n.listener, n.data.ID, 0, e)
}

// Continue lets the kernel carry the call out.
func (n *Notification) Continue() error { return linux.SeccompContinue(n.listener, n.data.ID) }

// Install puts a duplicate of fd into the task and answers with its number. The caller keeps fd.
func (n *Notification) Install(fd linux.FD, cloexec bool) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mask, err := linux.BlockSignals()
	if err != nil {
		return err
	}
	defer func() { _ = linux.SetSignals(mask) }()
	return linux.SeccompAddFD(n.listener, n.data.ID, fd, cloexec)
}

// Place puts a duplicate of fd in the place of a descriptor of the task's. The call still waits for its answer. The
// caller keeps fd.
func (n *Notification) Place(fd linux.FD, at linux.Descriptor) error {
	return linux.SeccompSetFD(n.listener, n.data.ID, fd, at)
}
