package linux

import (
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Credentials are the part of a task's credentials that decides on files, ports and marks.
type Credentials struct {
	FSUID, FSGID int
	Groups       []int
	CapEff       uint64
}

// Equal says whether two tasks have the same rights.
func (c Credentials) Equal(o Credentials) bool {
	return c.FSUID == o.FSUID && c.FSGID == o.FSGID && c.CapEff == o.CapEff && slices.Equal(c.Groups, o.Groups)
}

// Credentials picks them out of a status.
func (s Status) Credentials() Credentials {
	return Credentials{FSUID: s.FSUID, FSGID: s.FSGID, Groups: s.Groups, CapEff: s.CapEff}
}

type capHeader struct {
	version uint32
	pid     int32
}

type capData [2]struct{ effective, permitted, inheritable uint32 }

// Assume gives the calling thread, which must be locked, the file and network rights of c, as far as they
// are not more than its own. Its permitted capabilities stay, so that Assume can be called with what it had.
func Assume(c Credentials) error {
	if err := effective(^uint64(0)); err != nil {
		return err
	}
	if err := setgroups(c.Groups); err != nil {
		return err
	}
	if err := setfsid(unix.SYS_SETFSGID, c.FSGID); err != nil {
		return err
	}
	if err := setfsid(unix.SYS_SETFSUID, c.FSUID); err != nil {
		return err
	}
	return effective(c.CapEff)
}

// effective sets the effective capabilities to those of want that are permitted.
func effective(want uint64) error {
	h := capHeader{version: unix.LINUX_CAPABILITY_VERSION_3}
	var d capData
	_, _, e := unix.RawSyscall(unix.SYS_CAPGET, uintptr(unsafe.Pointer(&h)), uintptr(unsafe.Pointer(&d)), 0)
	if e != 0 {
		return e
	}
	d[0].effective = d[0].permitted & uint32(want)
	d[1].effective = d[1].permitted & uint32(want>>32)
	_, _, e = unix.RawSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&h)), uintptr(unsafe.Pointer(&d)), 0)
	return errnoErr(e)
}

// setgroups changes the supplementary groups of this thread alone, which package unix does not offer.
func setgroups(groups []int) error {
	list := make([]uint32, len(groups)+1)
	for i, g := range groups {
		list[i] = uint32(g)
	}
	_, _, e := unix.RawSyscall(unix.SYS_SETGROUPS, uintptr(len(groups)), uintptr(unsafe.Pointer(&list[0])), 0)
	return errnoErr(e)
}

// setfsid sets the file system uid or gid of this thread. The call reports no failure, so it is asked twice.
func setfsid(nr uintptr, id int) error {
	_, _, _ = unix.RawSyscall(nr, uintptr(id), 0, 0)
	now, _, _ := unix.RawSyscall(nr, ^uintptr(0), 0, 0)
	if int(int32(now)) != id {
		return EPERM
	}
	return nil
}
