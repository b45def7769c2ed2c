package syscalls_test

import (
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/syscalls"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// A filter cannot be taken off. This binary, as a child of the test, installs it, hands the listener to the
// test, and becomes an interpreter that makes the calls it is told to.

// targetVariable names the interpreter in the child's environment.
const targetVariable = "SSA_TEST_TARGET"

// controlFD is the child's socket to the test.
const controlFD linux.FD = 3

func becomeTarget() int {
	runtime.LockOSThread()
	python := os.Getenv(targetVariable)
	err := trap()
	if err == nil {
		err = linux.Exec(python, []string{python, "-B", "testdata/target.py"}, os.Environ())
	}
	fmt.Println(err)
	return 1
}

func trap() error {
	arch, ok := seccomp.Host(runtime.GOARCH)
	if !ok {
		return errors.New("no call numbers for " + runtime.GOARCH)
	}
	filter, err := seccomp.Filter(arch, abi.ProtoTLS, true)
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
	defer controlFD.Close()
	defer fd.Close()
	return linux.SendFD(controlFD, []byte("listener"), fd)
}

// target is a program whose calls the kernel stops for the test.
type target struct {
	mu         sync.Mutex // one command at a time
	in         io.WriteCloser
	out        *bufio.Scanner
	base, size uint64
	next       uint64
}

func newTarget(t *testing.T, server *syscalls.Server) *target {
	t.Helper()
	testutil.Require(t, testutil.SeccompNotify())
	ours, theirs, err := linux.SeqpacketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	far := os.NewFile(uintptr(theirs), "control")
	defer far.Close()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), targetVariable+"="+testutil.Python(t))
	cmd.ExtraFiles = []*os.File{far}
	cmd.Stderr = t.Output()
	p := &target{}
	if p.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.out = bufio.NewScanner(out)
	p.out.Buffer(nil, 4<<20)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	far.Close()
	_, fd, err := linux.RecvFD(ours, make([]byte, 16))
	if err != nil || fd == linux.NoFD {
		t.Fatalf("receive the listener: %v", err)
	}
	arch, _ := seccomp.Host(runtime.GOARCH)
	calls, err := seccomp.NewListener(fd, arch)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- calls.Serve(func(n *seccomp.Notification) { server.Handle(n.Call, syscalls.NewCaller(n)) })
	}()
	t.Cleanup(func() {
		_ = p.in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if err := <-done; err != nil {
			t.Errorf("Serve: %v", err)
		}
		_ = calls.Close()
	})
	w := p.words(t)
	p.base, p.size = number(t, w[0]), number(t, w[1])
	return p
}

// ask sends a command and returns the words of the answer.
func (p *target) ask(t *testing.T, words ...any) []string {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := fmt.Fprintln(p.in, words...); err != nil {
		t.Errorf("%v: %v", words, err)
	}
	return p.words(t)
}

func (p *target) words(t *testing.T) []string {
	t.Helper()
	if !p.out.Scan() {
		t.Errorf("the program has ended: %v", p.out.Err())
		return []string{"0", "0", "0"}
	}
	return strings.Fields(p.out.Text())
}

func number(t *testing.T, s string) uint64 {
	t.Helper()
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Errorf("the program says %q: %v", s, err)
	}
	return uint64(n)
}

func (p *target) call(t *testing.T, c seccomp.Call, args ...uint64) result {
	t.Helper()
	words := []any{"call", callName(c)}
	for _, a := range args {
		words = append(words, a)
	}
	w := p.ask(t, words...)
	return result{value: int64(number(t, w[0])), errno: linux.Errno(number(t, w[1]))}
}

func (p *target) store(t *testing.T, b []byte) uint64 {
	t.Helper()
	addr := p.base + p.next
	p.next += uint64(len(b))
	if p.next > p.size-8192 {
		t.Fatal("the program's memory is full")
	}
	if len(b) > 0 {
		p.ask(t, "store", addr, hex.EncodeToString(b))
	}
	return addr
}

func (p *target) edge(t *testing.T, b []byte) uint64 {
	t.Helper()
	addr := p.base + p.size - uint64(len(b))
	p.ask(t, "store", addr, hex.EncodeToString(b))
	return addr
}

func (p *target) load(t *testing.T, addr uint64, n int) []byte {
	t.Helper()
	return unhex(t, p.ask(t, "load", addr, n)[0])
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.TrimPrefix(s, "="))
	if err != nil {
		t.Errorf("the program says %q: %v", s, err)
	}
	return b
}

func (p *target) poll(t *testing.T, fd int64, events int16) int16 {
	t.Helper()
	return int16(number(t, p.ask(t, "poll", fd, events)[0]))
}

func (p *target) send(t *testing.T, fd int64, b []byte) (int, linux.Errno) {
	t.Helper()
	w := p.ask(t, "send", fd, hex.EncodeToString(b))
	return int(number(t, w[0])), linux.Errno(number(t, w[1]))
}

func (p *target) recv(t *testing.T, fd int64, n int) ([]byte, linux.Errno) {
	t.Helper()
	w := p.ask(t, "recv", fd, n)
	return unhex(t, w[0]), linux.Errno(number(t, w[1]))
}

func (p *target) close(t *testing.T, fd int64) {
	t.Helper()
	p.ask(t, "close", fd)
}

func (p *target) flags(t *testing.T, fd int64) (nonblock, cloexec bool) {
	t.Helper()
	w := p.ask(t, "flags", fd)
	return w[0] == "1", w[1] == "1"
}

func (p *target) plain(t *testing.T) int64 {
	t.Helper()
	return p.plainWith(t, 0)
}

func (p *target) plainWith(t *testing.T, flags int) int64 {
	t.Helper()
	return int64(number(t, p.ask(t, "plain", flags)[0]))
}

func (p *target) dialled(t *testing.T, port uint16, nonblock bool) int64 {
	t.Helper()
	mode := 0
	if nonblock {
		mode = 1
	}
	return int64(number(t, p.ask(t, "dialled", port, mode)[0]))
}

func (p *target) dup(t *testing.T, fd int64) int64 {
	t.Helper()
	return int64(number(t, p.ask(t, "dup", fd)[0]))
}

func (p *target) epoll(t *testing.T) int64 {
	t.Helper()
	return int64(number(t, p.ask(t, "epoll")[0]))
}

func (p *target) watch(t *testing.T, ep, fd int64, events uint32) {
	t.Helper()
	p.ask(t, "watch", ep, fd, events)
}

func (p *target) wait(t *testing.T, ep int64) map[int64]uint32 {
	t.Helper()
	m := map[int64]uint32{}
	for _, w := range p.ask(t, "wait", ep) {
		if fd, events, ok := strings.Cut(w, ":"); ok {
			m[int64(number(t, fd))] = uint32(number(t, events))
		}
	}
	return m
}
