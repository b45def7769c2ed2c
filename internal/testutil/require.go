package testutil

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/landlock-lsm/go-landlock/landlock/syscall"

	"github.com/securesocketapi/ssa/internal/linux"
)

// A Feature is something a test needs of the machine it runs on.
type Feature struct {
	name string
	// since is the kernel release that brought the feature; a kernel before it excuses a test.
	since [2]int
	// probe gives an error where the feature does not work.
	probe func() error
	// excuse says that a failing probe skips a test also on a new kernel, and how to prevent that.
	excuse func() bool
}

// SeccompNotify is seccomp user notification with atomic descriptor passing (Linux 5.14).
func SeccompNotify() Feature {
	return Feature{name: "seccomp user notification", since: [2]int{5, 14}, probe: linux.SeccompUserNotifAvail, excuse: never}
}

// Root is the right to do what only root may do. A test without it is skipped.
func Root() Feature {
	return Feature{name: "root", probe: probeRoot, excuse: always}
}

// Landlock is Landlock with rules for TCP (Linux 6.7).
func Landlock() Feature {
	return Feature{name: "Landlock", since: [2]int{6, 7}, probe: probeLandlock, excuse: mayMiss}
}

// Program is a program of Debian's packages. A test without it fails, so that a machine lacking an
// independent peer does not pass unnoticed; SSA_TEST_ALLOW_MISSING=1 turns that into a skip.
func Program(name string) Feature {
	return Feature{name: name + " (run scripts/install-deps)", probe: func() error { return probeProgram(name) }, excuse: mayMiss}
}

// File is a file of Debian's packages that is no program; see Program.
func File(path string) Feature {
	return Feature{name: path + " (run scripts/install-deps)", probe: func() error { _, err := os.Stat(path); return err }, excuse: mayMiss}
}

// UserNamespaces is the right of any user to make a user and a mount namespace.
func UserNamespaces() Feature {
	return Feature{name: "user namespaces", probe: func() error {
		return exec.Command("unshare", "--user", "--map-root-user", "--mount", "true").Run()
	}, excuse: always}
}

// NoRaceDetector is a test that measures: the race detector allocates, and sync.Pool drops things on purpose under it.
func NoRaceDetector() Feature {
	return Feature{name: "no race detector (make unit runs such tests once more without it)", probe: func() error {
		if raceDetector {
			return errors.New("built with -race")
		}
		return nil
	}, excuse: always}
}

// Descriptors is that a process may have so many open.
func Descriptors(n int) Feature {
	return Feature{name: fmt.Sprintf("%d descriptors in one process (ulimit -Hn)", n), probe: func() error {
		most, err := linux.RaiseDescriptors()
		if err == nil && most < n {
			err = fmt.Errorf("%d are the most", most)
		}
		return err
	}, excuse: always}
}

// Asked is a test that takes long and runs only when an environment variable is set, as command does.
func Asked(variable, command string) Feature {
	return Feature{name: "to be asked for (" + command + ")", probe: func() error {
		if os.Getenv(variable) == "" {
			return fmt.Errorf("%s is not set", variable)
		}
		return nil
	}, excuse: always}
}

// Require ends the test unless the machine has the features: it skips where that is nobody's mistake (a
// kernel from before the feature) and fails otherwise.
func Require(t testing.TB, features ...Feature) {
	t.Helper()
	for _, f := range features {
		err := f.probe()
		if err == nil {
			continue
		}
		old, release := f.kernelTooOld()
		if old || f.excuse() {
			t.Skipf("needs %s, kernel %s: %v", f.name, release, err)
		}
		t.Fatalf("needs %s, which kernel %s should have: %v", f.name, release, err)
	}
}

func (f Feature) kernelTooOld() (old bool, release string) {
	major, minor, err := linux.KernelVersion()
	if err != nil {
		return false, err.Error()
	}
	release = fmt.Sprintf("%d.%d", major, minor)
	return major < f.since[0] || major == f.since[0] && minor < f.since[1], release
}

func probeRoot() error {
	if uid := os.Geteuid(); uid != 0 {
		return fmt.Errorf("the effective user is %d", uid)
	}
	return nil
}

func probeLandlock() error {
	const rulesForTCP = 4
	v, err := syscall.LandlockGetABIVersion()
	if err == nil && v < rulesForTCP {
		err = fmt.Errorf("version %d", v)
	}
	return err
}

func probeProgram(name string) error {
	_, err := find(name)
	return err
}

// find looks for a program in PATH, and where Debian keeps servers, which is not in an ordinary user's PATH.
func find(name string) (string, error) {
	path, err := exec.LookPath(name)
	if err == nil {
		return path, nil
	}
	if sbin, sbinErr := exec.LookPath("/usr/sbin/" + name); sbinErr == nil {
		return sbin, nil
	}
	return "", err
}

func always() bool { return true }

func never() bool { return false }

func mayMiss() bool { return os.Getenv("SSA_TEST_ALLOW_MISSING") == "1" }
