package tests

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"io"
	"os/exec"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// A driver is a program under `ssa run` that makes the socket calls a test tells it to make, one after the other.
type driver struct {
	t   testing.TB
	in  io.Writer
	out *bufio.Reader
	err *bytes.Buffer
}

// A result is how a call ended. Errno is empty for success.
type result struct {
	RC    int    `json:"rc"`
	Errno string `json:"errno"`
	// Value is the buffer in hexadecimal, Len the length the call gave back.
	Value string `json:"value"`
	Len   int    `json:"len"`
	Port  int    `json:"port"`
}

func startDriver(t testing.TB) *driver {
	t.Helper()
	return drive(t, ssaRun(t, testutil.Python(t), "-B", "programs/python/sockdrv.py"))
}

// drive starts a driver by its command.
func drive(t testing.TB, cmd *exec.Cmd) *driver {
	t.Helper()
	d := &driver{t: t, err: &bytes.Buffer{}}
	cmd.Stderr = d.err
	cmd.SysProcAttr = linux.Setpgid()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.in, d.out = in, bufio.NewReader(out)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.end(cmd, in) })
	return d
}

// end lets the program finish by itself, which it does when its input ends.
func (d *driver) end(cmd *exec.Cmd, in io.Closer) {
	_ = in.Close()
	if d.t.Failed() {
		_ = linux.Killpg(cmd.Process.Pid)
	}
	if err := cmd.Wait(); err != nil {
		d.t.Errorf("driver: %v\n%s", err, d.err)
	}
}

// call makes one call and waits for its result.
func (d *driver) call(words ...any) result {
	d.t.Helper()
	line, err := json.Marshal(words)
	if err != nil {
		d.t.Fatal(err)
	}
	if _, err := d.in.Write(append(line, '\n')); err != nil {
		d.t.Fatalf("%s: %v", line, err)
	}
	answer, err := d.out.ReadBytes('\n')
	if err != nil {
		d.t.Fatalf("%s: %v", line, err)
	}
	var r result
	if err := json.Unmarshal(answer, &r); err != nil {
		d.t.Fatalf("%s: %v in %s", line, err, answer)
	}
	return r
}

// must makes a call that is to succeed.
func (d *driver) must(words ...any) result {
	d.t.Helper()
	r := d.call(words...)
	if r.RC < 0 {
		d.t.Fatalf("%v: got %s, want success (TLS_ERROR %q)", words, r.Errno, d.tlsError(words))
	}
	return r
}

// tlsError is the reason the socket of a call gives.
func (d *driver) tlsError(words []any) string {
	d.t.Helper()
	if len(words) < 2 {
		return ""
	}
	return d.call("get", words[1], 100).text()
}

func (r result) bytes() []byte {
	b, err := hex.DecodeString(r.Value)
	if err != nil {
		return nil
	}
	return b
}

// text is a value without its NUL.
func (r result) text() string { return strings.TrimSuffix(string(r.bytes()), "\x00") }

// number is a value as an int.
func (r result) number() int {
	if b := r.bytes(); len(b) == 4 {
		return int(int32(binary.NativeEndian.Uint32(b)))
	}
	return -1
}
