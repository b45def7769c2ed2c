package linux

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// sigaction is the kernel's struct sigaction, alike on amd64 and arm64.
type sigaction struct {
	handler, flags, restorer uintptr
	mask                     uint64
}

// Raise has a signal do to this process what it does by default, which package os/signal cannot: Go's own handler
// stays in place. It returns when the signal has not ended the process, for one that stops it after it has been
// continued; the signal then does again what it did before.
func Raise(s Signal) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var former sigaction
	changed := rtSigaction(s, &sigaction{}, &former) == nil // not for SIGSTOP and SIGKILL, which need no change
	var set, mask unix.Sigset_t
	set.Val[(s-1)/64] = 1 << ((s - 1) % 64)
	if err := unix.PthreadSigmask(unix.SIG_UNBLOCK, &set, &mask); err != nil {
		return err
	}
	err := unix.Tgkill(os.Getpid(), unix.Gettid(), s)
	if e := unix.PthreadSigmask(unix.SIG_SETMASK, &mask, nil); err == nil {
		err = e
	}
	if changed {
		if e := rtSigaction(s, &former, nil); err == nil {
			err = e
		}
	}
	return err
}

func rtSigaction(s Signal, set, old *sigaction) error {
	_, _, e := unix.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(s), uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(old)), 8, 0, 0)
	return errnoErr(e)
}
