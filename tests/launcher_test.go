package tests

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// ended is how a command ended, in the words of the package os, and what it wrote.
func ended(t *testing.T, cmd *exec.Cmd) (state, output string) {
	t.Helper()
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatalf("%s: %v", cmd, err)
	}
	return cmd.ProcessState.String(), string(out[:min(len(out), 500)])
}

func TestLauncherExitStatus(t *testing.T) {
	for _, status := range []int{0, 1, 2, 63, 100, 124, 125, 126, 127, 128, 129, 137, 143, 254, 255} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			cmd := ssaRun(t, "sh", "-c", fmt.Sprintf("exit %d", status))
			if got, out := ended(t, cmd); got != fmt.Sprintf("exit status %d", status) || out != "" {
				t.Errorf("ended with %s and wrote %q", got, out)
			}
		})
	}
}

// A signal that ends the program ends `ssa run` too, so that the one who waits for it sees the same.
func TestLauncherDeathBySignal(t *testing.T) {
	for _, name := range []string{"HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM", "XCPU", "IO", "SYS", "34", "64"} {
		t.Run(name, func(t *testing.T) {
			program := []string{"sh", "-c", fmt.Sprintf("ulimit -c 0; kill -%s $$", name)}
			want, _ := ended(t, exec.Command(program[0], program[1:]...))
			got, out := ended(t, ssaRun(t, program...))
			if got != want {
				t.Errorf("ended with %s, without ssa %s", got, want)
			}
			if out != "" {
				t.Errorf("wrote %q", out)
			}
		})
	}
}

func TestLauncherShellSeesSignal(t *testing.T) {
	cmd := exec.Command("sh", "-c", ssaPath(t)+" run -- sh -c 'kill -TERM $$'; echo status $?")
	if _, out := ended(t, cmd); !strings.Contains(out, "status 143\n") {
		t.Errorf("the shell saw %q, want status 143", out)
	}
}

func TestLauncherCannotStart(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, row := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"bad not found", []string{"run", "ssa-no-such-program"}, 127, "ssa-no-such-program"},
		{"bad path not found", []string{"run", dir + "/none"}, 127, dir + "/none"},
		{"bad not executable", []string{"run", write("plain", "text", 0o644)}, 126, "permission denied"},
		{"bad directory", []string{"run", dir}, 126, dir},
		{"bad format", []string{"run", write("garbage", "\x00\x01\x02", 0o755)}, 126, "exec format error"},
		{"bad interpreter", []string{"run", write("script", "#!/nonexistent/interpreter\n", 0o755)}, 127, "script"},
		{"bad no command", []string{"run"}, 125, "ssa: "},
		{"bad no command after --", []string{"run", "--"}, 125, "ssa: "},
		{"bad flag", []string{"run", "--no-such-flag", "true"}, 125, "no-such-flag"},
		{"bad command of ssa", []string{"no-such-command"}, 125, "no-such-command"},
		{"ok flag of the program", []string{"run", "sh", "-c", "exit 3"}, 3, ""},
		{"ok flag of the program after --", []string{"run", "--", "sh", "-c", "exit 4"}, 4, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			got, out := ended(t, exec.Command(ssaPath(t), row.args...))
			if want := fmt.Sprintf("exit status %d", row.status); got != want {
				t.Errorf("ended with %s, want %s", got, want)
			}
			if !strings.Contains(out, row.says) {
				t.Errorf("wrote %q, want something with %q", out, row.says)
			}
			if row.says != "" && !strings.HasPrefix(out, "ssa: ") {
				t.Errorf("wrote %q, want it to begin with the program's name", out)
			}
		})
	}
}

// What a program finds when it starts is what its starter prepared, whatever that is.
func TestLauncherStartsAsIs(t *testing.T) {
	testutil.Require(t, testutil.Program("bash"))
	dir := t.TempDir()
	look, err := filepath.Abs("launcher/look.py")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, prepare string }{
		{"ok nothing", ""},
		{"ok descriptors", "exec 3</etc/passwd 4>>out 9<>out 77</etc/hosts 255</etc/group 501</etc/hostname 900</etc/passwd"},
		{"ok umask", "umask 027"},
		{"ok directory", "mkdir -p deep/er; cd deep/er"},
		{"ok limits", "ulimit -S -n 200; ulimit -c 0; ulimit -S -s 4096; ulimit -t 1000; ulimit -S -v unlimited"},
		{"ok few descriptors", "ulimit -n 40"},
		{"ok ignored signals", "trap '' HUP INT QUIT USR1 USR2 PIPE TERM TSTP TTIN TTOU CHLD WINCH"},
		{"ok environment", "export A= B='two words' C=$'new\\nline' LISTEN_FDS=0 GODEBUG=x GOMAXPROCS=1; unset HOME"},
		{"ok niceness", "renice -n 5 -p $$ >/dev/null"},
		{"ok blocked signals", "set -- env --block-signal=USR1,TERM,CHLD"},
		{"ok one processor", "set -- taskset -c 0"},
		{"ok slack of timers", "set -- " + testutil.Python(t) + ` -c 'import ctypes, os, sys
ctypes.CDLL(None).prctl(29, 70000, 0, 0, 0)  # PR_SET_TIMERSLACK
os.execvp(sys.argv[1], sys.argv[1:])'`},
		{"ok arguments", "set --; last='\"quoted\" -- --flag'"},
	} {
		t.Run(row.name, func(t *testing.T) {
			script := fmt.Sprintf("cd %s; rm -f out; %s\n", dir, row.prepare)
			program := fmt.Sprintf("%s %s one '' \"$last\"\n", testutil.Python(t), look)
			want := lookAt(t, dir, script+`exec "$@" `+program)
			got := lookAt(t, dir, script+`exec "$@" `+ssaPath(t)+" run -- "+program)
			for _, key := range sortedNames(want) {
				if string(want[key]) != string(got[key]) {
					t.Errorf("%s (-without +with ssa)\n- %s\n+ %s", key, want[key], got[key])
				}
			}
		})
	}
}

// lookAt runs a script that ends in look.py and gives what that wrote, to standard output or to the file "out".
func lookAt(t *testing.T, dir, script string) map[string]json.RawMessage {
	t.Helper()
	cmd := exec.Command("bash", "-c", script)
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v %s", cmd, err, out)
	}
	if len(out) == 0 {
		if out, err = os.ReadFile(filepath.Join(dir, "out")); err != nil {
			t.Fatal(err)
		}
	}
	found := map[string]json.RawMessage{}
	if err := json.Unmarshal(out, &found); err != nil {
		t.Fatalf("read %q: %v", out, err)
	}
	found["group"], found["descriptors"] = nil, withoutPipes(found["descriptors"])
	return found
}

// withoutPipes leaves the numbers of pipes out, which are new each time.
func withoutPipes(list json.RawMessage) json.RawMessage {
	var b strings.Builder
	for line := range strings.Lines(string(list)) {
		if before, _, isPipe := strings.Cut(line, "pipe:["); isPipe {
			line = before + "pipe\n"
		}
		b.WriteString(line)
	}
	return json.RawMessage(b.String())
}

func sortedNames(m map[string]json.RawMessage) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// launcherScripts are lines of shell in which SSA stands before commands. They do the same without it.
var launcherScripts = []struct{ name, script string }{
	{"ok through two", "echo hello | SSA cat | SSA tr a-z A-Z"},
	{"ok large", "head -c 3000000 /dev/zero | SSA cat | SSA wc -c"},
	{"ok reader leaves", "SSA yes | head -n 1; echo ${PIPESTATUS[0]}"},
	{"ok writer is killed", "yes | SSA head -n 1; echo ${PIPESTATUS[@]}"},
	{"ok standard error", "SSA sh -c 'echo oops >&2; echo fine' 2>/dev/null"},
	{"ok command substitution", "x=$(SSA echo value); echo got $x"},
	{"ok here document", "SSA cat <<END\ntext\nEND"},
	{"ok status of a pipeline", "set -o pipefail; SSA false | cat; echo $?"},
	{"ok and, or", "SSA true && echo yes; SSA false || echo no"},
	{"ok in a loop", "for i in 1 2 3; do SSA echo $i; done"},
	{"ok in the background", "SSA sh -c 'exit 7' & wait $!; echo $?"},
	{"ok read rest of a script", "printf 'a\\nb\\n' | (SSA head -c 2; SSA cat)"},
	{"ok output ends with the program", "SSA sh -c 'sleep 100 >/dev/null 2>&1 & echo $!' | { read p; cat; kill $p; echo ended; }"},
	{"ok in itself", "SSA SSA sh -c 'echo inside; exit 9'; echo $?"},
	{"ok in a program in itself", "SSA sh -c 'SSA sh -c \"exit 8\"; echo $?'"},
	{"ok nohup", "nohup SSA sh -c 'kill -HUP $$; echo alive' 2>/dev/null"},
	{"ok background job of a shell without job control", "sh -c 'SSA sh -c \"kill -INT \\$\\$; echo alive\" & wait $!; echo $?'"},
	{"ok timeout", "timeout 0.2 SSA sleep 100; echo $?"},
	{"ok timeout kills", "bash -c 'timeout -s KILL 0.2 SSA sleep 100; exit $?' 2>/dev/null; echo $?"},
	{"ok timeout that is caught", "timeout 0.5 SSA sh -c 'trap \"echo caught; exit 5\" TERM; while :; do sleep 0.05; done' 2>/dev/null; echo $?"},
	{"ok directory that is gone", "d=$(mktemp -d); cd $d; rmdir $d; SSA sh -c 'echo fine'"},
	{"ok xargs", "seq 20 | xargs -P 4 -n 1 SSA echo | sort -n"},
	{"ok killed by a closed pipe", "(SSA sh -c 'sleep 0.1; echo late; echo status $? >&2') 2>&1 | true; echo ${PIPESTATUS[0]}"},
	{"ok descriptor for output of the program", "SSA sh -c 'echo three >&3' 3>&1 >/dev/null"},
	{"ok lock held by a descriptor", "exec 9>lock$$; flock 9; SSA flock -n lock$$ true; echo $?; rm lock$$"},
	{"ok process substitution", "SSA cat <(echo one) <(echo two)"},
	{"ok exec", "(exec SSA sh -c 'exit 11'); echo $?"},
}

func TestLauncherPipelines(t *testing.T) {
	testutil.Require(t, testutil.Program("bash"))
	for _, row := range launcherScripts {
		t.Run(row.name, func(t *testing.T) {
			_, want := ended(t, exec.Command("bash", "-c", strings.ReplaceAll(row.script, "SSA ", "")))
			_, got := ended(t, exec.Command("bash", "-c", strings.ReplaceAll(row.script, "SSA", ssaPath(t)+" run --")))
			if got != want {
				t.Errorf("%s (-without +with ssa)\n- %q\n+ %q", row.script, want, got)
			}
		})
	}
}

// A standard descriptor that is closed is /dev/null in the program, for the runtime of `ssa run` itself opens that
// before anything else.
func TestLauncherStandardDescriptorsClosed(t *testing.T) {
	cmd := exec.Command("sh", "-c", ssaPath(t)+" run -- readlink /proc/self/fd/0 <&- 2>&-")
	if _, out := ended(t, cmd); out != "/dev/null\n" {
		t.Errorf("standard input is %q, want /dev/null", out)
	}
}

// Job control on a pseudo-terminal is the same with and without.
func TestLauncherJobControl(t *testing.T) {
	env := append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1")
	plain := startWorld(t, env, exec.Command(testutil.Python(t), "launcher/shell.py"))
	below := startWorld(t, env, exec.Command(testutil.Python(t), "launcher/shell.py", ssaPath(t), "run", "--"))
	want, got := plain.outcomes(t), below.outcomes(t)
	for _, name := range sortedKeys(want) {
		t.Run(name, func(t *testing.T) { compareWorlds(t, want[name], got[name]) })
	}
}

// A program that goes into the background keeps its sockets and makes new ones after `ssa run` has returned; when it
// has ended nothing is left.
func TestLauncherDaemon(t *testing.T) {
	dir := t.TempDir()
	request, report := filepath.Join(dir, "request"), filepath.Join(dir, "report")
	testutil.Require(t, testutil.Program("mkfifo"))
	if _, out := ended(t, exec.Command("mkfifo", request)); out != "" {
		t.Fatal(out)
	}
	cmd := ssaRun(t, testutil.Python(t), "-B", "launcher/daemon.py", request, report)
	cmd.Env = semanticsEnv(t)
	if state, out := ended(t, cmd); state != "exit status 0" || out != "" {
		t.Fatalf("ended with %s and wrote %q", state, out)
	}
	if err := os.WriteFile(request, []byte("go"), 0); err != nil {
		t.Fatal(err)
	}
	if !eventually(func() bool { _, err := os.Stat(report); return err == nil }) {
		t.Fatal("the daemon did not report")
	}
	text, err := os.ReadFile(report)
	if err != nil {
		t.Fatal(err)
	}
	said, pid, _ := strings.Cut(string(text), " from ")
	if said != "still here" {
		t.Errorf("the daemon's connection carried %q", said)
	}
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	if !eventually(process(n).gone) {
		t.Errorf("the daemon, process %d, did not end", n)
	}
}

// The supervisor ends with the last process of its tree.
func TestLauncherLeavesNothing(t *testing.T) {
	testutil.Require(t, testutil.Root())
	a := startAgent(t, semanticsEnv(t))
	s := a.supervisor()
	a.want("3", "l = lab.listener(); serve_some(lab, l.getsockname(), l, 3)")
	a.CloseInput()
	if status := a.Wait(); status != 0 {
		t.Errorf("exit status %d", status)
	}
	if !eventually(s.gone) {
		t.Errorf("the supervisor, process %d, is still there", s)
	}
}

// SIGTERM to `ssa run` reaches the program, which may do with it what it wants.
func TestLauncherForwardsTerm(t *testing.T) {
	program := "import signal, sys\nsignal.pthread_sigmask(signal.SIG_BLOCK, [15])\nprint('ready', flush=True)\nsignal.sigwait([15])\nsys.exit(3)"
	p := testutil.Start(t, ssaRun(t, testutil.Python(t), "-c", program))
	p.WaitOutput("ready")
	process(p.PID()).signal(t, linux.SIGTERM)
	if status := p.Wait(); status != 3 {
		t.Errorf("exit status %d, want 3", status)
	}
}

// kill -9 of `ssa run` ends the program as well: nobody waits for it any more.
func TestLauncherKilled(t *testing.T) {
	a := startAgent(t, semanticsEnv(t))
	program := process(a.number("os.getpid()"))
	process(a.PID()).signal(t, linux.SIGKILL)
	if !eventually(program.gone) {
		t.Errorf("the program, process %d, goes on", program)
	}
}
