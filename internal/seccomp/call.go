package seccomp

// A Call is a system call that the filter traps.
type Call int

// The trapped calls.
const (
	None Call = iota
	Socket
	Bind
	Connect
	Listen
	Accept
	Accept4
	Getsockname
	Getpeername
	Setsockopt
	Getsockopt
)

// An Arch is a processor architecture as the kernel's audit and seccomp name it, with its call numbers.
type Arch struct {
	Name string
	// Audit is AUDIT_ARCH_* of linux/audit.h.
	Audit uint32
	calls map[Call]uint32
	sends sends
	// compat is the architecture of 32-bit programs on this one.
	compat compat
}

// compat has the calls by which a 32-bit program makes sockets.
type compat struct {
	audit   uint32
	sockets []uint32
}

// sends are the numbers of the calls that send.
type sends struct{ sendto, sendmsg, sendmmsg uint32 }

// ioURingSetup is io_uring_setup(2), which has one number on all architectures. On x86-64 the x32 interface
// adds a bit to every number.
const (
	ioURingSetup = 425
	x32Bit       = 0x40000000
)

// AMD64 is x86-64.
func AMD64() Arch {
	return Arch{"amd64", 0xc000003e, map[Call]uint32{
		Socket: 41, Connect: 42, Accept: 43, Bind: 49, Listen: 50, Getsockname: 51, Getpeername: 52,
		Setsockopt: 54, Getsockopt: 55, Accept4: 288,
	}, sends{sendto: 44, sendmsg: 46, sendmmsg: 307}, compat{0x40000003, []uint32{102, 359}}} // socketcall, socket
}

// ARM64 is AArch64.
func ARM64() Arch {
	return Arch{"arm64", 0xc00000b7, map[Call]uint32{
		Socket: 198, Bind: 200, Listen: 201, Accept: 202, Connect: 203, Getsockname: 204, Getpeername: 205,
		Setsockopt: 208, Getsockopt: 209, Accept4: 242,
	}, sends{sendto: 206, sendmsg: 211, sendmmsg: 269}, compat{0x40000028, []uint32{281}}}
}

// Host is the architecture this program was built for, by the name Go gives it.
func Host(goarch string) (Arch, bool) {
	for _, a := range []Arch{AMD64(), ARM64()} {
		if a.Name == goarch {
			return a, true
		}
	}
	return Arch{}, false
}

// Call finds the call behind a number.
func (a Arch) Call(nr int32) Call {
	for c, n := range a.calls {
		if n == uint32(nr) {
			return c
		}
	}
	return None
}
