package seccomp_test

import (
	"encoding/binary"
	"maps"
	"slices"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
)

// tls is IPPROTO_TLS as the tests state it.
const tls = 205

// What a filter returns (include/uapi/linux/seccomp.h).
const (
	allow  = 0x7fff0000
	notify = 0x7fc00000
	nosys  = 0x00050000 | 38
)

// An abi is an architecture with the numbers of its unistd.h, stated apart from the code under test.
type abi struct {
	arch  seccomp.Arch
	audit uint32
	calls map[seccomp.Call]uint32
}

func abis() map[string]abi {
	return map[string]abi{
		"amd64": {seccomp.AMD64(), 0xc000003e, map[seccomp.Call]uint32{
			seccomp.Socket: 41, seccomp.Connect: 42, seccomp.Accept: 43, seccomp.Bind: 49, seccomp.Listen: 50,
			seccomp.Getsockname: 51, seccomp.Getpeername: 52, seccomp.Setsockopt: 54, seccomp.Getsockopt: 55, seccomp.Accept4: 288,
		}},
		"arm64": {seccomp.ARM64(), 0xc00000b7, map[seccomp.Call]uint32{
			seccomp.Socket: 198, seccomp.Bind: 200, seccomp.Listen: 201, seccomp.Accept: 202, seccomp.Connect: 203,
			seccomp.Getsockname: 204, seccomp.Getpeername: 205, seccomp.Setsockopt: 208, seccomp.Getsockopt: 209, seccomp.Accept4: 242,
		}},
	}
}

// data is struct seccomp_data.
type data struct {
	nr, arch uint32
	args     [6]uint64
}

// bytes lays the data out for the virtual machine, which loads big-endian words where the kernel loads native
// ones. The low word of an argument is the first on both architectures.
func (d data) bytes() []byte {
	b := binary.BigEndian.AppendUint32(nil, d.nr)
	b = binary.BigEndian.AppendUint32(b, d.arch)
	b = append(b, make([]byte, 8)...) // instruction_pointer
	for _, a := range d.args {
		b = binary.BigEndian.AppendUint32(b, uint32(a))
		b = binary.BigEndian.AppendUint32(b, uint32(a>>32))
	}
	return b
}

// machine loads the filter of an architecture.
func machine(t testing.TB, a seccomp.Arch, wrapping bool) func(data) int {
	t.Helper()
	raw, err := seccomp.Filter(a, tls, wrapping)
	if err != nil {
		t.Fatalf("Filter: %v", err)
	}
	code, all := bpf.Disassemble(raw)
	if !all {
		t.Fatal("Filter: an instruction that does not decode")
	}
	vm, err := bpf.NewVM(code)
	if err != nil {
		t.Fatalf("load the filter: %v", err)
	}
	return func(d data) int {
		verdict, err := vm.Run(d.bytes())
		if err != nil {
			t.Fatalf("run the filter on %+v: %v", d, err)
		}
		return verdict
	}
}

func TestFilter(t *testing.T) {
	for name, a := range abis() {
		run := machine(t, a.arch, false)
		t.Run(name, func(t *testing.T) {
			for _, row := range rows(a) {
				t.Run(row.name, func(t *testing.T) {
					if got := run(row.data); got != row.want {
						t.Errorf("verdict of %+v (-want +got):\n-%#x\n+%#x", row.data, row.want, got)
					}
				})
			}
		})
	}
}

// TestFilterOfWrapping states what is closed to a tree whose plain connections are wrapped, and that the rest is as ever.
func TestFilterOfWrapping(t *testing.T) {
	const fastopen, opNotSupp, protoNoSupport, afNoSupport = 0x20000000, 0x50000 | 95, 0x50000 | 93, 0x50000 | 97
	sends := map[string][3]uint32{"amd64": {44, 46, 307}, "arm64": {206, 211, 269}}
	for name, a := range abis() {
		run, socket := machine(t, a.arch, true), a.calls[seccomp.Socket]
		list := append(rows(a),
			row{"bad socket of MPTCP", data{socket, a.audit, [6]uint64{2, 1, 262}}, protoNoSupport},
			row{"bad socket of SMC by protocol", data{socket, a.audit, [6]uint64{2, 1, 256}}, protoNoSupport},
			row{"bad socket of SMC", data{socket, a.audit, [6]uint64{43, 1, 0}}, afNoSupport},
			row{"ok socket of UDP", data{socket, a.audit, [6]uint64{2, 2, 17}}, allow},
			row{"bad socket of x32", data{socket | 0x40000000, a.audit, [6]uint64{2, 1, 0}}, nosys},
		)
		compat := map[string][]data{
			"amd64": {{nr: 102, arch: 0x40000003}, {nr: 359, arch: 0x40000003}}, "arm64": {{nr: 281, arch: 0x40000028}},
		}
		for _, d := range compat[name] {
			read := data{nr: 3, arch: d.arch}
			list = append(list, row{"bad socket of a 32-bit program", d, nosys}, row{"ok read of a 32-bit program", read, allow})
		}
		list = append(list,
			row{"ok a call of another architecture", data{nr: 102, arch: 0xc0000015}, allow},
		)
		for i, nr := range sends[name] {
			with, without := data{nr, a.audit, [6]uint64{}}, data{nr, a.audit, [6]uint64{}}
			at := []int{3, 2, 3}[i]
			with.args[at], without.args[at] = 1<<40|fastopen|0x4000, 0x4000
			list = append(list, row{"bad send with MSG_FASTOPEN", with, opNotSupp}, row{"ok send", without, allow})
		}
		for _, r := range list {
			if got := run(r.data); got != r.want {
				t.Errorf("%s %s: verdict of %+v (-want +got):\n-%#x\n+%#x", name, r.name, r.data, r.want, got)
			}
		}
	}
}

type row struct {
	name string
	data
	want int
}

func rows(a abi) []row {
	at := func(nr uint32, args ...uint64) data {
		d := data{nr: nr, arch: a.audit}
		copy(d.args[:], args)
		return d
	}
	foreign := at(a.calls[seccomp.Connect])
	foreign.arch = 0x40000003 // AUDIT_ARCH_I386
	foreignUring := at(425)
	foreignUring.arch = 0x40000003
	list := []row{
		{"ok socket of TLS", at(a.calls[seccomp.Socket], 2, 1, tls), notify},
		{"ok socket of TCP", at(a.calls[seccomp.Socket], 2, 1, 6), allow},
		{"ok socket of protocol 0", at(a.calls[seccomp.Socket], 2, 1, 0), allow},
		{"ok socket with TLS as its domain and type", at(a.calls[seccomp.Socket], tls, tls, 0), allow},
		{"ok high words are not looked at", at(a.calls[seccomp.Socket], 2, 1, 0xdeadbeef<<32|tls), notify},
		{"ok high words do not make a protocol", at(a.calls[seccomp.Socket], 2, 1, tls<<32), allow},
		{"ok high words do not make a level", at(a.calls[seccomp.Setsockopt], 3, tls<<32|41<<8, 1), allow},
		{"bad io_uring_setup", at(425), nosys},
		{"bad io_uring_setup of x32", at(425 | 0x40000000), nosys},
		{"bad io_uring_setup of a foreign architecture", foreignUring, nosys},
		{"ok connect of a foreign architecture", foreign, allow},
		{"ok connect of x32", at(a.calls[seccomp.Connect] | 0x40000000), allow},
		{"ok read", at(0), allow},
		{"ok the number -1", at(0xffffffff), allow},
	}
	for _, c := range []seccomp.Call{seccomp.Connect, seccomp.Accept, seccomp.Accept4, seccomp.Bind, seccomp.Listen, seccomp.Getsockname, seccomp.Getpeername} {
		list = append(list, row{"ok trapped always", at(a.calls[c], 3), notify})
	}
	for _, c := range []seccomp.Call{seccomp.Setsockopt, seccomp.Getsockopt} {
		for _, level := range []uint64{0, 1, 6, 41, tls} {
			list = append(list, row{"ok an option at our level", at(a.calls[c], 3, level), notify},
				row{"ok an option at our level with a high word", at(a.calls[c], 3, 1<<63|level), notify})
		}
		for _, level := range []uint64{2, 17, 33, 255, 270, 282, 0xffffffff} {
			list = append(list, row{"ok an option at a level of others", at(a.calls[c], level, level), allow})
		}
	}
	return list
}

func TestArchFindsCalls(t *testing.T) {
	for name, a := range abis() {
		host, ok := seccomp.Host(name)
		if !ok || host.Audit != a.audit {
			t.Errorf("Host(%q): got audit number %#x and %v, want %#x", name, host.Audit, ok, a.audit)
		}
		for call, nr := range a.calls {
			if got := host.Call(int32(nr)); got != call {
				t.Errorf("%s: call number %d: got %d, want %d", name, nr, got, call)
			}
		}
		if got := host.Call(-1); got != seccomp.None {
			t.Errorf("%s: call number -1: got %d, want none", name, got)
		}
	}
	if _, ok := seccomp.Host("riscv64"); ok {
		t.Error("Host of an architecture without a table: got one")
	}
}

// FuzzFilter states what holds for every call: one that is not in the table is never trapped, io_uring is
// always refused, a foreign architecture always passes, and only the low words of arguments count.
func FuzzFilter(f *testing.F) {
	for _, a := range abis() {
		for _, r := range rows(a) {
			f.Add(r.nr, r.arch, r.args[0], r.args[1], r.args[2])
		}
	}
	f.Fuzz(func(t *testing.T, nr, arch uint32, a0, a1, a2 uint64) {
		d := data{nr, arch, [6]uint64{a0, a1, a2}}
		for name, a := range abis() {
			run := machine(t, a.arch, false)
			got := run(d)
			if want := model(a, d); got != want {
				t.Errorf("%s: verdict of %+v: got %#x, want %#x", name, d, got, want)
			}
			low := data{nr, arch, [6]uint64{uint64(uint32(a0)), uint64(uint32(a1)), uint64(uint32(a2))}}
			if run(low) != got {
				t.Errorf("%s: high words change the verdict of %+v", name, d)
			}
		}
	})
}

// model is the verdict by the words of the design.
func model(a abi, d data) int {
	known := slices.Contains(slices.Collect(maps.Values(a.calls)), d.nr)
	levels := []uint32{linux.SolIP, linux.SolSocket, linux.SolTCP, linux.SolIPv6, tls}
	switch {
	case d.nr&^0x40000000 == 425:
		return nosys
	case d.arch != a.audit || !known:
		return allow
	case d.nr == a.calls[seccomp.Socket] && uint32(d.args[2]) != tls:
		return allow
	case d.nr == a.calls[seccomp.Setsockopt] && !slices.Contains(levels, uint32(d.args[1])):
		return allow
	case d.nr == a.calls[seccomp.Getsockopt] && !slices.Contains(levels, uint32(d.args[1])):
		return allow
	}
	return notify
}
