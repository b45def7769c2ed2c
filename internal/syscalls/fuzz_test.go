package syscalls_test

import (
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
)

// FuzzCall states that every call, whatever its arguments and what they point to, gets exactly one answer, that
// a call on a socket of ours is never left to the kernel, and that no error becomes success.
func FuzzCall(f *testing.F) {
	kinds := []seccomp.Call{
		seccomp.Socket, seccomp.Bind, seccomp.Connect, seccomp.Listen, seccomp.Accept, seccomp.Accept4,
		seccomp.Getsockname, seccomp.Getpeername, seccomp.Setsockopt, seccomp.Getsockopt,
	}
	for i := range kinds {
		f.Add(byte(i), byte(i), uint64(linux.SockStream), uint64(abi.ProtoTLS), uint64(1), []byte{2, 0, 0, 0})
		f.Add(byte(i), byte(0), uint64(abi.ProtoTLS), uint64(abi.TLSALPN), uint64(2), []byte{2, 0, 0, 0, 'h', '2'})
	}
	w, s := simulated(f)
	f.Fuzz(func(t *testing.T, kind, state byte, a, b, c uint64, data []byte) {
		if len(data) > 4096 {
			return
		}
		call := kinds[int(kind)%len(kinds)]
		fd := inState(t, w, state)
		args := arguments(t, w, call, fd, [3]uint64{a, b, c}, data)
		if args == nil || reachesOut(s, call, args) {
			w.close(t, fd)
			return
		}
		k := s.begin(call, args...)
		r := k.wait(t)
		w.server.Wait()
		k.check(t)
		if r.passed {
			t.Errorf("%s%v goes on to the kernel", callName(call), args)
		}
		if r.errno == 0 && r.value > 0 {
			w.close(t, r.value)
		}
		w.close(t, fd)
		s.forget()
		select {
		case <-w.service.listening:
		default:
		}
	})
}

// inState makes a socket in one of the states, never one that blocks.
func inState(t *testing.T, w *world, state byte) int64 {
	t.Helper()
	if _, err := w.table.Sweep(); err != nil { // what the last call left
		t.Fatal(err)
	}
	fd := w.tls(t, linux.SockNonblock)
	switch state % 4 {
	case 1:
		want(t, "set a chain", w.setTLS(t, fd, abi.TLSCertificateChain, chainPEM+keyPEM), 0)
	case 2:
		want(t, "set a chain", w.setTLS(t, fd, abi.TLSCertificateChain, chainPEM+keyPEM), 0)
		want(t, "bind", w.bind(t, fd, loopback(0)), 0)
		want(t, "listen", w.listen(t, fd, 1), 0)
		event(t, w.service.listening)
	case 3:
		want(t, "bind", w.bind(t, fd, loopback(0)), 0)
	}
	return fd
}

// arguments are those of a call; data is where its pointers lead, or they are wild.
func arguments(t *testing.T, w *world, call seccomp.Call, fd int64, raw [3]uint64, data []byte) []uint64 {
	t.Helper()
	at := w.edge(t, data)
	if raw[0]%16 == 0 {
		at = raw[1]
	}
	switch n := uint64(fd); call {
	case seccomp.Socket:
		return []uint64{raw[0], raw[1], abi.ProtoTLS}
	case seccomp.Bind, seccomp.Connect:
		return []uint64{n, at, raw[2]}
	case seccomp.Listen:
		return []uint64{n, raw[0]}
	case seccomp.Accept, seccomp.Accept4, seccomp.Getsockname, seccomp.Getpeername:
		return []uint64{n, at, at + raw[2]%8, raw[1]}
	case seccomp.Setsockopt:
		return []uint64{n, raw[0], raw[1], at, raw[2]}
	case seccomp.Getsockopt:
		return []uint64{n, raw[0], raw[1], at, at + raw[2]%8}
	case seccomp.None:
	}
	return nil
}

// reachesOut says whether a connect would go to another machine or ask for a name.
func reachesOut(s *simulation, call seccomp.Call, args []uint64) bool {
	if call != seccomp.Connect || int32(args[2]) < 2 {
		return false
	}
	family := make([]byte, 2)
	if s.Read(args[1], family) != nil {
		return false
	}
	switch socket.Family(family) {
	case linux.AFInet, linux.AFInet6, abi.FamilyHostname:
		return true
	}
	return false
}

// forget drops what earlier calls left behind.
func (s *simulation) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.callers, s.next = nil, 0
}
