package linux_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// pend stops a process and sends it a signal it handles, which then stays pending: the state of a thread that
// waits for an answer and can only be woken by fatal signals.
func pend(t *testing.T, pid int, signals ...syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	until(t, "it is stopped", func() bool {
		status, err := linux.ReadStatus(pid)
		return err == nil && status.State == "T"
	})
	for _, s := range signals {
		if err := syscall.Kill(pid, s); err != nil {
			t.Fatal(err)
		}
	}
}

// handler is a program with handlers and a second thread, which blocks SIGUSR2 and prints its number.
const handler = `
import signal, sys, threading
for s in signal.SIGUSR1, signal.SIGUSR2:
    signal.signal(s, lambda *_: None)
def wait():
    signal.pthread_sigmask(signal.SIG_SETMASK, [signal.SIGUSR2])
    print(threading.get_native_id(), flush=True)
    threading.Event().wait()
if len(sys.argv) > 1:
    threading.Thread(target=wait, daemon=True).start()
else:
    print(flush=True)
sys.stdin.read()
`

func TestInterrupted(t *testing.T) {
	t.Run("ok nothing pending", func(t *testing.T) {
		if got := start(t, nil, "/").Interrupted(); got != linux.NotInterrupted {
			t.Errorf("got %d", got)
		}
	})
	t.Run("ok a signal for the only thread", func(t *testing.T) {
		p := testutil.Start(t, exec.Command(testutil.Python(t), "-c", handler))
		p.WaitOutput(`\n`)
		pend(t, p.PID(), syscall.SIGUSR1)
		if got := linux.Task(p.PID()).Interrupted(); got != linux.Restart {
			t.Errorf("got %d, want a restart", got)
		}
	})
	t.Run("ok a signal that is ignored", func(t *testing.T) {
		p := start(t, nil, "/")
		pend(t, int(p.Task), syscall.SIGCHLD)
		if got := p.Interrupted(); got != linux.NotInterrupted {
			t.Errorf("got %d", got)
		}
	})
	t.Run("ok the task is gone", func(t *testing.T) {
		if got := linux.Task(1 << 22).Interrupted(); got != linux.NotInterrupted {
			t.Errorf("got %d", got)
		}
	})
}

func TestInterruptedThreads(t *testing.T) {
	p := testutil.Start(t, exec.Command(testutil.Python(t), "-c", handler, "two"))
	other, err := strconv.Atoi(p.WaitOutput(`(\d+)\n`)[1])
	if err != nil {
		t.Fatal(err)
	}
	first := linux.Task(p.PID())
	if got := []linux.Interruption{first.Interrupted(), linux.Task(other).Interrupted()}; got[0]+got[1] != linux.NotInterrupted {
		t.Errorf("nothing pending: got %v", got)
	}
	pend(t, p.PID(), syscall.SIGUSR2)
	if got := first.Interrupted(); got != linux.Restart {
		t.Errorf("a signal of the process, for its first thread: got %d, want a restart", got)
	}
	// The other thread blocks that signal. It is to stop all the same, as its process has.
	if got := linux.Task(other).Interrupted(); got != linux.Restart {
		t.Errorf("a stopped process, for another thread: got %d, want a restart", got)
	}
	pend(t, p.PID(), syscall.SIGUSR1)
	if got := linux.Task(other).Interrupted(); got != linux.Interrupt {
		t.Errorf("a signal of the process, for another thread: got %d, want an interrupt", got)
	}
}

func TestMessagesWithDescriptors(t *testing.T) {
	near, far, err := linux.SeqpacketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	name := filepath.Join(t.TempDir(), "file")
	write(t, name, "content", 0o600)
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := linux.SendFD(far, []byte("with"), linux.FD(file.Fd())); err != nil {
		t.Fatal(err)
	}
	if err := linux.SendFD(far, []byte("without"), linux.NoFD); err != nil {
		t.Fatal(err)
	}
	_ = far.Close()
	b := make([]byte, 16)
	n, fd, err := linux.RecvFD(near, b)
	if err != nil || string(b[:n]) != "with" || fd == linux.NoFD {
		t.Fatalf("first: got %q, descriptor %d and %v", b[:n], fd, err)
	}
	defer fd.Close()
	if n, err := unix.Read(int(fd), b); err != nil || string(b[:n]) != "content" {
		t.Errorf("the descriptor: got %q and %v", b[:n], err)
	}
	if n, none, err := linux.RecvFD(near, b); err != nil || string(b[:n]) != "without" || none != linux.NoFD {
		t.Errorf("second: got %q, descriptor %d and %v", b[:n], none, err)
	}
	if n, none, err := linux.RecvFD(near, b); err != nil || n != 0 || none != linux.NoFD {
		t.Errorf("the end: got %d bytes, descriptor %d and %v", n, none, err)
	}
	kept, err := linux.Inherited()
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range kept {
		if k == fd {
			t.Error("a received descriptor is not close-on-exec")
		}
	}
}

func TestForwardableSignals(t *testing.T) {
	seen := map[os.Signal]bool{}
	for _, s := range linux.Forwardable() {
		seen[s] = true
	}
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGTSTP, syscall.SIGUSR1, syscall.SIGWINCH, 34, 64} {
		if !seen[s] {
			t.Errorf("signal %d is not forwarded", s)
		}
	}
	for _, s := range []syscall.Signal{syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGURG, syscall.SIGCHLD, syscall.SIGSEGV, 32, 33, 65} {
		if seen[s] {
			t.Errorf("signal %d is forwarded", s)
		}
	}
}
