package linux

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SeccompUserNotifAvail asks the kernel whether filters may answer with SECCOMP_RET_USER_NOTIF
// (SECCOMP_GET_ACTION_AVAIL, seccomp(2), Linux 5.0).
func SeccompUserNotifAvail() error {
	action := uint32(unix.SECCOMP_RET_USER_NOTIF)
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_GET_ACTION_AVAIL, 0, uintptr(unsafe.Pointer(&action)))
	if errno != 0 {
		return fmt.Errorf("seccomp(GET_ACTION_AVAIL, USER_NOTIF): %w", errno)
	}
	return nil
}
