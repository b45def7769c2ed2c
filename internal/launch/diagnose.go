package launch

import (
	"fmt"

	"github.com/securesocketapi/ssa/internal/linux"
)

// installFailure says why the kernel has refused the filter and what to do about it.
func installFailure(err error) error {
	cause := "see `ssa doctor`"
	switch err {
	case linux.EBUSY:
		cause = "another program already receives the system calls of this process tree: a container's or sandbox's seccomp " +
			"agent, Docker Desktop's container isolation, WSL 2 with mirrored networking. Start `ssa run` outside of it, or turn that interception off"
	case linux.EINVAL:
		cause = "the kernel has no seccomp user notification (Linux 5.14 or later with CONFIG_SECCOMP_FILTER has); gVisor has none either"
	case linux.EPERM, linux.EACCES:
		cause = "the policy of this container or sandbox forbids seccomp(2). Allow seccomp with SECCOMP_FILTER_FLAG_NEW_LISTENER in its seccomp profile"
	case linux.ENOSYS:
		cause = "the kernel, or the seccomp profile of this container, has no seccomp(2). Allow it in the profile, or use Linux 5.14 or later"
	case linux.EMFILE, linux.ENFILE:
		cause = "there is no descriptor left; raise the limit (ulimit -n)"
	}
	return fmt.Errorf("install the seccomp filter: %w\nhint: %s", err, cause)
}

// tryFailure says why a call that was to be trapped did not come back with a TLS socket.
func tryFailure(err error) error {
	cause := "see `ssa doctor`"
	switch err {
	case linux.EPROTONOSUPPORT:
		cause = "the call was not trapped: another seccomp filter of this container or sandbox decides before ours"
	case linux.EPERM, linux.EACCES:
		cause = "a security module (AppArmor, SELinux) or the container's policy keeps the supervisor from answering or from " +
			"passing a descriptor to the program; allow ptrace read access, pidfd_getfd and the seccomp notification ioctls within the tree"
	case linux.ENOSYS:
		cause = "the supervisor cannot answer system calls; is there a policy that keeps it from using the seccomp listener?"
	}
	return fmt.Errorf("try a trapped call, socket(AF_INET, SOCK_STREAM, IPPROTO_TLS): %w\nhint: %s", err, cause)
}
