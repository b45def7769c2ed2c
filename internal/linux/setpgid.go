package linux

import "syscall"

// Setpgid asks exec.Cmd for a process group of its own, so that Killpg reaches everything it starts
// (setpgid(2)).
func Setpgid() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
