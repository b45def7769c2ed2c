package linux_test

import (
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// bindLow binds to a port that only the privileged may have.
func bindLow(t *testing.T) error {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	return unix.Bind(fd, &unix.SockaddrInet4{Port: 1, Addr: [4]byte{127, 0, 0, 1}})
}

func requireLowPorts(t *testing.T) {
	t.Helper()
	if b, err := os.ReadFile("/proc/sys/net/ipv4/ip_unprivileged_port_start"); err != nil || strings.TrimSpace(string(b)) == "0" {
		t.Fatalf("the privileged ports of this machine: %q and %v; the test needs some", b, err)
	}
}

// credentials are those of the calling thread.
func credentials(t *testing.T) linux.Credentials {
	t.Helper()
	s, err := linux.ReadStatus(linux.Gettid())
	if err != nil {
		t.Fatal(err)
	}
	return s.Credentials()
}

func TestAsNobody(t *testing.T) {
	testutil.Require(t, testutil.Root())
	requireLowPorts(t)
	secret := filepath.Join(t.TempDir(), "secret")
	write(t, secret, "secret", 0o600)
	task := start(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}, "/")
	runtime.LockOSThread() // so that before and after are of the same thread
	defer runtime.UnlockOSThread()
	before := credentials(t)
	failure := errors.New("as told")
	err := task.As(func() error {
		now := credentials(t)
		if now.FSUID != nobody || now.FSGID != nobody || now.CapEff != 0 || len(now.Groups) != 0 {
			t.Errorf("rights of nobody: got %+v", now)
		}
		if err := bindLow(t); !errors.Is(err, unix.EACCES) {
			t.Errorf("bind to port 1 as nobody: got %v, want EACCES", err)
		}
		if _, err := os.Open(secret); !errors.Is(err, unix.EACCES) {
			t.Errorf("open a file of root as nobody: got %v, want EACCES", err)
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Errorf("As: got %v, want what the function returned", err)
	}
	if after := credentials(t); !after.Equal(before) {
		t.Errorf("rights afterwards (-before +after):\n-%+v\n+%+v", before, after)
	}
	if err := bindLow(t); err != nil {
		t.Errorf("bind to port 1 afterwards: %v", err)
	}
	if f, err := os.Open(secret); err != nil {
		t.Errorf("open a file of root afterwards: %v", err)
	} else {
		_ = f.Close()
	}
}

func TestAsAGroup(t *testing.T) {
	testutil.Require(t, testutil.Root())
	const group = 4711
	name := filepath.Join(openDir(t), "shared")
	write(t, name, "shared", 0o640)
	if err := os.Chown(name, 0, group); err != nil {
		t.Fatal(err)
	}
	for want, groups := range map[error][]uint32{nil: {1, group}, unix.EACCES: {1}} {
		task := start(t, &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody, Groups: groups}}, "/")
		f, err := task.Open(name)
		if !errors.Is(err, want) {
			t.Errorf("open with groups %v: got %v, want %v", groups, err, want)
		}
		_ = f.Close()
	}
}

// openDir is a directory that everybody can enter.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ssa")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestAsInAnotherNetwork(t *testing.T) {
	testutil.Require(t, testutil.Root())
	task := start(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET}, "/")
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	home, err := linux.Namespace(linux.Gettid(), "net")
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := linux.Namespace(int(task.Task), "net")
	if err != nil || theirs == home {
		t.Fatalf("namespace of the task: %s and %v, ours is %s", theirs, err, home)
	}
	identity, err := task.Identity()
	if err != nil {
		t.Fatal(err)
	}
	defer identity.Close()
	// The identity can be used after the task has ended.
	if err := task.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := task.cmd.Process.Wait(); err != nil {
		t.Fatal(err)
	}
	err = identity.As(func() error {
		if now, err := linux.Namespace(linux.Gettid(), "net"); err != nil || now != theirs {
			t.Errorf("namespace within As: got %s and %v, want %s", now, err, theirs)
		}
		_, err := net.InterfaceByName("lo")
		return err
	})
	if err != nil {
		t.Errorf("As: %v", err)
	}
	if now, err := linux.Namespace(linux.Gettid(), "net"); err != nil || now != home {
		t.Errorf("namespace afterwards: got %s and %v, want %s", now, err, home)
	}
}

// TestAsInAnotherUserNamespace has a task that is root in a namespace of its own, and nobody special here.
func TestAsInAnotherUserNamespace(t *testing.T) {
	testutil.Require(t, testutil.Root())
	requireLowPorts(t)
	task := start(t, &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}},
		Credential:  &syscall.Credential{Uid: 0, Gid: 0, NoSetGroups: true},
	}, "/")
	s, err := linux.ReadStatus(int(task.Task))
	if err != nil || s.CapEff == 0 {
		t.Fatalf("the task should have capabilities in its namespace: %+v and %v", s, err)
	}
	err = task.As(func() error {
		if now := credentials(t); now.CapEff != 0 || now.FSUID != nobody {
			t.Errorf("rights here: got %+v, want those of nobody", now)
		}
		return bindLow(t)
	})
	if !errors.Is(err, unix.EACCES) {
		t.Errorf("bind to port 1 as root of another namespace: got %v, want EACCES", err)
	}
}

func TestAsOurselvesIsDirect(t *testing.T) {
	task := start(t, nil, "/")
	called := false
	if err := task.As(func() error { called = true; return io.EOF }); !errors.Is(err, io.EOF) || !called {
		t.Errorf("As: got %v, called %v", err, called)
	}
}

func TestIdentityOfNoTask(t *testing.T) {
	if _, err := linux.Task(1 << 22).Identity(); err == nil {
		t.Error("Identity of no task: got no error")
	}
	if err := linux.Task(1 << 22).As(func() error { return nil }); err == nil {
		t.Error("As of no task: got no error")
	}
}
