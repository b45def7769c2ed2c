package linux

import (
	"errors"
	"runtime"

	"golang.org/x/sys/unix"
)

// A Move is a registration of a program's that is to change its file. Instance is a duplicate of the epoll instance's
// descriptor.
type Move struct {
	Registration
	Instance FD
}

// MoveRegistrations gives registrations of programs' epoll instances from one file to another. A registration that is
// not there is passed over.
//
// The kernel knows a registration by the file and the number the file has in the table of whoever calls epoll_ctl(2). So
// this takes a child process, in which the file can have the program's number. It is one without an exit signal, so that
// nobody else waits for it, and it runs nothing but the calls below: what Go's runtime does may need other threads.
func MoveRegistrations(from, to FD, list []Move) error {
	if len(list) == 0 {
		return nil
	}
	top := 0
	for _, m := range list {
		top = max(top, m.Number+1)
	}
	w := moving{list: make([]moved, 0, len(list))}
	defer w.close()
	// Above all numbers of the program, so that nothing of ours is in their way.
	w.from, w.to = w.above(from, top), w.above(to, top)
	for _, m := range list {
		event := epollEvent(m.Events, m.Data)
		w.list = append(w.list, moved{epoll: w.above(m.Instance, top), number: uintptr(m.Number), event: event})
	}
	if w.err != nil {
		return w.err
	}
	return w.run()
}

// moving is what the child works from.
type moving struct {
	from, to uintptr
	list     []moved
	owned    []FD
	err      error
}

type moved struct {
	epoll, number uintptr
	event         unix.EpollEvent
}

func (w *moving) above(fd FD, top int) uintptr {
	if int(fd) >= top {
		return uintptr(fd)
	}
	dup, err := DupCloexec(fd, top)
	if err != nil {
		w.err = errors.Join(w.err, err)
		return 0
	}
	w.owned = append(w.owned, dup)
	return uintptr(dup)
}

func (w *moving) close() {
	for _, fd := range w.owned {
		_ = fd.Close()
	}
}

func (w *moving) run() error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	mask, err := BlockSignals() // whose handlers are Go's
	if err != nil {
		return err
	}
	pid, errno := moveInChild(w)
	_ = SetSignals(mask)
	if errno != 0 {
		return errno
	}
	var status unix.WaitStatus
	for {
		_, err := unix.Wait4(pid, &status, unix.WALL, nil)
		if errors.Is(err, EINTR) {
			continue
		}
		if err != nil {
			return err
		}
		return errnoErr(Errno(status.ExitStatus()))
	}
}
