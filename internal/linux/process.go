package linux

import "golang.org/x/sys/unix"

// NoNewPrivs gives up, for this thread and all it starts, what setuid programs and file capabilities would
// grant (PR_SET_NO_NEW_PRIVS).
func NoNewPrivs() error { return unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) }

// ChildSubreaper makes descendants whose parent ends children of this process (PR_SET_CHILD_SUBREAPER).
func ChildSubreaper() error { return unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// NotDumpable keeps other processes of the same user from reading this one's memory (PR_SET_DUMPABLE).
func NotDumpable() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

// Setsid makes the process the leader of a session without a terminal.
func Setsid() error {
	_, err := unix.Setsid()
	return err
}

// Umask sets the file mode creation mask and returns the old one.
func Umask(mask int) int { return unix.Umask(mask) }
