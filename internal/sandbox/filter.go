package sandbox

import (
	"fmt"
	"runtime"

	"golang.org/x/net/bpf"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
)

// refuse answers a call with an errno.
func refuse(e linux.Errno) bpf.Instruction {
	return bpf.RetConstant{Val: linux.SeccompErrno | uint32(e)}
}

// filter keeps the process from calls that it has no use for. In the order it decides:
//
//  1. calls of another architecture, and of x32, do not exist;
//  2. harmful calls are refused;
//  3. clone3, whose flags a filter cannot see, does not exist, so that libraries use clone, which may make no namespace;
//  4. prctl may not cut the leash;
//  5. sockets are for IPv4, IPv6 and the look-up of routes, or for nobody;
//  6. everything else passes.
func filter(network bool) error {
	arch, ok := seccomp.Host(runtime.GOARCH)
	if !ok {
		return fmt.Errorf("the system calls of %s are not known", runtime.GOARCH)
	}
	code, err := bpf.Assemble(instructions(arch.Audit, network))
	if err != nil {
		return err
	}
	return linux.SeccompApply(code)
}

// x32Bit marks the calls of the x32 interface of x86-64.
const x32Bit = 0x40000000

func instructions(audit uint32, network bool) []bpf.Instruction {
	allow := bpf.RetConstant{Val: linux.SeccompAllow}
	code := []bpf.Instruction{
		load(linux.SeccompDataArch),
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: audit, SkipTrue: 1}, refuse(linux.ENOSYS),
		load(linux.SeccompDataNr),
		bpf.JumpIf{Cond: bpf.JumpLessThan, Val: x32Bit, SkipTrue: 1}, refuse(linux.ENOSYS),
	}
	for _, nr := range linux.Harmful() {
		code = append(code, when(nr, refuse(linux.EPERM))...)
	}
	code = append(code, when(linux.SysClone3, refuse(linux.ENOSYS))...)
	code = append(code, when(linux.SysClone, firstArgument(),
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: linux.CloneNamespaces, SkipFalse: 1}, refuse(linux.EPERM), allow)...)
	code = append(code, when(linux.SysPrctl, firstArgument(),
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: linux.PrSetPdeathsig, SkipFalse: 1}, refuse(linux.EPERM), allow)...)
	code = append(code, when(linux.SysSocket, families(network)...)...)
	return append(code, allow)
}

// families lets through socket(2) for the families that the network needs.
func families(network bool) []bpf.Instruction {
	if !network {
		return []bpf.Instruction{refuse(linux.EACCES)}
	}
	code := []bpf.Instruction{firstArgument()}
	for _, f := range []uint32{linux.AFInet, linux.AFInet6, linux.AFNetlink} {
		code = append(code, bpf.JumpIf{Cond: bpf.JumpEqual, Val: f, SkipFalse: 1}, bpf.RetConstant{Val: linux.SeccompAllow})
	}
	return append(code, refuse(linux.EACCES))
}

func load(offset uint32) bpf.Instruction { return bpf.LoadAbsolute{Off: offset, Size: 4} }

// firstArgument loads the low word of the first argument, which is all of a C int.
func firstArgument() bpf.Instruction { return load(linux.SeccompDataArgs) }

// when runs body, which ends in returns, for a call. The number of the call is loaded.
func when(nr uint32, body ...bpf.Instruction) []bpf.Instruction {
	return append([]bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpEqual, Val: nr, SkipFalse: uint8(len(body))}}, body...)
}
