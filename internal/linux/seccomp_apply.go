package linux

import (
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// SeccompApply installs a filter without a listener on the calling thread, which must be locked and have no_new_privs
// (SECCOMP_SET_MODE_FILTER). It holds for what the thread executes and starts.
func SeccompApply(filter []bpf.RawInstruction) error {
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: (*unix.SockFilter)(unsafe.Pointer(&filter[0]))}
	_, err := seccompFilter(0, &prog)
	runtime.KeepAlive(filter)
	return err
}
