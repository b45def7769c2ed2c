package linux

import (
	"fmt"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sys/unix"
)

// Identity is whom a task acted as at one moment: its rights and its network namespace. It can be used after
// the task has ended.
type Identity struct {
	theirs, mine Credentials
	// netns and home are namespaces to enter and to return to; NoFD when the task's is our own.
	netns, home FD
}

// Identity reads whom the task acts as. What the task could do that we cannot is not in it.
func (t Task) Identity() (*Identity, error) {
	mine, err := self()
	if err != nil {
		return nil, err
	}
	theirs, err := whois(int(t))
	if err != nil {
		return nil, err
	}
	id := &Identity{theirs: theirs.Credentials, mine: mine.Credentials, netns: NoFD, home: NoFD}
	id.theirs.CapEff &= id.mine.CapEff
	if theirs.user != mine.user {
		id.theirs.CapEff = 0 // capabilities there are not capabilities here
	}
	if theirs.net == mine.net {
		return id, nil
	}
	return id, id.openNetns(t)
}

// who is whom a task acts as and in which namespaces it is.
type who struct {
	Credentials
	user, net string
}

// self is who this process is, which does not change.
var self = sync.OnceValues(func() (who, error) { return whois(os.Getpid()) })

func whois(tid int) (w who, err error) {
	status, err := ReadStatus(tid)
	if err != nil {
		return w, err
	}
	w.Credentials = status.Credentials()
	if w.user, err = Namespace(tid, "user"); err == nil {
		w.net, err = Namespace(tid, "net")
	}
	return w, err
}

func (id *Identity) openNetns(t Task) (err error) {
	if id.netns, err = openNetns(int(t)); err != nil {
		return fmt.Errorf("open the network namespace of pid %d: %w", int(t), err)
	}
	if id.home, err = openNetns(Gettid()); err != nil {
		id.netns.Close()
		return fmt.Errorf("open our own network namespace: %w", err)
	}
	return nil
}

// Close gives the namespaces back; that of no identity does nothing.
func (id *Identity) Close() {
	if id == nil {
		return
	}
	id.netns.Close()
	id.home.Close()
}

// As runs fn on the calling goroutine with these rights and in this network namespace.
func (id *Identity) As(fn func() error) error {
	if id.netns == NoFD && id.theirs.Equal(id.mine) {
		return fn()
	}
	runtime.LockOSThread()
	err := id.assume(fn)
	if e := id.restore(); e != nil {
		return fmt.Errorf("give back the rights of a task: %w", e) // the thread ends with its goroutine
	}
	runtime.UnlockOSThread()
	return err
}

func (id *Identity) assume(fn func() error) error {
	if id.netns != NoFD {
		if err := unix.Setns(int(id.netns), unix.CLONE_NEWNET); err != nil {
			return fmt.Errorf("enter the program's network namespace: %w", err)
		}
	}
	if err := Assume(id.theirs); err != nil {
		return fmt.Errorf("take on the program's rights: %w", err)
	}
	return fn()
}

func (id *Identity) restore() error {
	if err := Assume(id.mine); err != nil {
		return err
	}
	if id.home == NoFD {
		return nil
	}
	return unix.Setns(int(id.home), unix.CLONE_NEWNET)
}
