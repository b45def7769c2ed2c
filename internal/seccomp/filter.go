package seccomp

// The filter, in the order it decides:
//
//  1. io_uring_setup is refused with ENOSYS on every architecture: its operations would pass by the trap.
//  2. A call of another architecture passes. Protocol 205 then meets the kernel, which knows it not.
//  3. In a tree whose plain connections are wrapped, ways past connect are closed: sending to an address with
//     MSG_FASTOPEN, Multipath TCP, SMC, and any socket of a 32-bit program. Programs have to do without the first three
//     on many systems, and can.
//  4. socket is trapped when its protocol is IPPROTO_TLS.
//  5. setsockopt and getsockopt are trapped when their level is one that a TLS socket answers itself.
//  6. The other calls of the table are trapped always; whose socket it is cannot be seen from here.
//  7. Everything else passes.

import (
	"golang.org/x/net/bpf"

	"github.com/securesocketapi/ssa/internal/linux"
)

// Arguments of the calls that the filter looks into, counted from 0.
const (
	socketDomain   = 0
	socketProtocol = 2
	sockoptLevel   = 1
	sendtoFlags    = 3
	sendmsgFlags   = 2
	sendmmsgFlags  = 3
)

// What is closed to a tree whose plain connections are wrapped (include/linux/socket.h, include/uapi/linux/in.h).
const (
	msgFastopen = 0x20000000
	familySMC   = 43
	protoSMC    = 256
	protoMPTCP  = 262
)

// Filter assembles the filter for an architecture. protocol is the number that asks for TLS; wrapping says that plain
// connections may have to become TLS.
func Filter(a Arch, protocol uint32, wrapping bool) ([]bpf.RawInstruction, error) {
	var p program
	p.load(linux.SeccompDataNr)
	for _, nr := range []uint32{ioURingSetup, ioURingSetup | x32Bit} {
		p.when(nr, bpf.RetConstant{Val: linux.SeccompErrno | uint32(linux.ENOSYS)})
	}
	p.load(linux.SeccompDataArch)
	if wrapping {
		p.when(a.compat.audit, oneOf(a.compat.sockets, linux.SeccompErrno|uint32(linux.ENOSYS))...)
	}
	p.unless(a.Audit, bpf.RetConstant{Val: linux.SeccompAllow})
	p.load(linux.SeccompDataNr)
	if wrapping {
		p.when(a.calls[Socket]|x32Bit, bpf.RetConstant{Val: linux.SeccompErrno | uint32(linux.ENOSYS)})
		p.whenFlag(a.sends.sendto, sendtoFlags, msgFastopen)
		p.whenFlag(a.sends.sendmsg, sendmsgFlags, msgFastopen)
		p.whenFlag(a.sends.sendmmsg, sendmmsgFlags, msgFastopen)
		p.refuseSocket(a.calls[Socket], socketDomain, linux.EAFNOSUPPORT, familySMC)
		p.refuseSocket(a.calls[Socket], socketProtocol, linux.EPROTONOSUPPORT, protoSMC, protoMPTCP)
	}
	levels := []uint32{linux.SolIP, linux.SolSocket, linux.SolTCP, linux.SolIPv6, protocol}
	p.when(a.calls[Socket], argument(socketProtocol, protocol)...)
	p.when(a.calls[Setsockopt], argument(sockoptLevel, levels...)...)
	p.when(a.calls[Getsockopt], argument(sockoptLevel, levels...)...)
	for _, c := range []Call{Connect, Accept, Accept4, Bind, Listen, Getsockname, Getpeername} {
		p.when(a.calls[c], bpf.RetConstant{Val: linux.SeccompNotif})
	}
	p.add(bpf.RetConstant{Val: linux.SeccompAllow})
	return bpf.Assemble(p.code)
}

type program struct{ code []bpf.Instruction }

func (p *program) add(i ...bpf.Instruction) { p.code = append(p.code, i...) }

func (p *program) load(offset uint32) { p.add(bpf.LoadAbsolute{Off: offset, Size: 4}) }

// when runs body, which ends in a return, if the loaded word is value.
func (p *program) when(value uint32, body ...bpf.Instruction) {
	p.add(bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: value, SkipTrue: uint8(len(body))})
	p.add(body...)
}

// unless is when, for every other value.
func (p *program) unless(value uint32, body ...bpf.Instruction) {
	p.add(bpf.JumpIf{Cond: bpf.JumpEqual, Val: value, SkipTrue: uint8(len(body))})
	p.add(body...)
}

// oneOf gives a verdict on the calls with these numbers and lets others pass.
func oneOf(numbers []uint32, verdict uint32) []bpf.Instruction {
	body := []bpf.Instruction{bpf.LoadAbsolute{Off: linux.SeccompDataNr, Size: 4}}
	for i, nr := range numbers {
		body = append(body, bpf.JumpIf{Cond: bpf.JumpEqual, Val: nr, SkipTrue: uint8(len(numbers) - i)})
	}
	return append(body, bpf.RetConstant{Val: linux.SeccompAllow}, bpf.RetConstant{Val: verdict})
}

// whenFlag refuses a call with a flag as if the system did not know it.
func (p *program) whenFlag(nr, index, flag uint32) {
	p.when(nr,
		bpf.LoadAbsolute{Off: linux.SeccompDataArgs + 8*index, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpBitsNotSet, Val: flag, SkipTrue: 1},
		bpf.RetConstant{Val: linux.SeccompErrno | uint32(linux.EOPNOTSUPP)},
		bpf.RetConstant{Val: linux.SeccompAllow},
	)
}

// refuseSocket refuses socket when an argument is one of values. The number is loaded again for what follows.
func (p *program) refuseSocket(nr, index uint32, e linux.Errno, values ...uint32) {
	body := []bpf.Instruction{bpf.LoadAbsolute{Off: linux.SeccompDataArgs + 8*index, Size: 4}}
	for i, v := range values {
		body = append(body, bpf.JumpIf{Cond: bpf.JumpEqual, Val: v, SkipTrue: uint8(len(values) - i)})
	}
	// Past the refusal, unless a value has led to it.
	body = append(body, bpf.Jump{Skip: 1}, bpf.RetConstant{Val: linux.SeccompErrno | uint32(e)})
	p.when(nr, body...)
	p.load(linux.SeccompDataNr)
}

// argument traps the call when an argument's low word, which is all of a C int, is one of values.
func argument(index uint32, values ...uint32) []bpf.Instruction {
	body := []bpf.Instruction{bpf.LoadAbsolute{Off: linux.SeccompDataArgs + 8*index, Size: 4}}
	for i, v := range values {
		body = append(body, bpf.JumpIf{Cond: bpf.JumpEqual, Val: v, SkipTrue: uint8(len(values) - i)})
	}
	return append(body, bpf.RetConstant{Val: linux.SeccompAllow}, bpf.RetConstant{Val: linux.SeccompNotif})
}
