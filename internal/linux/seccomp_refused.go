package linux

import "golang.org/x/sys/unix"

// Calls whose arguments a filter for sandboxed programs looks into (syscalls(2)).
const (
	SysSocket = unix.SYS_SOCKET
	SysClone  = unix.SYS_CLONE
	SysClone3 = unix.SYS_CLONE3
	SysPrctl  = unix.SYS_PRCTL

	SysIOURingSetup = unix.SYS_IO_URING_SETUP

	// PrSetPdeathsig is the operation of prctl(2) that says which signal follows the end of the parent.
	PrSetPdeathsig = unix.PR_SET_PDEATHSIG
	// CloneNamespaces are the flags of clone(2) that make namespaces, within its low word.
	CloneNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER |
		unix.CLONE_NEWPID | unix.CLONE_NEWNET
	AFNetlink = unix.AF_NETLINK
)

// Harmful are the calls that a program which only computes has no use for: they reach other processes, leave the process
// group, change what the process sees of the machine, or open large parts of the kernel to attack.
func Harmful() []uint32 {
	return []uint32{
		unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD, unix.SYS_KCMP,
		unix.SYS_SETSID, unix.SYS_SETPGID,
		unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_FSOPEN,
		unix.SYS_FSMOUNT, unix.SYS_FSCONFIG, unix.SYS_FSPICK, unix.SYS_CHROOT, unix.SYS_UNSHARE, unix.SYS_SETNS,
		unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER,
		unix.SYS_IO_URING_REGISTER, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL, unix.SYS_KEXEC_LOAD,
		unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_NAME_TO_HANDLE_AT,
		unix.SYS_PERSONALITY,
	}
}
