package linux

import "golang.org/x/sys/unix"

// SignalMask is a set of blocked signals.
type SignalMask struct{ set unix.Sigset_t }

// BlockSignals blocks every signal on the calling thread, which must be locked, and returns what was blocked before.
func BlockSignals() (SignalMask, error) {
	var all unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^uint64(0)
	}
	var old SignalMask
	err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &old.set)
	return old, err
}

// SetSignals sets what is blocked on the calling thread.
func SetSignals(m SignalMask) error {
	return unix.PthreadSigmask(unix.SIG_SETMASK, &m.set, nil)
}

// SetSignalBits sets what is blocked on the calling thread, signal n at bit n-1.
func SetSignalBits(bits uint64) error {
	var set unix.Sigset_t
	set.Val[0] = bits
	return unix.PthreadSigmask(unix.SIG_SETMASK, &set, nil)
}
