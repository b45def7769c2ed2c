package seccomp_test

import (
	"errors"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// next waits for something on a channel.
func next[T any](t *testing.T, c <-chan T) T {
	t.Helper()
	timer := time.NewTimer(testutil.Patience)
	defer timer.Stop()
	select {
	case v := <-c:
		return v
	case <-timer.C:
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

// pipe has "hello" in it.
func pipe(t *testing.T) linux.FD {
	t.Helper()
	near, far, err := linux.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := linux.Send(far, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	far.Close()
	t.Cleanup(func() { near.Close() })
	return near
}

func TestAnswers(t *testing.T) {
	hello := pipe(t)
	for _, row := range []struct {
		name, part string
		call       seccomp.Call
		answer     func(*seccomp.Notification) error
		want       string
	}{
		{"ok a value", "accept", seccomp.Accept4, func(n *seccomp.Notification) error { return n.Return(1234) }, "accept4 1234 <nil>"},
		{"ok zero without the kernel", "listen", seccomp.Listen, func(n *seccomp.Notification) error { return n.Return(0) }, "listen <nil> listening 0"},
		{"ok an errno", "listen", seccomp.Listen, func(n *seccomp.Notification) error { return n.Fail(linux.EKEYREJECTED) }, "listen key was rejected by service listening 0"},
		{"ok the kernel carries it out", "listen", seccomp.Listen, func(n *seccomp.Notification) error { return n.Continue() }, "listen invalid argument listening 0"},
		{"ok the kernel refuses it", "accept", seccomp.Accept4, func(n *seccomp.Notification) error { return n.Continue() }, "accept4 -1 bad file descriptor"},
		{"ok a descriptor", "socket", seccomp.Socket, func(n *seccomp.Notification) error { return n.Install(hello, false) }, `socket read "hello" <nil> inherited true`},
		{"ok a descriptor that is close-on-exec", "socket", seccomp.Socket, func(n *seccomp.Notification) error { return n.Install(pipe(t), true) }, `socket read "hello" <nil> inherited false`},
		{"bad protocol 205 is never TCP", "socket", seccomp.Socket, func(n *seccomp.Notification) error { return n.Continue() }, "socket protocol not supported"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := start(t, row.part)
			calls, done := c.serve(t)
			n := next(t, calls)
			if n.Call != row.call {
				t.Errorf("call: got %d, want %d", n.Call, row.call)
			}
			if !n.Valid() {
				t.Error("a call that waits is not valid")
			}
			if err := row.answer(n); err != nil {
				t.Errorf("answer: %v", err)
			}
			if got := answered(t, c, calls); got != row.want {
				t.Errorf("what the child saw (-want +got):\n-%s\n+%s", row.want, got)
			}
			if err := next(t, done); err != nil {
				t.Errorf("Serve after the child's end: %v", err)
			}
		})
	}
}

// answered is the child's next line; what else it calls goes on to the kernel.
func answered(t *testing.T, c *child, calls <-chan *seccomp.Notification) string {
	t.Helper()
	stop := make(chan struct{})
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		for {
			select {
			case n := <-calls:
				_ = n.Continue()
			case <-stop:
				return
			}
		}
	}()
	line := c.line(t)
	close(stop)
	<-passed
	return line
}

func TestNotificationTellsTheCall(t *testing.T) {
	c := start(t, "accept")
	calls, _ := c.serve(t)
	n := next(t, calls)
	if got, want := int(n.Task()), c.cmd.Process.Pid; got != want {
		t.Errorf("Task: got %d, want the child's first thread %d", got, want)
	}
	if fd, flags := n.Arg(0), n.Arg(3); fd != 99 || flags&linux.SockNonblock == 0 {
		t.Errorf("arguments: got descriptor %d and flags %#x, want 99 and SOCK_NONBLOCK", fd, flags)
	}
}

func TestSecondAnswerIsRefused(t *testing.T) {
	c := start(t, "accept")
	calls, _ := c.serve(t)
	n := next(t, calls)
	if err := n.Return(5); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{"Return": n.Return(6), "Fail": n.Fail(linux.EIO), "Continue": n.Continue(), "Install": n.Install(pipe(t), true)} {
		if err == nil {
			t.Errorf("%s after an answer: got no error", name)
		}
	}
	if got, want := c.line(t), "accept4 5 <nil>"; got != want {
		t.Errorf("what the child saw: got %q, want %q", got, want)
	}
}

func TestCallThatWentAway(t *testing.T) {
	c := start(t, "accept")
	calls, done := c.serve(t)
	n := next(t, calls)
	c.end()
	if n.Valid() {
		t.Error("the call of a task that was killed is valid")
	}
	for name, err := range map[string]error{"Return": n.Return(0), "Fail": n.Fail(linux.EIO), "Continue": n.Continue(), "Install": n.Install(pipe(t), true)} {
		if !errors.Is(err, linux.ENOENT) {
			t.Errorf("%s to a call that went away: got %v, want ENOENT", name, err)
		}
	}
	if err := next(t, done); err != nil {
		t.Errorf("Serve after the child's end: %v", err)
	}
}

func TestServeEndsWithTheLastTask(t *testing.T) {
	t.Run("ok at once when the tree is gone before", func(t *testing.T) {
		c := start(t, "nothing")
		if err := c.cmd.Wait(); err != nil {
			t.Fatal(err)
		}
		_, done := c.serve(t)
		if err := next(t, done); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	t.Run("ok not before an orphan has ended", func(t *testing.T) {
		c := start(t, "leave")
		_, done := c.serve(t)
		if got, want := c.line(t), "start <nil>"; got != want {
			t.Fatalf("the child says %q, want %q", got, want)
		}
		if _, err := c.cmd.Process.Wait(); err != nil {
			t.Fatal(err)
		}
		select {
		case err := <-done:
			t.Errorf("Serve ended while an orphan lives: %v", err)
		default:
		}
		if err := c.stdin.Close(); err != nil {
			t.Fatal(err)
		}
		if err := next(t, done); err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
}

func TestClosedListenerFailsCalls(t *testing.T) {
	c := start(t, "accept")
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := c.line(t), "accept4 -1 function not implemented"; got != want {
		t.Errorf("what the child saw: got %q, want %q", got, want)
	}
}

func TestServeFailsOnSomethingElse(t *testing.T) {
	fd, err := linux.DupCloexec(pipe(t), 3)
	if err != nil {
		t.Fatal(err)
	}
	l, err := seccomp.NewListener(fd, seccomp.AMD64())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if err := l.Serve(func(*seccomp.Notification) {}); err == nil {
		t.Error("Serve on a descriptor that is no listener: got no error")
	}
}
