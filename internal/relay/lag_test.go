package relay_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/relay"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// doomed is set in the environment of the process that relays until it is killed.
const doomed = "RELAY_TEST_DOOMED"

// TestDoomed is no test: it is the process of TestKilled.
func TestDoomed(t *testing.T) {
	if os.Getenv(doomed) == "" {
		return
	}
	f := newFake()
	f.onWrite = func() { _, _ = os.Stdout.WriteString("got something\n") }
	f.send("hello")
	fd := linux.FD(3)
	plain, err := fd.File("plain")
	if err != nil {
		t.Fatal(err)
	}
	_ = relay.Run(context.Background(), plain, f, 2)
}

// TestKilled is the point of the lag byte: the death of the service is never an end of stream.
func TestKilled(t *testing.T) {
	for _, row := range []struct {
		name string
		do   func(t *testing.T, program *net.UnixConn, p *testutil.Process)
		want string
	}{
		{"bad idle", func(*testing.T, *net.UnixConn, *testutil.Process) {}, ""},
		{"bad after the program wrote", func(t *testing.T, program *net.UnixConn, p *testutil.Process) {
			_, _ = program.Write(make([]byte, 100))
			p.WaitOutput("got something")
		}, ""},
		{"bad after the program wrote much", func(t *testing.T, program *net.UnixConn, p *testutil.Process) {
			_, _ = program.Write(make([]byte, 4<<20))
			p.WaitOutput("got something")
		}, ""},
		{"bad after the program's half-close", func(t *testing.T, program *net.UnixConn, p *testutil.Process) {
			_, _ = program.Write(make([]byte, 100))
			_ = program.CloseWrite()
			p.WaitOutput("got something")
		}, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			conn, plain := pair(t, 2)
			program, _ := conn.(*net.UnixConn)
			cmd := exec.Command(os.Args[0], "-test.run", "^TestDoomed$")
			cmd.Env = append(os.Environ(), doomed+"=1")
			cmd.ExtraFiles = []*os.File{plain}
			p := testutil.Start(t, cmd)
			_ = plain.Close()
			hello := make([]byte, 5)
			if _, err := io.ReadFull(program, hello); err != nil {
				t.Fatal(err)
			}
			row.do(t, program, p)
			p.Kill()
			_ = program.SetReadDeadline(time.Now().Add(testutil.Patience))
			n, err := program.Read(hello)
			if n != 0 || !errors.Is(err, linux.ECONNRESET) {
				t.Errorf("the program reads %d bytes and %v, want %v", n, err, linux.ECONNRESET)
			}
		})
	}
}

// watched is a fake session that checks at each write that a byte lies unread in the relay's queue.
func watched(t testing.TB) (*fake, *running) {
	t.Helper()
	conn, plain := pair(t, 5)
	program, _ := conn.(*net.UnixConn)
	f := newFake()
	ctx, cancel := context.WithCancelCause(context.Background())
	r := &running{fake: f, program: program, result: make(chan error, 1), cancel: cancel}
	twin := linux.NoFD
	if err := linux.Control(plain, func(fd linux.FD) (err error) {
		twin, err = linux.DupCloexec(fd, 0)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = twin.Close() })
	f.onWrite = func() {
		if n, err := linux.Siocinq(twin); n < 1 || err != nil {
			t.Errorf("%d bytes lie unread, and %v; want 1 or more", n, err)
		}
	}
	go func() { r.result <- relay.Run(ctx, plain, f, 5) }()
	t.Cleanup(func() { cancel(nil) })
	return f, r
}

func TestLag(t *testing.T) {
	f, r := watched(t)
	var want bytes.Buffer
	for _, size := range []int{1, 2, 4095, 4096, 4097, 1, 8192, 1 << 20, 3, 256 << 10, 256<<10 + 1, 1} {
		chunk := bytes.Repeat([]byte{byte(size), byte(size >> 8), 7}, size/3+1)[:size]
		want.Write(chunk)
		if _, err := r.program.Write(chunk); err != nil {
			t.Fatal(err)
		}
		if size%2 == 0 {
			continue // two in a row
		}
		f.await(t, "everything has arrived", func() bool { return len(f.out) == want.Len() })
		if !bytes.Equal(f.output(), want.Bytes()) {
			t.Fatalf("after %d bytes the streams differ", want.Len())
		}
	}
	_ = r.program.CloseWrite()
	f.ends(io.EOF)
	if err := r.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
	r.reads(t, "", nil)
}

// TestPassedDescriptors has the program send descriptors, which TCP could not carry: they are dropped, with
// nothing lost and nothing left open.
func TestPassedDescriptors(t *testing.T) {
	f, r := watched(t)
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = read.Close() }()
	want := strings.Builder{}
	for i := range 200 {
		s := strings.Repeat("x", 1+i*i%9000)
		want.WriteString(s)
		sendWith(t, r.program, s, write)
	}
	_ = write.Close()
	f.awaitOut(t, want.String())
	_ = r.program.CloseWrite()
	f.ends(io.EOF)
	if err := r.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
	if n, err := read.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("the pipe gives %d bytes and %v; somebody has its other end open", n, err)
	}
}

// sendWith sends all of s, its first part with a descriptor.
func sendWith(t *testing.T, c *net.UnixConn, s string, f *os.File) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = linux.Control(f, func(pass linux.FD) error {
		var inner error
		err := raw.Write(func(fd uintptr) bool {
			inner = linux.SendFD(linux.FD(fd), []byte(s), pass)
			return !errors.Is(inner, linux.EAGAIN)
		})
		return errors.Join(err, inner)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestUrgent has a program that sends with MSG_OOB: the bytes stay in their place, as with SO_OOBINLINE.
func TestUrgent(t *testing.T) {
	f, r := watched(t)
	const script = `
import os, socket
s = socket.socket(fileno=3)
s.setblocking(True)
for i in range(50):
    s.sendall(b"in-band;")
    s.send(b"urgent!", socket.MSG_OOB)
s.sendall(b"x" * 100000)
s.send(b"!", socket.MSG_OOB)
`
	file, err := r.program.File()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(testutil.Python(t), "-c", script)
	cmd.ExtraFiles = []*os.File{file}
	p := testutil.Start(t, cmd)
	_ = file.Close()
	if status := p.Wait(); status != 0 {
		t.Fatalf("python: %d\n%s", status, p.Output())
	}
	f.awaitOut(t, strings.Repeat("in-band;urgent!", 50)+strings.Repeat("x", 100000)+"!")
	_ = r.program.CloseWrite()
	f.ends(io.EOF)
	if err := r.wait(t); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// TestWritable has the lag byte in the largest buffer the kernel makes: the program's socket must be writable
// whenever the relay has taken what was written.
func TestWritable(t *testing.T) {
	f := newFake()
	r := run(t, 1, f)
	raw, err := r.program.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	// What the kernel gives a socket that asks for nothing.
	const sendBuffer = 212992 / 2
	written := 0
	for i := range 100 {
		size := []int{1 << 20, 1, 700, 3000, 1, 1, 1, 1, 1, 1, 1, 4095, 4094, 1}[i%14]
		err := raw.Control(func(fd uintptr) {
			_ = linux.SetsockoptInt(linux.FD(fd), linux.SolSocket, linux.SoSndBuf, sendBuffer)
			n, _ := linux.Send(linux.FD(fd), make([]byte, size))
			written += n
		})
		if err != nil {
			t.Fatal(err)
		}
		f.await(t, "everything is taken", func() bool { return len(f.out) == written })
		_ = raw.Control(func(fd uintptr) {
			if events, err := linux.Poll(linux.FD(fd), linux.PollOut, 0); events&linux.PollOut == 0 || err != nil {
				t.Errorf("after %d bytes poll gives %#x and %v, want POLLOUT", written, events, err)
			}
		})
	}
}

// TestSingleBytes has a program fill its send buffer with single bytes, each of which is charged with a buffer of its own,
// and then wait for room.
func TestSingleBytes(t *testing.T) {
	conn, plain := pair(t, 1)
	program, _ := conn.(*net.UnixConn)
	raw, err := program.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	written := 0
	_ = raw.Control(func(fd uintptr) {
		_ = linux.SetsockoptInt(linux.FD(fd), linux.SolSocket, linux.SoSndBuf, 212992/2)
		for err == nil {
			if _, err = linux.Send(linux.FD(fd), []byte("x")); err == nil {
				written++
			}
		}
	})
	if !errors.Is(err, linux.EAGAIN) || written >= 4096 {
		t.Fatalf("the send buffer takes %d bytes, then %v", written, err)
	}
	f := newFake()
	result := make(chan error, 1)
	go func() { result <- relay.Run(t.Context(), plain, f, 1) }()
	_ = program.SetWriteDeadline(time.Now().Add(testutil.Patience))
	if _, err := program.Write([]byte("y")); err != nil {
		t.Errorf("after %d single bytes: %v", written, err)
	}
	f.awaitOut(t, strings.Repeat("x", written)+"y")
	_ = program.CloseWrite()
	f.ends(io.EOF)
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// FuzzQueue: however a program cuts what it writes, the peer gets the same bytes, and one of them always lies
// unread.
func FuzzQueue(f *testing.F) {
	f.Add([]byte{1, 2, 3, 255, 255, 255, 0, 1})
	f.Add(bytes.Repeat([]byte{200}, 50))
	f.Fuzz(func(t *testing.T, cuts []byte) {
		f, r := watched(t)
		var want []byte
		for i, cut := range cuts[:min(len(cuts), 100)] {
			size := int(cut)
			if cut > 128 {
				size = int(cut-128) * 600 // around the sizes at which the relay changes its ways
			}
			chunk := bytes.Repeat([]byte{byte(i)}, size)
			want = append(want, chunk...)
			if _, err := r.program.Write(chunk); err != nil {
				t.Fatal(err)
			}
			if cut%4 == 0 {
				f.awaitOut(t, string(want))
			}
		}
		_ = r.program.CloseWrite()
		f.ends(io.EOF)
		if err := r.wait(t); err != nil || !bytes.Equal(f.output(), want) {
			t.Errorf("Run: %v; the peer got %d bytes, want %d", err, len(f.output()), len(want))
		}
	})
}
