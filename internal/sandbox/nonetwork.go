package sandbox

import (
	"fmt"
	"runtime"

	"golang.org/x/net/bpf"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
)

// NoNetwork takes from all threads of this process, for good, the making of sockets but Unix ones. Those that it is
// given work as before. Landlock knows of TCP alone, and until Linux 6.14 of no Multipath TCP.
func NoNetwork() error {
	arch, ok := seccomp.Host(runtime.GOARCH)
	if !ok {
		return fmt.Errorf("the system calls of %s are not known", runtime.GOARCH)
	}
	code, err := bpf.Assemble(unixSockets(arch.Audit))
	if err != nil {
		return err
	}
	if err := linux.SeccompApplyAll(code); err != nil {
		return fmt.Errorf("give up the network: %w", err)
	}
	return nil
}

// unixSockets refuses calls of other architectures, io_uring, which makes sockets too, and other sockets.
func unixSockets(audit uint32) []bpf.Instruction {
	allow := bpf.RetConstant{Val: linux.SeccompAllow}
	code := []bpf.Instruction{
		load(linux.SeccompDataArch),
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: audit, SkipTrue: 1}, refuse(linux.ENOSYS),
		load(linux.SeccompDataNr),
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: x32Bit, SkipTrue: 1}, refuse(linux.ENOSYS),
	}
	code = append(code, when(linux.SysIOURingSetup, refuse(linux.ENOSYS))...)
	code = append(code, when(linux.SysSocket, firstArgument(),
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: linux.AFUnix, SkipTrue: 1}, refuse(linux.EACCES), allow)...)
	return append(code, allow)
}
