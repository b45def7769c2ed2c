package testutil

import (
	"errors"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// A Process is a program that runs beside the test, in a process group that ends with the test at the latest.
type Process struct {
	t     testing.TB
	cmd   *exec.Cmd
	out   *transcript
	stdin io.WriteCloser
	done  chan struct{}
}

// Start starts cmd with its output collected and its standard input open for Send. A test that fails logs
// the output.
func Start(t testing.TB, cmd *exec.Cmd) *Process {
	t.Helper()
	p := &Process{t: t, cmd: cmd, out: newTranscript(), done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	cmd.SysProcAttr = linux.Setpgid()
	cmd.WaitDelay = 5 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("start %s: %v", cmd, err)
	}
	p.stdin = stdin
	if err := cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", cmd, err)
	}
	go p.reap()
	t.Cleanup(p.end)
	return p
}

func (p *Process) reap() {
	// The status is read from cmd.ProcessState; an output pipe that a grandchild kept open is not the test's concern.
	_ = p.cmd.Wait()
	p.out.close()
	close(p.done)
}

func (p *Process) end() {
	p.Kill()
	if p.t.Failed() {
		p.t.Logf("%s:\n%s", p.cmd, p.Output())
	}
}

// Kill ends the process and everything it started, and waits for it.
func (p *Process) Kill() {
	p.t.Helper()
	if err := linux.Killpg(p.cmd.Process.Pid); err != nil {
		p.t.Errorf("end %s: %v", p.cmd, err)
	}
	<-p.done
}

// PID is the number of the process, which is that of its group too.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output is what the process has written so far, standard output and error together.
func (p *Process) Output() string { return p.out.String() }

// Send writes to the standard input of the process.
func (p *Process) Send(s string) {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, s); err != nil {
		p.t.Fatalf("write to %s: %v", p.cmd, err)
	}
}

// CloseInput gives the process the end of its standard input.
func (p *Process) CloseInput() {
	p.t.Helper()
	if err := p.stdin.Close(); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		p.t.Fatalf("close input of %s: %v", p.cmd, err)
	}
}

// WaitOutput waits until the output holds a match of re and returns it with its groups. It fails the test when
// the process ends without one.
func (p *Process) WaitOutput(re string) []string {
	p.t.Helper()
	match := regexp.MustCompile(re)
	var found []string
	err := p.out.wait(func(s string) bool {
		found = match.FindStringSubmatch(s)
		return found != nil
	})
	if err != nil {
		p.t.Fatalf("%s did not write %q: %v\n%s", p.cmd, re, err, p.Output())
	}
	return found
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the process to end and returns its exit status, -1 when a signal ended it.
func (p *Process) Wait() int {
	p.t.Helper()
	timer := time.NewTimer(Patience)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.t.Fatalf("%s did not end within %v:\n%s", p.cmd, Patience, p.Output())
	}
	return p.cmd.ProcessState.ExitCode()
}

// Run runs cmd to its end with what to read on standard input, and returns its output and exit status.
func Run(t testing.TB, cmd *exec.Cmd, input string) (output string, status int) {
	t.Helper()
	p := Start(t, cmd)
	if input != "" {
		p.Send(input)
	}
	p.CloseInput()
	status = p.Wait()
	return p.Output(), status
}

// Lines gives the value of each "name value" line of a program's output. The first line of a name counts.
func Lines(output string) map[string]string {
	values := map[string]string{}
	for line := range strings.Lines(output) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		if _, seen := values[name]; !seen {
			values[name] = value
		}
	}
	return values
}
