package linux_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// A tree for a program: inside is what it may see as its root, outside is not.
//
//	outside            "outside"
//	inside/file        "inside"
//	inside/dir/file    "deep"
//	inside/dir/fifo
//	inside/absolute -> /file
//	inside/up       -> ../../../outside
//	inside/loop     -> loop
func tree(t *testing.T) string {
	t.Helper()
	top := openDir(t)
	inside := filepath.Join(top, "inside")
	if err := os.MkdirAll(filepath.Join(inside, "dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(top, "outside"), "outside", 0o644)
	write(t, filepath.Join(inside, "file"), "inside", 0o644)
	write(t, filepath.Join(inside, "dir/file"), "deep", 0o644)
	if err := unix.Mkfifo(filepath.Join(inside, "dir/fifo"), 0o644); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"absolute": "/file", "up": "../../../outside", "loop": "loop"} {
		if err := os.Symlink(to, filepath.Join(inside, link)); err != nil {
			t.Fatal(err)
		}
	}
	return inside
}

func TestOpenInRoot(t *testing.T) {
	inside := tree(t)
	dir, err := linux.OpenPath(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	for _, row := range []struct {
		name, path, want string
		err              error
	}{
		{"ok relative", "file", "inside", nil},
		{"ok absolute", "/file", "inside", nil},
		{"ok down and up", "dir/../file", "inside", nil},
		{"ok a symbolic link begins at the root", "absolute", "inside", nil},
		{"ok .. stops at the root", "../../../../file", "inside", nil},
		{"bad .. does not lead out", "../outside", "", linux.ENOENT},
		{"bad a symbolic link does not lead out", "up", "", linux.ENOENT},
		{"bad a link to itself", "loop", "", unix.ELOOP},
		{"bad missing", "missing", "", linux.ENOENT},
		{"bad below a file", "file/x", "", unix.ENOTDIR},
		{"bad empty", "", "", linux.ENOENT},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, err := linux.OpenInRoot(dir, row.path)
			check(t, f, err, row.want, row.err)
		})
	}
}

// check compares what was opened, and closes it.
func check(t *testing.T, f *os.File, err error, want string, wantErr error) {
	t.Helper()
	if !errors.Is(err, wantErr) {
		t.Fatalf("open: got %v, want %v", err, wantErr)
	}
	if err != nil {
		return
	}
	defer f.Close()
	if b, err := io.ReadAll(f); err != nil || string(b) != want {
		t.Errorf("content: got %q and %v, want %q", b, err, want)
	}
}

func TestTaskOpen(t *testing.T) {
	inside := tree(t)
	task := start(t, nil, filepath.Join(inside, "dir"))
	for _, row := range []struct {
		name, path, want string
		err              error
	}{
		{"ok relative to its directory", "file", "deep", nil},
		{"ok up from its directory", "../file", "inside", nil},
		{"ok further up", "../../outside", "outside", nil},
		{"ok absolute", filepath.Join(inside, "file"), "inside", nil},
		{"bad missing", "missing", "", linux.ENOENT},
		{"bad magic link", "/proc/self/fd/0", "", unix.ELOOP},
		{"bad too long", strings.Repeat("x", 5000), "", unix.ENAMETOOLONG},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, err := task.Open(row.path)
			check(t, f, err, row.want, row.err)
		})
	}
	t.Run("ok a FIFO without a writer does not block", func(t *testing.T) {
		f, err := task.Open("fifo")
		check(t, f, err, "", nil)
	})
	t.Run("ok a directory is opened, not read", func(t *testing.T) {
		f, err := task.Open("..")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if info, err := f.Stat(); err != nil || !info.IsDir() {
			t.Errorf("stat: got %v and %v", info, err)
		}
	})
}

func TestTaskOpenInItsRoot(t *testing.T) {
	testutil.Require(t, testutil.Root())
	inside := tree(t)
	provide(t, inside)
	task := start(t, &syscall.SysProcAttr{Chroot: inside}, "/dir")
	for _, row := range []struct {
		name, path, want string
		err              error
	}{
		{"ok absolute", "/file", "inside", nil},
		{"ok relative", "file", "deep", nil},
		{"ok up", "../file", "inside", nil},
		{"ok a symbolic link", "/absolute", "inside", nil},
		{"ok .. stops at its root", "../../../../file", "inside", nil},
		{"bad .. does not lead out", "../../outside", "", linux.ENOENT},
		{"bad a symbolic link does not lead out", "/up", "", linux.ENOENT},
	} {
		t.Run(row.name, func(t *testing.T) {
			f, err := task.Open(row.path)
			check(t, f, err, row.want, row.err)
		})
	}
}

// TestTaskOpenFromOutsideItsRoot has a task whose working directory is not below its root, but whose path
// begins with the same letters.
func TestTaskOpenFromOutsideItsRoot(t *testing.T) {
	testutil.Require(t, testutil.Root())
	inside := tree(t)
	beside := inside + "-out"
	for _, dir := range []string{beside, filepath.Join(inside, "-out")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "file"), "wrong", 0o644)
	}
	cmd := exec.Command(testutil.Python(t), "-c", "import os,sys; os.chdir(sys.argv[2]); os.chroot(sys.argv[1]); print(flush=True); sys.stdin.read()", inside, beside)
	p := testutil.Start(t, cmd)
	p.WaitOutput(`\n`)
	f, err := linux.Task(p.PID()).Open("file")
	check(t, f, err, "", linux.ENOENT)
	f, err = linux.Task(p.PID()).Open("/file")
	check(t, f, err, "inside", nil)
}

func TestTaskDescriptors(t *testing.T) {
	near, far, err := linux.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	defer far.Close()
	self := linux.Task(os.Getpid())
	inode, ok := self.Inode(int(near))
	if !ok || inode == 0 {
		t.Fatalf("Inode: got %d and %v", inode, ok)
	}
	dup, err := self.Descriptor(int(near))
	if err != nil {
		t.Fatal(err)
	}
	defer dup.Close()
	if again, ok := self.Inode(int(dup)); !ok || again != inode {
		t.Errorf("Inode of the duplicate: got %d and %v, want %d", again, ok, inode)
	}
	a, errA := linux.SocketCookie(near)
	b, errB := linux.SocketCookie(dup)
	if a != b || a == 0 || errA != nil || errB != nil {
		t.Errorf("SO_COOKIE: got %d, %v and %d, %v", a, errA, b, errB)
	}
	if _, ok := self.Inode(1 << 20); ok {
		t.Error("Inode of no descriptor: got one")
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if _, ok := self.Inode(int(null.Fd())); ok {
		t.Error("Inode of a file: got one")
	}
	if _, err := self.Descriptor(1 << 20); !errors.Is(err, linux.EBADF) {
		t.Errorf("Descriptor of no descriptor: got %v, want EBADF", err)
	}
}

func TestDescriptorOfAThread(t *testing.T) {
	near, far, err := linux.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	defer far.Close()
	tid, done := make(chan int), make(chan bool)
	go func() {
		runtime.LockOSThread()
		tid <- linux.Gettid()
		<-done
	}()
	defer close(done)
	fd, err := linux.Task(<-tid).Descriptor(int(near))
	if err != nil {
		t.Fatal(err)
	}
	_ = fd.Close()
}

func TestDescriptorOfNoTask(t *testing.T) {
	if _, err := linux.Task(1 << 22).Descriptor(0); err == nil {
		t.Error("got no error")
	}
}
