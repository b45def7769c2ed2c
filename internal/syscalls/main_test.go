package syscalls_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/syscalls"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) {
	if os.Getenv(targetVariable) != "" {
		os.Exit(becomeTarget())
	}
	os.Exit(testutil.Main(m))
}

// A world is one supervised program with all that is behind its calls but for TLS.
type world struct {
	program
	service *service
	table   *socket.Table
	server  *syscalls.Server
	// cancel ends the supervisor's context.
	cancel context.CancelFunc
}

// socketsMax bounds the sockets of a world's program.
const socketsMax = 16

// newWorld makes the supervisor's side.
func newWorld(t testing.TB) *world {
	t.Helper()
	return newWrappingWorld(t, socket.Wraps{})
}

// faultless fails the test when a fault of ours is logged.
type faultless struct {
	t   testing.TB
	out io.Writer
}

func (f faultless) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("level=ERROR")) {
		f.t.Errorf("logged: %s", line)
	}
	return f.out.Write(line)
}

// newWrappingWorld is one in which plain connections become TLS.
func newWrappingWorld(t testing.TB, wraps socket.Wraps) *world {
	t.Helper()
	w := &world{service: newService()}
	out := io.Discard
	if testing.Verbose() {
		out = t.Output()
	}
	log := slog.New(slog.NewTextHandler(faultless{t, out}, nil))
	dir, err := os.MkdirTemp("", "ssa") // t.TempDir makes paths too long for struct sockaddr_un
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	w.table, err = socket.NewTable(socket.Config{Service: w.service, Dir: dir, Max: socketsMax, Wraps: wraps, Logger: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	w.cancel = cancel
	w.server = syscalls.NewServer(ctx, w.table, log)
	watching := make(chan error, 1)
	go func() { watching <- w.table.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		w.server.Wait()
		if err := <-watching; err != nil {
			t.Errorf("Run: %v", err)
		}
		if err := w.table.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		w.service.close()
	})
	return w
}

// simulated is a world whose program is simulated.
func simulated(t testing.TB) (*world, *simulation) {
	t.Helper()
	w := newWorld(t)
	s := newSimulation(t, w.server)
	w.program = s
	return w, s
}

// both runs a scenario with a simulated program and with a real one whose calls the kernel stops.
func both(t *testing.T, scenario func(*testing.T, *world)) {
	t.Helper()
	bothWrapping(t, socket.Wraps{}, scenario)
}

func bothWrapping(t *testing.T, wraps socket.Wraps, scenario func(*testing.T, *world)) {
	t.Helper()
	t.Run("ok simulated", func(t *testing.T) {
		w := newWrappingWorld(t, wraps)
		w.program = newSimulation(t, w.server)
		scenario(t, w)
	})
	t.Run("ok on the kernel", func(t *testing.T) {
		w := newWrappingWorld(t, wraps)
		w.program = newTarget(t, w.server)
		scenario(t, w)
	})
}

// event waits for something on a channel.
func event[T any](t testing.TB, c <-chan T) T {
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

// until waits for a condition that no event tells.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(testutil.Patience)
	defer deadline.Stop()
	ticker := time.NewTicker(time.Millisecond)
	defer ticker.Stop()
	for !holds() {
		select {
		case <-ticker.C:
		case <-deadline.C:
			t.Fatalf("it did not come to this: %s", what)
		}
	}
}

// names of calls for messages.
func callName(c seccomp.Call) string {
	return map[seccomp.Call]string{
		seccomp.Socket: "socket", seccomp.Bind: "bind", seccomp.Connect: "connect", seccomp.Listen: "listen",
		seccomp.Accept: "accept", seccomp.Accept4: "accept4", seccomp.Getsockname: "getsockname",
		seccomp.Getpeername: "getpeername", seccomp.Setsockopt: "setsockopt", seccomp.Getsockopt: "getsockopt",
	}[c]
}
