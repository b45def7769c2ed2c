// Package identity reads from /proc which application a process is: its executable, user, systemd unit, container and
// script. What it reads is the kernel's word, but for the script, which the process can write.
package identity

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

// Read reads which application a process is, by its number. The executable of another user's process can be read with
// CAP_SYS_PTRACE only (PTRACE_MODE_READ_FSCREDS, ptrace(2)); not to know it is an error.
func Read(pid int) (socket.App, error) {
	status, err := linux.ReadStatus(pid)
	if err != nil {
		return socket.App{}, fmt.Errorf("read who process %d is: %w", pid, err)
	}
	exe, err := os.Readlink(proc(pid, "exe"))
	if err != nil {
		return socket.App{}, fmt.Errorf("read the executable of process %d: %w", pid, err)
	}
	a := socket.App{PID: status.Tgid, UID: status.UID, Exe: application(pid, exe)}
	if text, err := os.ReadFile(proc(pid, "cgroup")); err == nil {
		a.Unit, a.Container = Cgroup(string(text))
	}
	a.Script = script(pid, exe)
	return a, nil
}

// ForeignPrefix stands before the path of an executable whose name is worth nothing: whoever has a user namespace of his
// own can mount any file over any path and run it under that name.
const ForeignPrefix = "userns:"

// application is the name of an executable. An upgrade may have replaced the file since.
func application(pid int, exe string) string {
	path := strings.TrimSuffix(exe, " (deleted)")
	if ours, err := linux.Namespace(os.Getpid(), "user"); err == nil {
		if theirs, err := linux.Namespace(pid, "user"); err == nil && ours == theirs {
			return path
		}
	}
	running, err := os.Stat(proc(pid, "exe"))
	if err == nil {
		if named, err := os.Stat(path); err == nil && os.SameFile(running, named) {
			return path
		}
	}
	return ForeignPrefix + path
}

// argumentsMax bounds how much of a command line is looked at, in bytes.
const argumentsMax = 16 << 10

func script(pid int, exe string) string {
	if !interpreter(exe) {
		return ""
	}
	f, err := os.Open(proc(pid, "cmdline"))
	if err != nil {
		return ""
	}
	defer f.Close()
	b := make([]byte, argumentsMax)
	n, err := f.Read(b)
	if err != nil {
		return ""
	}
	name := Script(exe, strings.Split(strings.TrimSuffix(string(b[:n]), "\x00"), "\x00"))
	if name == "" || filepath.IsAbs(name) {
		return name
	}
	cwd, err := os.Readlink(proc(pid, "cwd"))
	if err != nil {
		return name
	}
	return filepath.Join(cwd, name)
}

func proc(pid int, name string) string { return "/proc/" + strconv.Itoa(pid) + "/" + name }
