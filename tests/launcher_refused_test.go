package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// launcherRefusals are ways in which a kernel, container or sandbox keeps `ssa run` from working, and what a user must
// find in the message: the cause and what to do.
var launcherRefusals = []struct {
	name, what string
	says       []string
}{
	{"bad policy forbids seccomp", "seccomp=EPERM", []string{"operation not permitted", "hint: ", "policy"}},
	{"bad kernel without notification", "seccomp=EINVAL", []string{"invalid argument", "hint: ", "gVisor"}},
	{"bad another supervisor", "seccomp=EBUSY", []string{"busy", "hint: ", "already"}},
	{"bad another listener in the tree", "listener", []string{"busy", "hint: ", "already"}},
	{"bad seccomp is hidden", "seccomp=ENOSYS", []string{"not implemented", "hint: ", "seccomp"}},
	{"bad notifications are forbidden", "mute", []string{"hint: ", "policy"}},
	{"bad descriptors cannot be taken", "pidfd_getfd=EPERM", []string{"operation not permitted", "hint: ", "pidfd_getfd"}},
	{"bad processes cannot be opened", "pidfd_open=EPERM", []string{"operation not permitted"}},
}

// refusing stands before a command that is to run where something is refused.
func refusing(t *testing.T, what string, words ...string) *exec.Cmd {
	t.Helper()
	testutil.Require(t, testutil.SeccompNotify())
	return exec.Command(compileC(t, "tests/programs/launcher_refuse.c"), append([]string{what}, words...)...)
}

// Where `ssa run` cannot work it says why and what to do, and the program is not started.
func TestLauncherRefused(t *testing.T) {
	for _, row := range launcherRefusals {
		t.Run(row.name, func(t *testing.T) {
			mark := filepath.Join(t.TempDir(), "started")
			state, out := ended(t, refusing(t, row.what, ssaPath(t), "run", "--", "touch", mark))
			if state != "exit status 125" {
				t.Errorf("ended with %s, want 125", state)
			}
			for _, words := range append(row.says, "ssa: ") {
				if !strings.Contains(out, words) {
					t.Errorf("said %q, want something with %q", out, words)
				}
			}
			if _, err := os.Stat(mark); err == nil {
				t.Error("the program was started all the same")
			}
		})
	}
}

func TestLauncherDoctor(t *testing.T) {
	testutil.Require(t, testutil.SeccompNotify())
	state, out := ended(t, exec.Command(ssaPath(t), "doctor"))
	if state != "exit status 0" || strings.Contains(out, "FAIL") || !strings.Contains(out, "ok ") {
		t.Errorf("ended with %s and said\n%s", state, out)
	}
	for _, row := range launcherRefusals {
		t.Run(row.name, func(t *testing.T) {
			state, out := ended(t, refusing(t, row.what, ssaPath(t), "doctor"))
			if state != "exit status 1" || !strings.Contains(out, "FAIL") {
				t.Errorf("ended with %s and said\n%s", state, out)
			}
		})
	}
}

// Where process_vm_readv is missing or forbidden memory is read in another way.
func TestLauncherWithoutVMCalls(t *testing.T) {
	for _, what := range []string{"vm_readv=ENOSYS", "vm_readv=EPERM", "vm_writev=ENOSYS"} {
		t.Run(what, func(t *testing.T) {
			a := agentOf(t, refusing(t, what, ssaPath(t), "run", "--", testutil.Python(t), "faults/agent.py"), semanticsEnv(t))
			a.want("3", "l = lab.listener(); serve_some(lab, l.getsockname(), l, 3)")
		})
	}
}

// An ordinary user gets the same as root.
func TestLauncherAsNobody(t *testing.T) {
	testutil.Require(t, testutil.Root(), testutil.Program("setpriv"))
	dir, env := publicCopies(t)
	nobody := []string{"--reuid=nobody", "--regid=nogroup", "--clear-groups", filepath.Join(dir, "ssa"), "run", "--"}
	cmd := exec.Command("setpriv", append(nobody, testutil.Python(t), "-B", filepath.Join(dir, "semantics/run.py"), "tls",
		"connect_blocking", "connect_nonblocking", "connect_refused", "connect_name_localhost", "data_large_both_ways",
		"share_fork_server", "share_scm_rights", "share_prefork", "signal_connect_interrupted_hello", "bad_sockaddr",
		"address_names", "close_listener_by_kill", "bind_low_port_as_nobody", "option_ints_connected")...)
	for name, o := range startWorld(t, env, cmd).outcomes(t) {
		if o.Exit != 0 {
			t.Errorf("scenario %s ended with %d:\n%s", name, o.Exit, o.Stderr)
		}
	}
	denied := exec.Command("setpriv", append(nobody, "sh", "-c", "id -u; grep NoNewPrivs /proc/self/status")...)
	if _, out := ended(t, denied); out != "65534\nNoNewPrivs:\t1\n" {
		t.Errorf("the program runs as %q", out)
	}
}

// publicCopies puts the program, the scenarios and the certificates where every user can read them.
func publicCopies(t *testing.T) (dir string, env []string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "ssa-nobody")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	env = semanticsEnv(t)
	files := []string{ssaPath(t), "semantics"}
	for i, variable := range env {
		name, value, _ := strings.Cut(variable, "=")
		switch name {
		case "SSA_TEST_CA", "SSA_TEST_CHAIN", "SSA_TEST_KEY":
			files = append(files, value)
			env[i] = name + "=" + filepath.Join(dir, filepath.Base(value))
		case "SSA_TEST_OUTSIDE":
			socket := filepath.Join(dir, "outside")
			testutil.Start(t, exec.Command(testutil.Python(t), "-B", "semantics/outside.py", socket)).WaitOutput("ready")
			env[i] = name + "=" + socket
		}
	}
	if _, out := ended(t, exec.Command("cp", append(append([]string{"-r"}, files...), dir)...)); out != "" {
		t.Fatal(out)
	}
	if base := filepath.Base(ssaPath(t)); base != "ssa" {
		t.Fatalf("the program under test is called %s", base)
	}
	if _, out := ended(t, exec.Command("chmod", "-R", "a+rwX", dir)); out != "" {
		t.Fatal(out)
	}
	return dir, env
}
