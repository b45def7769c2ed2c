package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// An agent is a Python program below `ssa run` that does what the test tells it, one line at a time.
type agent struct {
	t testing.TB
	*testutil.Process
	asked int
}

// An answer is what the agent says to one line.
type answer struct {
	Value json.RawMessage
	Error string
	Text  string
}

func startAgent(t testing.TB, env []string) *agent {
	t.Helper()
	return agentOf(t, ssaRun(t, testutil.Python(t), "faults/agent.py"), env)
}

// agentOf starts a command that ends up as an agent.
func agentOf(t testing.TB, cmd *exec.Cmd, env []string) *agent {
	t.Helper()
	cmd.Env = env
	return &agent{t: t, Process: testutil.Start(t, cmd)}
}

// try has one line done.
func (a *agent) try(format string, args ...any) answer {
	a.t.Helper()
	a.start(format, args...)
	return a.finish()
}

// start sends one line without waiting for its answer.
func (a *agent) start(format string, args ...any) {
	a.t.Helper()
	line, err := json.Marshal(fmt.Sprintf(format, args...))
	if err != nil {
		a.t.Fatal(err)
	}
	a.Send(string(line) + "\n")
	a.asked++
}

// finish waits for the answer to the line sent last.
func (a *agent) finish() answer {
	a.t.Helper()
	found := a.WaitOutput(fmt.Sprintf(`(?m)^reply %d (\{.*\})$`, a.asked-1))
	var got answer
	if err := json.Unmarshal([]byte(found[1]), &got); err != nil {
		a.t.Fatalf("read %q: %v", found[1], err)
	}
	return got
}

// do has one line done that must succeed, and gives its value as JSON.
func (a *agent) do(format string, args ...any) string {
	a.t.Helper()
	got := a.try(format, args...)
	if got.Error != "" {
		a.t.Fatalf("%s: %s %s", fmt.Sprintf(format, args...), got.Error, got.Text)
	}
	return string(got.Value)
}

// want has one line done and compares its value.
func (a *agent) want(value, format string, args ...any) {
	a.t.Helper()
	if got := a.do(format, args...); got != value {
		a.t.Errorf("%s gave %s, want %s", fmt.Sprintf(format, args...), got, value)
	}
}

// number has one line done that gives a number.
func (a *agent) number(format string, args ...any) int {
	a.t.Helper()
	n, err := strconv.Atoi(a.do(format, args...))
	if err != nil {
		a.t.Fatal(err)
	}
	return n
}

// supervisor is the process that answers the agent's trapped calls: the ancestor that holds the listener of its filter.
func (a *agent) supervisor() process {
	a.t.Helper()
	for p := process(a.number("os.getpid()")); p > 1; p = p.parent() {
		for _, target := range p.descriptors() {
			if target == "anon_inode:seccomp notify" {
				return p
			}
		}
	}
	a.t.Fatal("no ancestor of the program holds a listener of a seccomp filter")
	return 0
}

// A process is read through /proc.
type process int

func (p process) path(name string) string { return filepath.Join("/proc", strconv.Itoa(int(p)), name) }

// status is one line of /proc/PID/status, without its name.
func (p process) status(name string) string {
	text, err := os.ReadFile(p.path("status"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, name+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// parent is 0 when the process is gone.
func (p process) parent() process {
	n, err := strconv.Atoi(p.status("PPid"))
	if err != nil {
		return 0
	}
	return process(n)
}

// rss is the resident memory in kilobytes.
func (p process) rss() int {
	n, err := strconv.Atoi(strings.TrimSuffix(p.status("VmRSS"), " kB"))
	if err != nil {
		return 0
	}
	return n
}

// ticks is the processor time used, in clock ticks of 10 ms.
func (p process) ticks() int {
	text, err := os.ReadFile(p.path("stat"))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	user, _ := strconv.Atoi(fields[11])
	system, _ := strconv.Atoi(fields[12])
	return user + system
}

// descriptors maps the numbers of its descriptors to what they refer to.
func (p process) descriptors() map[string]string {
	open := map[string]string{}
	entries, err := os.ReadDir(p.path("fd"))
	if err != nil {
		return open
	}
	for _, e := range entries {
		if target, err := os.Readlink(p.path("fd/" + e.Name())); err == nil {
			open[e.Name()] = target
		}
	}
	return open
}

// held is how many descriptors it has, but for those of its event loops, which come with the first connections and stay:
// an epoll instance and an event counter for each, at most one loop for each processor.
func (p process) held(t testing.TB) int {
	t.Helper()
	const own = 5 // Go's poller has two, the supervisor an instance of its own
	loops, others := 0, 0
	for _, target := range p.descriptors() {
		if target == "anon_inode:[eventpoll]" || target == "anon_inode:[eventfd]" {
			loops++
		} else {
			others++
		}
	}
	if most := own + 2*runtime.NumCPU(); loops > most {
		t.Errorf("process %d has %d epoll instances and event counters, want at most %d", p, loops, most)
	}
	return others
}

// settles waits until the process holds at most n descriptors, and fails with what they are.
func (p process) settles(t testing.TB, n int) {
	t.Helper()
	if !eventually(func() bool { return p.held(t) <= n }) {
		t.Errorf("process %d holds %d descriptors, want at most %d: %v", p, p.held(t), n, p.descriptors())
	}
}

// exhaust leaves the process no descriptor: the limit is the lowest number that is free (getrlimit(2), RLIMIT_NOFILE).
func (p process) exhaust(t testing.TB) {
	t.Helper()
	open, n := p.descriptors(), 0
	for open[strconv.Itoa(n)] != "" {
		n++
	}
	p.limit(t, n)
}

// limit sets the lowest number that is too high for a descriptor of the process.
func (p process) limit(t testing.TB, n int) {
	t.Helper()
	testutil.Require(t, testutil.Program("prlimit"))
	cmd := exec.Command("prlimit", "--pid", strconv.Itoa(int(p)), fmt.Sprintf("--nofile=%d:", n))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

func (p process) signal(t testing.TB, s linux.Signal) {
	t.Helper()
	if err := linux.Kill(int(p), s); err != nil {
		t.Fatalf("send signal %d to process %d: %v", s, p, err)
	}
}

// gone is whether the process has ended; one that its parent has not waited for counts as ended.
func (p process) gone() bool {
	state := p.status("State")
	return state == "" || strings.HasPrefix(state, "Z")
}

// eventually asks until the condition holds or Patience is over.
func eventually(holds func() bool) bool {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	end := time.After(testutil.Patience)
	for !holds() {
		select {
		case <-tick.C:
		case <-end:
			return holds()
		}
	}
	return true
}
