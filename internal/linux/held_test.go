package linux_test

import (
	"os"
	"os/exec"
	"reflect"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/securesocketapi/ssa/internal/linux"
)

// TestHeld finds what this process has of a socket, at numbers far apart too.
func TestHeld(t *testing.T) {
	a, _ := pair(t)
	ep, far := epollInstance(t), epollInstance(t)
	register(t, ep, a, unix.EPOLLIN, 1)
	register(t, far, a, unix.EPOLLOUT, 2)
	for _, move := range []struct{ from, to int }{{int(a), 700}, {int(a), 733}, {far, 900}} {
		if err := unix.Dup3(move.from, move.to, 0); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(move.to) })
	}
	got := held(t, a)
	want := []linux.Descriptor{{Number: int(a), Cloexec: true}, {Number: 700}, {Number: 733}}
	if !reflect.DeepEqual(got.Descriptors, want) {
		t.Errorf("descriptors (-want +got):\n-%+v\n+%+v", want, got.Descriptors)
	}
	var at []int
	for _, r := range got.Registrations {
		at = append(at, r.Epoll)
	}
	if want := []int{ep, far, 900}; !reflect.DeepEqual(at, want) && !reflect.DeepEqual(at, []int{far, ep, 900}) {
		t.Errorf("registered with %v, want %v", at, want)
	}
}

// holder starts a process that has a socket until it is ended.
func holder(t *testing.T, fd linux.FD) (end func()) {
	t.Helper()
	dup, err := unix.Dup(int(fd))
	if err != nil {
		t.Fatal(err)
	}
	file := os.NewFile(uintptr(dup), "held")
	defer func() { _ = file.Close() }()
	cmd := exec.Command("cat")
	cmd.ExtraFiles = []*os.File{file}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}
}

// TestHeldElsewhere finds sockets in processes that come and go. This process stands for the supervisor, which is not
// looked at, and a bystander for the program.
func TestHeldElsewhere(t *testing.T) {
	a, b := pair(t)
	program := start(t, nil, "")
	var tree linux.Tree
	is := func(fd linux.FD, want bool) {
		t.Helper()
		if got, err := program.HeldElsewhere(&tree, inode(t, fd)); err != nil || got != want {
			t.Errorf("held elsewhere: %v, %v, want %v", got, err, want)
		}
	}
	is(a, false)
	end := holder(t, a)
	is(a, true)
	is(b, false)
	again := holder(t, b)
	is(b, true)
	end()
	is(a, false)
	is(b, true)
	again()
	is(b, false)
}

// TestHeldElsewhereTogether has many ask at the same time: each gets the answer about its own socket.
func TestHeldElsewhereTogether(t *testing.T) {
	program := start(t, nil, "")
	other := start(t, nil, "")
	var tree linux.Tree
	a, b := pair(t)
	defer holder(t, a)()
	errs := make(chan error)
	const each = 20
	for range each {
		for _, ask := range []struct {
			by   linux.Task
			fd   linux.FD
			want bool
		}{{program.Task, a, true}, {other.Task, b, false}} {
			n := inode(t, ask.fd)
			go func() {
				got, err := ask.by.HeldElsewhere(&tree, n)
				if err == nil && got != ask.want {
					t.Errorf("descriptor %d held elsewhere: %v", ask.fd, got)
				}
				errs <- err
			}()
		}
	}
	for range 2 * each {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}
