package seccomp_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// A filter cannot be taken off, so it is installed in a child only: this binary, which then plays a part. The
// child prints what became of its calls.

const partVariable = "SSA_TEST_PART"

// controlFD is the child's socket to the test.
const controlFD linux.FD = 3

func TestMain(m *testing.M) {
	if part := os.Getenv(partVariable); part != "" {
		os.Exit(play(part))
	}
	os.Exit(testutil.Main(m))
}

func parts() map[string]func() {
	return map[string]func(){
		"accept":  partAccept,
		"listen":  partListen,
		"socket":  partSocket,
		"nothing": func() {},
		"leave":   partLeave,
	}
}

// play installs the filter on this thread and hands its listener over.
func play(part string) int {
	runtime.LockOSThread()
	fmt.Println("thread", linux.Gettid())
	if err := trap(); err != nil {
		fmt.Println(err)
		return 1
	}
	parts()[part]()
	return 0
}

func trap() error {
	arch, ok := seccomp.Host(runtime.GOARCH)
	if !ok {
		return errors.New("no call numbers for " + runtime.GOARCH)
	}
	filter, err := seccomp.Filter(arch, tls, false)
	if err != nil {
		return err
	}
	if err := linux.NoNewPrivs(); err != nil {
		return err
	}
	fd, err := linux.Seccomp(filter)
	if err != nil {
		return err
	}
	defer fd.Close()
	defer controlFD.Close()
	return linux.SendFD(controlFD, []byte("listener"), fd)
}

func partAccept() {
	fd, err := linux.Accept4(99, linux.SockNonblock)
	fmt.Println("accept4", int(fd), err)
}

// partListen puts a socket of its own in listening state and sees whether that worked.
func partListen() {
	fd, err := linux.Socket(linux.AFUnix, linux.SockStream, 0)
	if err == nil {
		err = linux.Listen(fd, 7)
	}
	const soAcceptConn = 30
	state := make([]byte, 4)
	_, _ = linux.Getsockopt(fd, linux.SolSocket, soAcceptConn, state)
	fmt.Println("listen", err, "listening", state[0])
}

// partSocket makes a TLS socket and reads from what it got.
func partSocket() {
	fd, err := linux.Socket(linux.AFInet, linux.SockStream, tls)
	if err != nil {
		fmt.Println("socket", err)
		return
	}
	kept, _ := linux.Inherited()
	inherited := false
	for _, k := range kept {
		inherited = inherited || k == fd
	}
	b := make([]byte, 5)
	n, err := linux.Read(fd, b)
	fmt.Printf("socket read %q %v inherited %v\n", b[:max(n, 0)], err, inherited)
}

// partLeave ends while a process it started goes on until its input ends.
func partLeave() {
	cmd := exec.Command("cat")
	cmd.Stdin = os.Stdin
	fmt.Println("start", cmd.Start())
}

// child is a part that plays beside the test.
type child struct {
	*seccomp.Listener
	cmd   *exec.Cmd
	lines *bufio.Scanner
	stdin io.Closer
}

// start starts a part and takes its listener over.
func start(t *testing.T, part string) *child {
	t.Helper()
	testutil.Require(t, testutil.SeccompNotify())
	ours, theirs, err := linux.SeqpacketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	far := os.NewFile(uintptr(theirs), "control")
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), partVariable+"="+part, "GORACE=atexit_sleep_ms=0")
	cmd.ExtraFiles = []*os.File{far}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	far.Close()
	c := &child{cmd: cmd, lines: bufio.NewScanner(out), stdin: stdin}
	t.Cleanup(c.end)
	thread := c.line(t)
	_, fd, err := linux.RecvFD(ours, make([]byte, 16))
	if err != nil || fd == linux.NoFD {
		t.Fatalf("receive the listener: %v; the child says %q", err, c.line(t))
	}
	arch, _ := seccomp.Host(runtime.GOARCH)
	if c.Listener, err = seccomp.NewListener(fd, arch); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if !strings.HasPrefix(thread, "thread ") {
		t.Fatalf("the child says %q", thread)
	}
	return c
}

func (c *child) end() {
	_ = c.cmd.Process.Kill()
	_ = c.stdin.Close()
	_ = c.cmd.Wait()
}

// line is the next line the child prints.
func (c *child) line(t *testing.T) string {
	t.Helper()
	if !c.lines.Scan() {
		t.Fatalf("the child has ended: %v", c.lines.Err())
	}
	return c.lines.Text()
}

// serve hands the child's calls out until its tree has ended.
func (c *child) serve(t *testing.T) (<-chan *seccomp.Notification, <-chan error) {
	calls, done := make(chan *seccomp.Notification, 8), make(chan error, 1)
	served := make(chan struct{})
	go func() {
		defer close(served)
		done <- c.Serve(func(n *seccomp.Notification) { calls <- n })
	}()
	t.Cleanup(func() { // before the listener is closed
		c.end()
		<-served
	})
	return calls, done
}
