package launch

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
)

// Probe is one thing `ssa run` needs, or is better with.
type Probe struct {
	Name string
	// Try says what was found.
	Try func() (string, error)
	// Optional is what it does without.
	Optional bool
}

// Probes lists them in the order they are needed. They try behaviour; versions prove nothing.
func Probes() []Probe {
	return []Probe{
		{Name: "kernel", Try: kernel},
		{Name: "architecture", Try: architecture},
		{Name: "seccomp user notification", Try: notification},
		{Name: "Yama ptrace_scope", Try: yama},
		{Name: "pidfd_getfd", Try: getfd},
		{Name: "trapped call, end to end", Try: endToEnd},
	}
}

func kernel() (string, error) {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(release)), err
}

func architecture() (string, error) {
	a, ok := seccomp.Host(runtime.GOARCH)
	if !ok {
		return "", fmt.Errorf("%s is not supported; amd64 and arm64 are", runtime.GOARCH)
	}
	return a.Name, nil
}

func notification() (string, error) {
	if err := linux.SeccompUserNotifAvail(); err != nil {
		return "", fmt.Errorf("%w: Linux 5.14 or later with CONFIG_SECCOMP_FILTER is needed, and a container whose policy allows seccomp(2)", err)
	}
	return "", nil
}

// yama reports the scope: the supervisor is an ancestor of what it reads, which scopes 0 and 1 allow.
func yama() (string, error) {
	b, err := os.ReadFile("/proc/sys/kernel/yama/ptrace_scope")
	if errors.Is(err, os.ErrNotExist) {
		return "not in this kernel", nil
	}
	scope := strings.TrimSpace(string(b))
	if scope != "0" && scope != "1" && os.Getuid() != 0 {
		return "", fmt.Errorf("it is %s, which keeps an ordinary user from reading even the memory of child processes; 0 or 1 is needed, or root", scope)
	}
	return scope, err
}

func getfd() (string, error) {
	pidfd, err := linux.PidfdOpen(os.Getpid(), false)
	if err != nil {
		return "", fmt.Errorf("pidfd_open: %w", err)
	}
	defer pidfd.Close()
	fd, err := linux.PidfdGetfd(pidfd, 0)
	if err != nil {
		return "", fmt.Errorf("pidfd_getfd: %w (a container's seccomp profile may allow it only with CAP_SYS_PTRACE)", err)
	}
	return "", fd.Close()
}

// endToEnd runs this program under itself; its first trapped call is made before it is executed.
func endToEnd() (string, error) {
	if Supervised() {
		return "this is a supervised program", nil
	}
	out, err := exec.Command(Self, "run", "--", Self, "version").CombinedOutput()
	if err != nil {
		return "", errors.New(strings.TrimSpace(string(out)))
	}
	return "", nil
}
