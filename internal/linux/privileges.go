package linux

import "syscall"

// ProcAttr is what os.StartProcess calls the attributes of a process.
type ProcAttr = syscall.SysProcAttr

// Unprivileged is a process of the same user with no capabilities but these, which the caller must have as inheritable
// or permitted. The caller's thread must have no ambient ones.
func Unprivileged(capabilities []int) *ProcAttr {
	a := &syscall.SysProcAttr{}
	for _, c := range capabilities {
		if ok, err := mayGrant(c); err == nil && ok {
			a.AmbientCaps = append(a.AmbientCaps, uintptr(c))
		}
	}
	return a
}

// PrivilegesOf is a process of another user, in no group but his own, with no capabilities but these.
func PrivilegesOf(uid, gid int, capabilities []int) *ProcAttr {
	a := Unprivileged(capabilities)
	a.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return a
}

// mayGrant says whether this process has a capability to give.
func mayGrant(capability int) (bool, error) {
	s, err := ReadStatus(Gettid())
	return s.CapEff&(1<<capability) != 0, err
}
