package linux

import "golang.org/x/sys/unix"

// Exec replaces the program of this process (execve(2)).
func Exec(path string, argv, env []string) error { return unix.Exec(path, argv, env) }

// Dup2 makes target a duplicate of fd that survives execve(2).
func Dup2(fd, target FD) error { return unix.Dup3(int(fd), int(target), 0) }
