package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
)

func TestMessages(t *testing.T) {
	near, far, err := linux.SeqpacketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	for _, k := range []kind{signalled, started, stopped, ended, listener, serving, drained, ready} {
		for _, value := range []int32{0, 1, -1, math.MaxInt32, math.MinInt32} {
			want := message{k, value}
			if err := send(far, want, linux.NoFD); err != nil {
				t.Fatal(err)
			}
			if got, fd, err := receive(near); got != want || fd != linux.NoFD || err != nil {
				t.Errorf("(-want +got):\n-%+v\n+%+v with descriptor %d and %v", want, got, fd, err)
			}
		}
	}
	if err := send(far, message{kind: listener}, near); err != nil {
		t.Fatal(err)
	}
	m, fd, err := receive(near)
	if err != nil || m.kind != listener || fd == linux.NoFD {
		t.Errorf("a message with a descriptor: got %+v, %d and %v", m, fd, err)
	}
	_ = fd.Close()
	for name, b := range map[string][]byte{"bad short": {1, 2, 3, 4}, "bad one byte": {1}} {
		if err := linux.SendFD(far, b, near); err != nil {
			t.Fatal(err)
		}
		if m, fd, err := receive(near); err == nil || fd != linux.NoFD {
			t.Errorf("%s: got %+v and descriptor %d", name, m, fd)
		}
	}
	_ = far.Close()
	if _, _, err := receive(near); !errors.Is(err, errGone) {
		t.Errorf("the end of the other process: got %v", err)
	}
	if err := send(near, message{}, linux.NoFD); !errors.Is(err, linux.EPIPE) {
		t.Errorf("send to a process that has ended: got %v", err)
	}
}

func TestDiagnoses(t *testing.T) {
	for _, row := range []struct {
		name    string
		explain func(error) error
		err     error
		want    []string
	}{
		{"ok another listener", installFailure, linux.EBUSY, []string{"install the seccomp filter: ", "WSL 2", "Start `ssa run` outside"}},
		{"ok an old kernel", installFailure, linux.EINVAL, []string{"5.14", "gVisor"}},
		{"ok forbidden", installFailure, linux.EPERM, []string{"seccomp profile"}},
		{"ok forbidden otherwise", installFailure, linux.EACCES, []string{"seccomp profile"}},
		{"ok no seccomp", installFailure, linux.ENOSYS, []string{"5.14", "profile"}},
		{"ok no descriptor", installFailure, linux.EMFILE, []string{"ulimit -n"}},
		{"ok no descriptor in the system", installFailure, linux.ENFILE, []string{"limit"}},
		{"ok anything else", installFailure, linux.ENOMEM, []string{"ssa doctor"}},
		{"ok below others", installFailure, fmt.Errorf("x: %w", linux.EBUSY), []string{"WSL 2"}},
		{"ok not trapped", tryFailure, linux.EPROTONOSUPPORT, []string{"IPPROTO_TLS", "another seccomp filter"}},
		{"ok a security module", tryFailure, linux.EACCES, []string{"AppArmor", "pidfd_getfd"}},
		{"ok a security module otherwise", tryFailure, linux.EPERM, []string{"SELinux"}},
		{"ok nobody answers", tryFailure, linux.ENOSYS, []string{"supervisor cannot answer"}},
		{"ok anything else", tryFailure, linux.EIO, []string{"ssa doctor"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			err := row.explain(row.err)
			for _, want := range append(row.want, row.err.Error(), "\nhint: ") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if !errors.Is(err, row.err) {
				t.Errorf("%v is not %v", err, row.err)
			}
			if strings.Count(err.Error(), "\n") != 1 {
				t.Errorf("%q: want the hint alone on a second line", err)
			}
		})
	}
}

func TestExecFailures(t *testing.T) {
	dir := t.TempDir()
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	look := func(name string) error {
		_, err := exec.LookPath(name)
		return err
	}
	for _, row := range []struct {
		name, command string
		err           error
		code          int
		want          string
	}{
		{"bad no such command", "no-such-command", look("no-such-command"), ExitNotFound, "run no-such-command: command not found"},
		{"bad no such file", "/no/such", look("/no/such"), ExitNotFound, "run /no/such: command not found"},
		{"bad missing interpreter", "x", linux.ENOENT, ExitNotFound, "run x: command not found"},
		{"bad not executable", plain, look(plain), ExitNotExecutable, "permission denied"},
		{"bad a directory", dir, look(dir), ExitNotExecutable, "run " + dir + ": is a directory"},
		{"bad format", "x", linux.Errno(8), ExitNotExecutable, "exec format error"},
		{"bad too long", "x", linux.E2BIG, ExitNotExecutable, "argument list too long"},
		{"bad without an errno", "x", errors.New("odd"), ExitNotExecutable, "run x: odd"},
		{"bad missing without an errno", "x", fs.ErrNotExist, ExitNotFound, "command not found"},
	} {
		t.Run(row.name, func(t *testing.T) {
			code, err := execFailure(row.command, row.err)
			if code != row.code || err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %d and %v, want %d and %q", code, err, row.code, row.want)
			}
		})
	}
}

func TestEnvironmentNamesTheProgram(t *testing.T) {
	self := "LISTEN_PID=" + strconv.Itoa(os.Getpid())
	for _, row := range []struct {
		name      string
		env, want []string
	}{
		{"ok the front's becomes ours", []string{"A=1", "LISTEN_PID=77", "LISTEN_FDS=2"}, []string{"A=1", self, "LISTEN_FDS=2"}},
		{"ok the watchdog too", []string{"WATCHDOG_PID=77"}, []string{"WATCHDOG_PID=" + strconv.Itoa(os.Getpid())}},
		{"ok another's stays", []string{"LISTEN_PID=78"}, []string{"LISTEN_PID=78"}},
		{"ok a longer number stays", []string{"LISTEN_PID=770"}, []string{"LISTEN_PID=770"}},
		{"ok another variable stays", []string{"XLISTEN_PID=77"}, []string{"XLISTEN_PID=77"}},
		{"ok none", nil, nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := environment(row.env, 77); !slices.Equal(got, row.want) {
				t.Errorf("(-want +got):\n-%q\n+%q", row.want, got)
			}
		})
	}
}

func TestSupervisedTellsWhatTheKernelSays(t *testing.T) {
	if Supervised() {
		t.Error("this process is not supervised")
	}
}

func TestProbesWorkHere(t *testing.T) {
	for _, p := range Probes() {
		if p.Name == "trapped call, end to end" {
			continue // needs the program itself: see tests/scripts
		}
		if detail, err := p.Try(); err != nil && !p.Optional {
			t.Errorf("%s: %q and %v", p.Name, detail, err)
		}
	}
}

func TestVariablesOfTheRuntimeAreTheProgramsAlone(t *testing.T) {
	env := []string{"GODEBUG=tlsmlkem=0", "GOGC=off", "GOMAXPROCS=1", "GODEBUGGER=1", "A=GOGC=1", "PATH=/bin", "odd"}
	ours := hidden(env)
	for _, name := range runtimeVariables() {
		for _, e := range ours {
			if strings.HasPrefix(e, name+"=") {
				t.Errorf("%q has an effect on our own processes", e)
			}
		}
	}
	if !slices.Contains(ours, "GODEBUGGER=1") || !slices.Contains(ours, "A=GOGC=1") {
		t.Errorf("others are hidden as well: %q", ours)
	}
	if got := environment(ours, 77); !slices.Equal(got, env) {
		t.Errorf("the program's (-want +got):\n-%q\n+%q", env, got)
	}
	if env[0] != "GODEBUG=tlsmlkem=0" {
		t.Error("the environment that was given has changed")
	}
}
