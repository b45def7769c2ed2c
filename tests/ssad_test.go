package tests

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// buildSSAD builds the daemon as buildSSA builds the command.
var buildSSAD = sync.OnceValue(func() built {
	if os.Getenv("SSA_TEST_RACE") == "1" {
		return build("ssad", []string{"CGO_ENABLED=1"}, "go", "build", "-race", "-o", "OUT", "./cmd/ssad")
	}
	return build("ssad", []string{"CGO_ENABLED=0"}, "go", "build", "-o", "OUT", "./cmd/ssad")
})

// A machine has a place for ssad: a socket, a state directory and the daemon that serves there, if any.
type machine struct {
	t      testing.TB
	dir    string
	daemon *testutil.Process
	// etc is the machine's configuration, nil for that of the machine which runs the test.
	etc *policed
}

// newMachine makes a place and starts the daemon there, as the user nobody where root runs the test.
func newMachine(t testing.TB) *machine {
	t.Helper()
	m := emptyMachine(t)
	m.start()
	return m
}

// emptyMachine makes a place for a daemon.
func emptyMachine(t testing.TB) *machine {
	t.Helper()
	dir, err := os.MkdirTemp("", "ssad")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { // other users' programs are to reach the socket
		t.Fatal(err)
	}
	return &machine{t: t, dir: dir}
}

// newMachineWith makes a machine with a policy.
func newMachineWith(t *testing.T, policy string) *machine {
	t.Helper()
	m := emptyMachine(t)
	m.etc = police(t, map[string]string{policyFile: strings.ReplaceAll(policy, "DIR", m.dir)})
	m.start()
	return m
}

func (m *machine) socket() string { return filepath.Join(m.dir, "run", "service.sock") }

// control is where the daemon answers administrators.
func (m *machine) control() string { return filepath.Join(m.dir, "run", "control.sock") }

// start starts a daemon and waits until it serves.
func (m *machine) start() {
	m.t.Helper()
	args := []string{"--socket=" + m.socket(), "--state-dir=" + filepath.Join(m.dir, "state")}
	if os.Geteuid() == 0 {
		args = append(args, "--user=nobody")
	}
	cmd := exec.Command(must(m.t, buildSSAD()), args...)
	if m.etc != nil {
		cmd = m.etc.command(cmd.Args...)
	}
	m.daemon = testutil.Start(m.t, cmd)
	m.daemon.WaitOutput(`msg=serving`)
}

// run is a command that runs words under `ssa run` with the daemon of this machine.
func (m *machine) run(words ...string) *exec.Cmd {
	m.t.Helper()
	testutil.Require(m.t, testutil.SeccompNotify())
	return exec.Command(ssaPath(m.t), append([]string{"run", "--service=require", "--service-socket=" + m.socket(), "--"}, words...)...)
}

// driver starts a driver that the daemon serves.
func (m *machine) driver(t *testing.T) *driver {
	t.Helper()
	return drive(t, m.run(testutil.Python(t), "-B", "programs/python/sockdrv.py"))
}

// agent starts a program that does what it is told.
func (m *machine) agent(env []string, before ...string) *agent {
	m.t.Helper()
	cmd := m.run(testutil.Python(m.t), "faults/agent.py")
	if len(before) > 0 {
		cmd = exec.Command(before[0], append(before[1:], cmd.Args...)...)
	}
	return agentOf(m.t, cmd, env)
}

// role is a process of the daemon, by what it is started with; empty is the master.
func (m *machine) role(name string) process {
	m.t.Helper()
	master := process(m.daemon.PID())
	if name == "" {
		return master
	}
	for _, p := range children(master) {
		words, err := os.ReadFile(p.path("cmdline"))
		if err == nil && strings.HasPrefix(string(words), "ssad\x00"+name+"\x00") {
			return p
		}
	}
	m.t.Fatalf("the daemon has no %s process", name)
	return 0
}

// children are the processes whose parent is p.
func children(p process) []process {
	var list []process
	paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p))
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		for word := range strings.FieldsSeq(string(text)) {
			if n, err := strconv.Atoi(word); err == nil {
				list = append(list, process(n))
			}
		}
	}
	return list
}

// gone waits until processes have ended.
func gone(t testing.TB, list ...process) {
	t.Helper()
	for _, p := range list {
		if !eventually(p.gone) {
			t.Errorf("process %d does not end: %s", p, p.status("State"))
		}
	}
}

// Everybody's programs have what they had without the daemon.
func TestSsadServesTwoUsers(t *testing.T) {
	testutil.Require(t, testutil.Root(), testutil.Program("setpriv"))
	m := newMachine(t)
	env := semanticsEnv(t)
	for _, f := range []string{"SSA_TEST_CA", "SSA_TEST_CHAIN", "SSA_TEST_KEY"} {
		readable(t, variable(env, f))
	}
	root, nobody := m.agent(env), m.agent(env, "setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
	for _, a := range []*agent{root, nobody} {
		a.want("50", "l = lab.listener(); serve_some(lab, l.getsockname(), l, 50)")
	}
	port := root.number("l.getsockname()[1]")
	nobody.do("c = lab.client(); c.connect(('127.0.0.1', %d)); c.sendall(b'from nobody')", port)
	root.want(`"from nobody"`, "lab.keep(l.accept()[0]).recv(99).decode()")
}

func variable(env []string, name string) string {
	for _, v := range env {
		if value, ok := strings.CutPrefix(v, name+"="); ok {
			return value
		}
	}
	return ""
}

// readable lets every user read a file of the test.
func readable(t testing.TB, path string) {
	t.Helper()
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	for dir := filepath.Dir(path); dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSsadServesIndependentPeers(t *testing.T) {
	m := newMachine(t)
	ca := testutil.NewCA(t, "ssad")
	cert := ca.Issue(t, testutil.Leaf{Names: []string{"localhost"}})
	server := testutil.OpenSSLServer(t, cert, "-www")
	client := languages(t)[0].client
	out, status := testutil.Run(t, m.run(append(slices.Clone(client), "127.0.0.1", server.Port(), "name=localhost", "ca="+ca.Path)...), "")
	if values := testutil.Lines(out); status != 0 || values["version"] != "0x0304" {
		t.Errorf("the C client ended with %d:\n%s", status, out)
	}
	for _, l := range languages(t)[:2] {
		p := testutil.Start(t, m.run(append(slices.Clone(l.server), "0", "cert="+cert.Chain, "key="+cert.Key, "times=2")...))
		port := p.WaitOutput(`(?m)^port (\d+)`)[1]
		if out, status := testutil.Curl(t, ca, "localhost:"+port); status != 0 || !strings.Contains(out, "TLSv1.3") {
			t.Errorf("%s: curl ended with %d:\n%s", l.name, status, out)
		}
		s := testutil.OpenSSLClient(t, port, "-CAfile", ca.Path, "-verify_return_error", "-servername", "localhost")
		s.Send(getRequest)
		s.WaitOutput(`Verify return code: 0`)
		if status := p.Wait(); status != 0 {
			t.Errorf("%s ended with %d", l.name, status)
		}
	}
}

// The processes have the rights they need and no others, and nobody can look into them.
func TestSsadPrivileges(t *testing.T) {
	testutil.Require(t, testutil.Root())
	m := newMachine(t)
	for _, tt := range []struct{ name, capabilities string }{
		{"network", "0000000000000000"}, {"keys", "0000000000000004"}, {"witness", "0000000000080000"},
		{"judges", "0000000000000000"},
	} {
		p := m.role(tt.name)
		for line, want := range map[string]string{
			"Uid": "65534\t65534\t65534\t65534", "CapEff": tt.capabilities, "CapPrm": tt.capabilities, "NoNewPrivs": "1", "Groups": "",
		} {
			if got := p.status(line); got != want {
				t.Errorf("%s: %s (-want +got):\n-%s\n+%s", tt.name, line, want, got)
			}
		}
		if info, err := os.Stat(p.path("mem")); err != nil || info.Sys() == nil || owner(t, p.path("mem")) != 0 {
			t.Errorf("%s can be read by its own user: %v", tt.name, err)
		}
	}
}

// owner is the user a file belongs to. What belongs to root in /proc is a process that is not dumpable.
func owner(t testing.TB, path string) int {
	t.Helper()
	out, err := exec.Command("stat", "-c", "%u", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Where there is no daemon, --service says what happens.
func TestSsadFoundOrNot(t *testing.T) {
	testutil.Require(t, testutil.SeccompNotify())
	none := filepath.Join(t.TempDir(), "none.sock")
	for _, tt := range []struct {
		name, mode string
		status     int
		output     string
	}{
		{"ok auto", "auto", 7, ""},
		{"ok embedded", "embedded", 7, ""},
		{"bad require", "require", 125, "hint: start it"},
		{"bad else", "else", 125, "hint: one of auto, require, embedded"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.Command(ssaPath(t), "run", "--service="+tt.mode, "--service-socket="+none, "--", "sh", "-c", "exit 7")
			out, status := testutil.Run(t, cmd, "")
			if status != tt.status || !strings.Contains(out, tt.output) {
				t.Errorf("status %d, want %d; %q, want %q in it", status, tt.status, out, tt.output)
			}
		})
	}
	m := newMachine(t)
	out, status := testutil.Run(t, m.run("sh", "-c", "exit 7"), "")
	if status != 7 {
		t.Errorf("required and there: status %d\n%s", status, out)
	}
}

// A process of the daemon that dies takes the others with it, so that a service manager starts all of it again.
func TestSsadEndsTogether(t *testing.T) {
	for _, name := range []string{"", "network", "keys", "witness", "judges"} {
		t.Run("kill "+name, func(t *testing.T) {
			m := newMachine(t)
			all := append(children(m.role("")), m.role(""))
			m.role(name).signal(t, linux.SIGKILL)
			gone(t, all...)
			if m.daemon.Wait() == 0 {
				t.Error("the daemon ended with 0")
			}
			m.start()
		})
	}
}
