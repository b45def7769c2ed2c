package linux

import "golang.org/x/sys/unix"

// LimitDescriptors makes max the first descriptor number this process may not open (RLIMIT_NOFILE, setrlimit(2)).
// What is open stays open. restore gives the limit back that was there before.
func LimitDescriptors(max uint64) (restore func() error, err error) {
	var old unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		return nil, err
	}
	low := old
	low.Cur = min(max, old.Max)
	restore = func() error { return unix.Setrlimit(unix.RLIMIT_NOFILE, &old) }
	return restore, unix.Setrlimit(unix.RLIMIT_NOFILE, &low)
}
