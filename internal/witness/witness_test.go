package witness_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/identity"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/rpc"
	"github.com/securesocketapi/ssa/internal/testutil"
	"github.com/securesocketapi/ssa/internal/wire"
	"github.com/securesocketapi/ssa/internal/witness"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

// both runs a test with the process's own eyes and through another process's.
func both(t *testing.T, run func(*testing.T, wire.Witness)) {
	t.Run("local", func(t *testing.T) { run(t, witness.Local{}) })
	t.Run("remote", func(t *testing.T) {
		a, b, err := linux.SeqpacketPair()
		if err != nil {
			t.Fatal(err)
		}
		served := make(chan error, 1)
		go func() { served <- witness.Serve(context.WithoutCancel(t.Context()), b) }()
		c, err := rpc.NewClient(a)
		if err != nil {
			t.Fatal(err)
		}
		defer func() {
			_ = c.Close()
			if err := <-served; err != nil {
				t.Errorf("Serve: %v", err)
			}
		}()
		run(t, witness.NewClient(c))
	})
}

// sleeper starts a process that waits, as this user or another.
func sleeper(t *testing.T, as ...string) *testutil.Process {
	t.Helper()
	words := append(as, "sh", "-c", "echo here; read line")
	p := testutil.Start(t, exec.Command(words[0], words[1:]...))
	p.WaitOutput("here")
	return p
}

func pidfd(t *testing.T, pid int) linux.FD {
	t.Helper()
	fd, err := linux.PidfdOpen(pid, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fd.Close() })
	return fd
}

// supervisor names a process as the kernel would.
func supervisor(t *testing.T, pid, uid int) wire.Supervisor {
	t.Helper()
	s, err := identity.ReadStat(pid)
	if err != nil {
		t.Fatal(err)
	}
	return wire.Supervisor{PID: pid, UID: uid, Start: s.Start}
}

func TestProgram(t *testing.T) {
	both(t, func(t *testing.T, w wire.Witness) {
		child := sleeper(t)
		me := supervisor(t, os.Getpid(), os.Getuid())
		app, err := w.Program(t.Context(), me, pidfd(t, child.PID()))
		if err != nil || app.PID != child.PID() || app.UID != os.Getuid() || app.Exe != "/usr/bin/dash" {
			t.Errorf("a child: %+v, %v", app, err)
		}
		other := sleeper(t)
		gone := pidfd(t, other.PID())
		other.Kill()
		pipe, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = pipe.Close() }()
		stale := me
		stale.Start++
		for _, tt := range []struct {
			name string
			s    wire.Supervisor
			fd   linux.FD
		}{
			{"bad not below the supervisor", supervisor(t, child.PID(), os.Getuid()), pidfd(t, os.Getpid())},
			{"bad brother of the supervisor", supervisor(t, sleeper(t).PID(), os.Getuid()), pidfd(t, child.PID())},
			{"bad first process", me, pidfd(t, 1)},
			{"bad has ended", me, gone},
			{"bad no pidfd", me, linux.FD(pipe.Fd())},
			{"bad supervisor of another time", stale, pidfd(t, child.PID())},
			{"bad another user", wire.Supervisor{PID: me.PID, UID: me.UID + 1, Start: me.Start}, pidfd(t, child.PID())},
		} {
			t.Run(tt.name, func(t *testing.T) {
				app, err := w.Program(t.Context(), tt.s, tt.fd)
				var f *abi.Failure
				if !errors.As(err, &f) || f.Kind != abi.Forbidden {
					t.Errorf("got %+v, %v", app, err)
				}
			})
		}
	})
}

func TestSupervisor(t *testing.T) {
	both(t, func(t *testing.T, w wire.Witness) {
		cred := linux.PeerCred{PID: os.Getpid(), UID: os.Getuid()}
		for _, fd := range []linux.FD{pidfd(t, os.Getpid()), linux.NoFD} {
			s, err := w.Supervisor(t.Context(), cred, fd)
			if err != nil || s != supervisor(t, os.Getpid(), os.Getuid()) {
				t.Errorf("ok: %+v, %v", s, err)
			}
		}
		for _, tt := range []struct {
			name string
			c    linux.PeerCred
			fd   linux.FD
		}{
			{"bad not visible", linux.PeerCred{UID: cred.UID}, linux.NoFD},
			{"bad pidfd of another", cred, pidfd(t, 1)},
			{"bad number reused by another user", linux.PeerCred{PID: cred.PID, UID: cred.UID + 1}, linux.NoFD},
		} {
			t.Run(tt.name, func(t *testing.T) {
				s, err := w.Supervisor(t.Context(), tt.c, tt.fd)
				var f *abi.Failure
				if !errors.As(err, &f) || f.Kind != abi.Forbidden {
					t.Errorf("got %+v, %v", s, err)
				}
			})
		}
	})
}

// TestOtherUsers has root's supervisor speak for another user's process.
func TestOtherUsers(t *testing.T) {
	testutil.Require(t, testutil.Root(), testutil.Program("setpriv"))
	const nobody = 65534
	p := sleeper(t, "setpriv", "--reuid="+strconv.Itoa(nobody), "--clear-groups")
	app, err := witness.Local{}.Program(t.Context(), supervisor(t, os.Getpid(), 0), pidfd(t, p.PID()))
	if err != nil || app.UID != nobody {
		t.Errorf("got %+v, %v", app, err)
	}
}
