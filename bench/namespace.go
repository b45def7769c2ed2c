package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/securesocketapi/ssa/internal/linux"
)

// insideVariable tells the benchmark that it runs in the namespace of enter.
const insideVariable = "SSA_BENCH_INSIDE"

// benchPolicy has TLS sockets offer the group that all sides are limited to: OpenSSL 3.0 has none with ML-KEM.
const benchPolicy = "groups = [\"x25519\"]\n"

// insideScript makes /etc/ssa a directory of the benchmark's, on a machine that may have none, and hides the machine's.
const insideScript = `set -e
if [ ! -d /etc/ssa ]; then
	mount -t tmpfs tmpfs "$0/etc" && mkdir "$0/etc/upper" "$0/etc/work"
	mount -t overlay overlay -o "lowerdir=/etc,upperdir=$0/etc/upper,workdir=$0/etc/work" /etc
	mkdir /etc/ssa
fi
mount --bind "$0/policy" /etc/ssa
ip link set lo up
exec "$@"`

// outside says whether enter has not been done yet.
func outside() bool { return os.Getenv(insideVariable) == "" }

// enter makes a command that runs this program again, in a mount namespace with the benchmark's policy and a
// network of its own. It takes root; for others the report says what TLS sockets offered.
func enter(ctx context.Context, args []string) (*exec.Cmd, error) {
	dir, err := filepath.Abs(workDir)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{"etc", "policy"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return nil, err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "policy", "policy.toml"), []byte(benchPolicy), 0o644); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	inside, command := "alike", append([]string{"-m", "-n", "sh", "-c", insideScript, dir, self}, args...)
	cmd := exec.CommandContext(ctx, "unshare", command...)
	if os.Getuid() != 0 {
		inside, cmd = "default", exec.CommandContext(ctx, self, args...)
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(linux.SIGTERM) }
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s", insideVariable, inside))
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	return cmd, nil
}

// sameGroups says whether TLS sockets offer the same groups as everybody.
func sameGroups() bool { return os.Getenv(insideVariable) == "alike" }

// defaultGroups runs a command with the groups that TLS sockets offer by default.
func defaultGroups(command []string) []string {
	if !sameGroups() {
		return command
	}
	return append([]string{"unshare", "-m", "sh", "-c", `mount -t tmpfs -o mode=0755 tmpfs /etc/ssa && exec "$@"`, "sh"}, command...)
}

// turns has everybody begin a round once.
func turns[T any](all []T, round int) []T {
	at := round % max(len(all), 1)
	return append(append([]T{}, all[at:]...), all[:at]...)
}
