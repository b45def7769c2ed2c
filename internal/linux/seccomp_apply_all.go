package linux

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// SeccompApplyAll installs a filter without a listener on all threads of the process (SECCOMP_FILTER_FLAG_TSYNC), which
// gives them no_new_privs too. It holds for what they start.
func SeccompApplyAll(filter []bpf.RawInstruction) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := NoNewPrivs(); err != nil {
		return err
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: (*unix.SockFilter)(unsafe.Pointer(&filter[0]))}
	thread, err := seccompFilter(unix.SECCOMP_FILTER_FLAG_TSYNC, &prog)
	runtime.KeepAlive(filter)
	if err == nil && thread != 0 {
		return fmt.Errorf("seccomp: thread %d has a filter of its own", thread)
	}
	return err
}
