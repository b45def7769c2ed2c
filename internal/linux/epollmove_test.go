package linux_test

import (
	"os"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/securesocketapi/ssa/internal/linux"
)

func epollInstance(t *testing.T) int {
	t.Helper()
	ep, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(ep) })
	return ep
}

func pair(t *testing.T) (a, b linux.FD) {
	t.Helper()
	a, b, err := linux.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = a.Close()
		_ = b.Close()
	})
	return a, b
}

func register(t *testing.T, ep int, fd linux.FD, events uint32, data int32) {
	t.Helper()
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{Events: events, Fd: data, Pad: 7}); err != nil {
		t.Fatal(err)
	}
}

func inode(t *testing.T, fd linux.FD) uint64 {
	t.Helper()
	n, ok := linux.Task(os.Getpid()).Inode(int(fd))
	if !ok {
		t.Fatalf("%d is no socket", fd)
	}
	return n
}

func held(t *testing.T, fd linux.FD) linux.Held {
	t.Helper()
	h, err := linux.Task(os.Getpid()).Held(inode(t, fd))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// ready is what epoll_wait(2) tells at once.
func ready(t *testing.T, ep int) []unix.EpollEvent {
	t.Helper()
	events := make([]unix.EpollEvent, 8)
	n, err := unix.EpollWait(ep, events, 0)
	if err != nil {
		t.Fatal(err)
	}
	return events[:n]
}

// TestMoveRegistrations replaces a socket under a number that was registered, as a supervisor does for a program.
func TestMoveRegistrations(t *testing.T) {
	ep, other := epollInstance(t), epollInstance(t)
	old, _ := pair(t)
	fresh, far := pair(t)
	register(t, ep, old, unix.EPOLLIN|unix.EPOLLET, 41)
	register(t, other, old, unix.EPOLLIN, 42)
	const always = unix.EPOLLERR | unix.EPOLLHUP
	was := held(t, old)
	wanted := []linux.Registration{
		{Epoll: ep, Number: int(old), Events: unix.EPOLLIN | unix.EPOLLET | always, Data: 7<<32 | 41, Inode: inode(t, old)},
		{Epoll: other, Number: int(old), Events: unix.EPOLLIN | always, Data: 7<<32 | 42, Inode: inode(t, old)},
	}
	if len(was.Registrations) == 2 && was.Registrations[0].Epoll != ep {
		was.Registrations[0], was.Registrations[1] = was.Registrations[1], was.Registrations[0]
	}
	if !reflect.DeepEqual(was.Registrations, wanted) || len(was.Descriptors) != 1 || was.Descriptors[0].Number != int(old) || !was.Descriptors[0].Cloexec {
		t.Fatalf("held (-want +got):\n-%+v\n+%+v", wanted, was)
	}
	keep, err := linux.DupCloexec(old, 3) // as the old file lives on in a service
	if err != nil {
		t.Fatal(err)
	}
	defer keep.Close()
	var moves []linux.Move
	for _, r := range was.Registrations {
		moves = append(moves, linux.Move{Registration: r, Instance: linux.FD(r.Epoll)})
	}
	moves = append(moves, linux.Move{Registration: linux.Registration{Number: 900}, Instance: linux.FD(ep)}) // is not there
	if err := linux.MoveRegistrations(keep, fresh, moves); err != nil {
		t.Fatal(err)
	}
	if err := unix.Dup3(int(fresh), int(old), 0); err != nil { // as SECCOMP_ADDFD_FLAG_SETFD does
		t.Fatal(err)
	}
	if h := held(t, keep); len(h.Registrations) != 0 {
		t.Errorf("the old socket is still registered: %+v", h)
	}
	if got := ready(t, ep); len(got) != 0 {
		t.Errorf("events before there is anything: %+v", got)
	}
	if _, err := linux.Send(far, []byte("x")); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time only what is level triggered
		if got := ready(t, other); len(got) != 1 || got[0].Fd != 42 || got[0].Pad != 7 || got[0].Events != unix.EPOLLIN {
			t.Errorf("level triggered: %+v", got)
		}
	}
	if got := ready(t, ep); len(got) != 1 || got[0].Fd != 41 || got[0].Pad != 7 {
		t.Errorf("edge triggered: %+v", got)
	}
	if got := ready(t, ep); len(got) != 0 {
		t.Errorf("edge triggered a second time: %+v", got)
	}
	// The program's own later calls find the registration under its number.
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_MOD, int(old), &unix.EpollEvent{Events: unix.EPOLLOUT, Fd: 43}); err != nil {
		t.Errorf("EPOLL_CTL_MOD: %v", err)
	}
	if err := unix.EpollCtl(ep, unix.EPOLL_CTL_DEL, int(old), nil); err != nil {
		t.Errorf("EPOLL_CTL_DEL: %v", err)
	}
}

// TestEpollRemembers sees a file until its last descriptor is closed.
func TestEpollRemembers(t *testing.T) {
	fd, err := linux.EpollCreate()
	if err != nil {
		t.Fatal(err)
	}
	defer fd.Close()
	a, _ := pair(t)
	dup, err := linux.DupCloexec(a, 3)
	if err != nil {
		t.Fatal(err)
	}
	if err := linux.EpollAdd(fd, dup, linux.EpollOneshot, 1<<40|5); err != nil {
		t.Fatal(err)
	}
	_ = dup.Close()
	if got, err := linux.EpollRemembered(fd); err != nil || len(got) != 1 || got[0] != 1<<40|5 {
		t.Errorf("with a descriptor left: %v, %v", got, err)
	}
	_ = a.Close()
	if got, err := linux.EpollRemembered(fd); err != nil || len(got) != 0 {
		t.Errorf("with none: %v, %v", got, err)
	}
}

func BenchmarkMoveRegistrations(b *testing.B) {
	ep, err := linux.EpollCreate()
	if err != nil {
		b.Fatal(err)
	}
	defer ep.Close()
	x, y, err := linux.SocketPair()
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	defer y.Close()
	if err := linux.EpollAdd(ep, x, 0, 1); err != nil {
		b.Fatal(err)
	}
	r := linux.Registration{Number: int(x), Events: unix.EPOLLIN}
	for b.Loop() {
		if err := linux.MoveRegistrations(x, y, []linux.Move{{Registration: r, Instance: ep}}); err != nil {
			b.Fatal(err)
		}
		x, y = y, x
	}
}

// FuzzParseRegistration checks that a line of another form is none.
func FuzzParseRegistration(f *testing.F) {
	f.Add([]byte("tfd:        5 events: 80000019 data: ffffffff00000005  pos:0 ino:5a1f sdev:8\n"))
	f.Add([]byte("flags:\t02\n"))
	f.Fuzz(func(t *testing.T, line []byte) {
		if r, ok := linux.ParseRegistration(line); ok && r.Number < 0 {
			t.Errorf("%q is taken for %+v", line, r)
		}
	})
}
