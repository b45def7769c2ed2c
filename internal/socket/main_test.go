package socket

import (
	"os"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// event waits for something on a channel.
func event[T any](t *testing.T, c <-chan T) T {
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

// watching makes a watcher that runs as long as the test.
func watching(t *testing.T) *watcher {
	t.Helper()
	dir, err := os.MkdirTemp("", "ssa") // t.TempDir makes paths too long for struct sockaddr_un
	if err != nil {
		t.Fatal(err)
	}
	w, err := newWatcher(dir)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- w.run() }()
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Errorf("close: %v", err)
		}
		if err := event(t, done); err != nil {
			t.Errorf("run: %v", err)
		}
		if err := os.Remove(dir); err != nil {
			t.Errorf("the watcher leaves something in its directory: %v", err)
		}
	})
	return w
}

// unixSocket makes an AF_UNIX stream socket.
func unixSocket(t *testing.T, flags int) linux.FD {
	t.Helper()
	fd, err := linux.Socket(linux.AFUnix, linux.SockStream|flags, 0)
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func duplicateOf(t *testing.T, fd linux.FD) linux.FD {
	t.Helper()
	dup, err := linux.DupCloexec(fd, 3)
	if err != nil {
		t.Fatal(err)
	}
	return dup
}

func polled(t *testing.T, fd linux.FD, events int16) int16 {
	t.Helper()
	got, err := linux.Poll(fd, events, 0)
	if err != nil {
		t.Fatal(err)
	}
	return got
}
