package launch

import (
	"fmt"

	"github.com/securesocketapi/ssa/internal/linux"
)

// causes says for an errno why something does not work here, and what to do.
type causes map[linux.Errno]string

// explain adds the cause to an error, on a line of its own.
func (c causes) explain(doing string, err error) error {
	errno, _ := linux.ErrnoOf(err)
	cause, ok := c[errno]
	if !ok {
		cause = "see `ssa doctor`"
	}
	return fmt.Errorf("%s: %w\nhint: %s", doing, err, cause)
}

const (
	forbidden = "the policy of this container or sandbox forbids seccomp(2). Allow seccomp with " +
		"SECCOMP_FILTER_FLAG_NEW_LISTENER in its seccomp profile"
	unreadable = "the supervisor cannot read and write the memory of the program; Yama's ptrace_scope has to be 0 or 1, and a " +
		"container's seccomp profile must allow process_vm_readv and process_vm_writev"
	noDescriptor = "there is no descriptor left; raise the limit (ulimit -n)"
	refused      = "a security module (AppArmor, SELinux) or the container's policy keeps the supervisor from answering or from " +
		"passing a descriptor to the program; allow ptrace read access, pidfd_getfd and the seccomp notification ioctls within the tree"
)

// installFailure says why the kernel has refused the filter and what to do about it.
func installFailure(err error) error {
	return causes{
		linux.EBUSY: "another program already receives the system calls of this process tree: a container's or sandbox's seccomp " +
			"agent, Docker Desktop's container isolation, WSL 2 with mirrored networking. Start `ssa run` outside of it, or turn that interception off",
		linux.EINVAL: "the kernel has no seccomp user notification (Linux 5.14 or later with CONFIG_SECCOMP_FILTER has); gVisor has none either",
		linux.EPERM:  forbidden,
		linux.EACCES: forbidden,
		linux.ENOSYS: "the kernel, or the seccomp profile of this container, has no seccomp(2). Allow it in the profile, or use Linux 5.14 or later",
		linux.EMFILE: noDescriptor,
		linux.ENFILE: noDescriptor,
	}.explain("install the seccomp filter", err)
}

// tryFailure says why a call that was to be trapped did not come back with a TLS socket.
func tryFailure(err error) error {
	return causes{
		linux.EPROTONOSUPPORT: "the call was not trapped: another seccomp filter of this container or sandbox decides before ours",
		linux.EPERM:           refused,
		linux.EACCES:          refused,
		linux.EFAULT:          unreadable,
		linux.ENOSYS:          "the supervisor cannot answer system calls; is there a policy that keeps it from using the seccomp listener?",
	}.explain("try a trapped call, socket(AF_INET, SOCK_STREAM, IPPROTO_TLS)", err)
}
