// Package binding_test tests the Go package in its own process: the test executes itself under `ssa run`.
package binding_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// supervised is set in the environment of the tests below `ssa run`.
const supervised = "SSA_TEST_SUPERVISED"

func TestMain(m *testing.M) {
	if os.Getenv(supervised) != "" {
		os.Exit(testutil.Main(m))
	}
	// Here there is no supervisor yet.
	if _, err := ssa.Dial("tls", "localhost:1"); !errors.Is(err, linux.EPROTONOSUPPORT) || !strings.Contains(err.Error(), "ssa run") {
		fmt.Fprintln(os.Stderr, "outside of ssa run: got", err)
		os.Exit(1)
	}
	status, err := supervise()
	if err != nil {
		fmt.Fprintln(os.Stderr, "run the tests under ssa run:", err)
		status = 1
	}
	os.Exit(status)
}

// supervise runs this program again under `ssa run`.
func supervise() (status int, err error) {
	dir, err := os.MkdirTemp("", "ssa-binding")
	if err != nil {
		return 1, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, "ssa")
	build := exec.Command("go", "build", "-o", program, "./cmd/ssa")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return 1, fmt.Errorf("%w\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		return 1, err
	}
	run := exec.Command(program, append([]string{"run", "--", self}, os.Args[1:]...)...)
	run.Env = append(os.Environ(), supervised+"=1")
	run.Stdin, run.Stdout, run.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := run.Run(); run.ProcessState == nil {
		return 1, err
	}
	return run.ProcessState.ExitCode(), nil
}
