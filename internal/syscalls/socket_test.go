package syscalls_test

import (
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
)

func TestSocket(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		for _, row := range []struct {
			name        string
			domain, typ uint64
			want        linux.Errno
		}{
			{"ok IPv4", linux.AFInet, linux.SockStream, 0},
			{"ok IPv6", linux.AFInet6, linux.SockStream, 0},
			{"ok high words do not count", 1<<32 | linux.AFInet, 1<<32 | linux.SockStream, 0},
			{"bad AF_UNIX", linux.AFUnix, linux.SockStream, linux.EAFNOSUPPORT},
			{"bad AF_UNSPEC", linux.AFUnspec, linux.SockStream, linux.EAFNOSUPPORT},
			{"bad domain -1", minus(1), linux.SockStream, linux.EAFNOSUPPORT},
			{"bad SOCK_DGRAM", linux.AFInet, linux.SockDgram, linux.ESOCKTNOSUPPORT},
			{"bad type 0", linux.AFInet, 0, linux.ESOCKTNOSUPPORT},
			{"bad unknown flag", linux.AFInet, linux.SockStream | 0x100, linux.EINVAL},
			{"bad type -1", linux.AFInet, minus(1), linux.EINVAL},
		} {
			r := w.call(t, seccomp.Socket, row.domain, row.typ, abi.ProtoTLS)
			want(t, row.name, r.errno, row.want)
			if r.errno == 0 {
				w.close(t, r.value)
			}
		}
	})
}

func TestSocketFlags(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		for _, flags := range []int{0, linux.SockNonblock, linux.SockCloexec, linux.SockNonblock | linux.SockCloexec} {
			nonblock, cloexec := w.flags(t, w.tls(t, flags))
			if nonblock != (flags&linux.SockNonblock != 0) || cloexec != (flags&linux.SockCloexec != 0) {
				t.Errorf("socket with flags %#x: got non-blocking %v and close-on-exec %v", flags, nonblock, cloexec)
			}
		}
	})
}

func TestSocketsAreBounded(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		var fds []int64
		for range socketsMax {
			fds = append(fds, w.tls(t, 0))
		}
		full := func() linux.Errno {
			return w.call(t, seccomp.Socket, linux.AFInet, linux.SockStream, abi.ProtoTLS).errno
		}
		want(t, "socket beyond the bound", full(), linux.EMFILE)
		w.close(t, fds[0])
		want(t, "socket after another was closed", full(), 0)
	})
}

func TestSocketThatCannotBeInstalled(t *testing.T) {
	w, s := simulated(t)
	for _, e := range []linux.Errno{linux.EMFILE, linux.EACCES} {
		s.refuse.Store(int32(e))
		want(t, "socket", w.call(t, seccomp.Socket, linux.AFInet, linux.SockStream, abi.ProtoTLS).errno, e)
	}
	s.refuse.Store(0)
	if n, err := w.table.Sweep(); n != 2 || err != nil {
		t.Errorf("Sweep: got %d and %v, want the 2 sockets that nobody has", n, err)
	}
	if !w.table.Empty() {
		t.Error("the table holds sockets that nobody has")
	}
}

func TestSocketOfUnknownProgram(t *testing.T) {
	w, s := simulated(t)
	s.unreadable.Store(true)
	want(t, "socket", w.call(t, seccomp.Socket, linux.AFInet, linux.SockStream, abi.ProtoTLS).errno, linux.EIO)
}

func TestForeignDescriptorsPass(t *testing.T) {
	w, s := simulated(t)
	w.tls(t, 0)
	plain := w.plain(t)
	for _, c := range []seccomp.Call{
		seccomp.Bind, seccomp.Connect, seccomp.Listen, seccomp.Accept, seccomp.Accept4, seccomp.Getsockname,
		seccomp.Getpeername, seccomp.Setsockopt, seccomp.Getsockopt, seccomp.None,
	} {
		for _, fd := range []uint64{uint64(plain), 1 << 20, minus(1)} {
			if r := s.call(t, c, fd, linux.SolSocket); !r.passed {
				t.Errorf("%s on descriptor %d: got %+v, want it to go on to the kernel", callName(c), int32(fd), r)
			}
		}
	}
}

// TestForeignDescriptorsWork is the real kernel's side of it.
func TestForeignDescriptorsWork(t *testing.T) {
	w := newWorld(t)
	w.program = newTarget(t, w.server)
	w.tls(t, 0)
	plain := w.plain(t)
	want(t, "set an unknown option of TCP", w.set(t, plain, linux.SolTCP, 9999, int32s(1)), linux.ENOPROTOOPT)
	_, _, errno := w.get(t, plain, abi.ProtoTLS, int(abi.TLSID), 8)
	want(t, "get an option of TLS on TCP", errno, linux.EOPNOTSUPP)
	want(t, "connect", w.connect(t, plain, peer(t)), 0)
	want(t, "connect again", w.connect(t, plain, peer(t)), linux.EISCONN)
	want(t, "connect of no descriptor", w.connect(t, -1, peer(t)), 9)
	want(t, "listen on a connected socket", w.listen(t, plain, 1), linux.EINVAL)
}

func TestClosedConnectionsMakeRoom(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		var fds []int64
		for range socketsMax {
			fd := w.tls(t, 0)
			want(t, "connect", w.connect(t, fd, addr), 0)
			fds = append(fds, fd)
		}
		r := w.call(t, seccomp.Socket, linux.AFInet, linux.SockStream, abi.ProtoTLS)
		want(t, "socket beyond the bound", r.errno, linux.EMFILE)
		for _, fd := range fds {
			w.close(t, fd)
		}
		for _, c := range w.service.all() {
			event(t, c.over())
		}
		for range socketsMax {
			w.tls(t, 0)
		}
	})
}

// TestClosedSocketsAreNoticed waits for what looks after sockets that nothing tells of.
func TestClosedSocketsAreNoticed(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fresh, failed, connected := w.tls(t, 0), w.tls(t, linux.SockNonblock), w.connected(t)
		_, open := w.service.gate()
		want(t, "connect", w.connect(t, failed, peer(t)), linux.EINPROGRESS)
		open(abi.Failf(abi.Protocol, "no"))
		until(t, "it shows an error", func() bool { return w.poll(t, failed, linux.PollOut)&linux.PollErr != 0 })
		for _, fd := range []int64{fresh, failed, connected} {
			w.close(t, fd)
		}
		until(t, "the table is empty", w.table.Empty)
	})
}

// TestSocketThatCannotBeReached has the kernel refuse a duplicate of a descriptor that is one of ours. The call
// must not go on to the kernel, where it would meet an AF_UNIX socket.
func TestSocketThatCannotBeReached(t *testing.T) {
	w, s := simulated(t)
	fd := w.tls(t, 0)
	for _, e := range []linux.Errno{linux.EPERM, linux.ESRCH, linux.EMFILE} {
		s.hidden.Store(int32(e))
		r := s.call(t, seccomp.Listen, uint64(fd), 1)
		want(t, "listen", r.errno, e)
		if r.passed {
			t.Error("the call goes on to the kernel")
		}
	}
}
