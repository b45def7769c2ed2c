package linux

import "golang.org/x/sys/unix"

// RaiseDescriptors lets this process open as many files as its hard limit allows, and says how many (RLIMIT_NOFILE).
func RaiseDescriptors() (int, error) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	if l.Cur == l.Max {
		return int(min(l.Cur, 1<<30)), nil
	}
	l.Cur = l.Max
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	return int(min(l.Cur, 1<<30)), nil
}
