package tests

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestScripts runs the scripts of what users see: commands, exit codes, messages. Beside testscript's own
// commands they have:
//
//	exit CODE PROGRAM [ARGUMENT...]   run a program that must end with CODE; -1 is a death by signal
//
// and the variable PYTHON.
func TestScripts(t *testing.T) {
	testutil.Require(t, testutil.SeccompNotify())
	ssa, python := ssaPath(t), testutil.Python(t)
	must(t, buildShim())
	testscript.Run(t, testscript.Params{
		Dir: "scripts",
		Setup: func(e *testscript.Env) error {
			bin := filepath.Join(e.WorkDir, ".bin")
			if err := os.Mkdir(bin, 0o755); err != nil {
				return err
			}
			if err := os.Symlink(ssa, filepath.Join(bin, "ssa")); err != nil {
				return err
			}
			e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("PYTHON", python)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exit": exits},
	})
}

// exits runs a program and compares its exit code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE PROGRAM [ARGUMENT...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	err = ts.Exec(args[1], args[2:]...)
	if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("%s: ended with %d, want %d", args[1], got, want)
	}
}
