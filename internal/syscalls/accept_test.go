package syscalls_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"net/netip"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
)

// client is the address of the n-th client.
func client(n uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}), n)
}

// accept calls accept4 and gives the peer's address.
func (w *world) accept(t *testing.T, fd int64, flags int) (int64, netip.AddrPort, linux.Errno) {
	t.Helper()
	buffer, size := w.store(t, make([]byte, 64)), w.store(t, int32s(64))
	r := w.call(t, seccomp.Accept4, uint64(fd), buffer, size, uint64(flags))
	n := binary.NativeEndian.Uint32(w.load(t, size, 4))
	addr, _ := socket.ParseInet(w.load(t, buffer, int(min(n, 64))))
	return r.value, addr, r.errno
}

// readable waits until accept has something.
func readable(t *testing.T, w *world, fd int64) {
	t.Helper()
	until(t, "the listener is readable", func() bool { return w.poll(t, fd, linux.PollIn) == linux.PollIn })
}

func TestAccept(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd, l := w.listening(t, 0)
		if got := w.poll(t, fd, linux.PollIn); got != 0 {
			t.Errorf("poll without a client: got %#x", got)
		}
		l.arrive(client(1))
		readable(t, w, fd)
		accepted, from, errno := w.accept(t, fd, 0)
		want(t, "accept4", errno, 0)
		if from != client(1) {
			t.Errorf("address: got %v, want %v", from, client(1))
		}
		if got := w.poll(t, fd, linux.PollIn); got != 0 {
			t.Errorf("poll after the only client: got %#x", got)
		}
		_, errno = w.send(t, accepted, []byte("hello"))
		want(t, "send", errno, 0)
		echoed(t, w, accepted, "hello")
		remote, errno := w.name(t, seccomp.Getpeername, accepted)
		want(t, "getpeername", errno, 0)
		local, errno := w.name(t, seccomp.Getsockname, accepted)
		want(t, "getsockname", errno, 0)
		if remote != client(1) || local != l.Local {
			t.Errorf("names: got %v and %v, want %v and %v", local, remote, l.Local, client(1))
		}
		if got := w.text(t, accepted, abi.TLSHostname); got != "asked.test" {
			t.Errorf("TLS_HOSTNAME: got %q", got)
		}
		want(t, "connect on it", w.connect(t, accepted, loopback(1)), linux.EISCONN)
		want(t, "listen on it", w.listen(t, accepted, 1), linux.EINVAL)
	})
}

func TestAcceptKeepsOrder(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd, l := w.listening(t, linux.SockNonblock)
		for n := range uint16(5) {
			l.arrive(client(n + 1))
		}
		for n := range uint16(5) {
			readable(t, w, fd)
			_, from, errno := w.accept(t, fd, 0)
			want(t, "accept4", errno, 0)
			if from != client(n+1) {
				t.Errorf("connection %d: got %v, want %v", n, from, client(n+1))
			}
		}
		_, _, errno := w.accept(t, fd, 0)
		want(t, "accept4 of an empty queue", errno, linux.EAGAIN)
	})
}

func TestAcceptFlags(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd, l := w.listening(t, linux.SockNonblock|linux.SockCloexec)
		for _, flags := range []int{0, linux.SockNonblock, linux.SockCloexec, linux.SockNonblock | linux.SockCloexec} {
			l.arrive(client(1))
			readable(t, w, fd)
			accepted, _, errno := w.accept(t, fd, flags)
			want(t, "accept4", errno, 0)
			nonblock, cloexec := w.flags(t, accepted)
			if nonblock != (flags&linux.SockNonblock != 0) || cloexec != (flags&linux.SockCloexec != 0) {
				t.Errorf("accept4 with flags %#x: got non-blocking %v and close-on-exec %v", flags, nonblock, cloexec)
			}
		}
		for _, flags := range []int{1, 0x400, -1} {
			_, _, errno := w.accept(t, fd, flags)
			want(t, "accept4 with unknown flags", errno, linux.EINVAL)
		}
	})
}

func TestAcceptWithoutAddress(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd, l := w.listening(t, 0)
		l.arrive(client(1))
		readable(t, w, fd)
		want(t, "accept with NULL for both", w.call(t, seccomp.Accept, uint64(fd), 0, 0).errno, 0)
		l.arrive(client(2))
		readable(t, w, fd)
		want(t, "accept with NULL for the address", w.call(t, seccomp.Accept, uint64(fd), 0, wild).errno, 0)
	})
}

func TestAcceptBuffers(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd, l := w.listening(t, linux.SockNonblock)
		l.arrive(client(1))
		readable(t, w, fd)
		buffer := w.store(t, bytes.Repeat([]byte{0xee}, 64))
		for _, row := range []struct {
			name         string
			buffer, size uint64
			want         linux.Errno
		}{
			{"bad wild length", buffer, wild, linux.EFAULT},
			{"bad NULL length", buffer, 0, linux.EFAULT},
			{"bad length -1", buffer, w.store(t, int32s(-1)), linux.EINVAL},
			{"bad length -2^31", buffer, w.store(t, int32s(math.MinInt32)), linux.EINVAL},
			{"bad wild buffer", wild, w.store(t, int32s(16)), linux.EFAULT},
			{"bad buffer that ends too early", w.edge(t, make([]byte, 8)), w.store(t, int32s(16)), linux.EFAULT},
		} {
			want(t, row.name, w.call(t, seccomp.Accept, uint64(fd), row.buffer, row.size).errno, row.want)
		}
		readable(t, w, fd) // nothing of that has taken the connection
		size := w.store(t, int32s(4))
		want(t, "accept with a short buffer", w.call(t, seccomp.Accept, uint64(fd), buffer, size).errno, 0)
		if got := w.load(t, size, 4); !bytes.Equal(got, int32s(16)) {
			t.Errorf("length: got %v, want 16", got)
		}
		if got, wanted := w.load(t, buffer, 5), append(inet(client(1))[:4:4], 0xee); !bytes.Equal(got, wanted) {
			t.Errorf("buffer (-want +got):\n-%x\n+%x", wanted, got)
		}
	})
}

func TestAcceptInWrongStates(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		_, _, errno := w.accept(t, fd, 0)
		want(t, "accept on a fresh socket", errno, linux.EINVAL)
		want(t, "connect", w.connect(t, fd, peer(t)), 0)
		_, _, errno = w.accept(t, fd, 0)
		want(t, "accept on a connected socket", errno, linux.EINVAL)
	})
}

func TestAcceptWaits(t *testing.T) {
	w, s := simulated(t)
	fd, l := w.listening(t, 0)
	for range 100 { // the connection comes before, after and while the call begins to wait
		first := s.begin(seccomp.Accept, uint64(fd))
		l.arrive(client(1))
		r := first.wait(t)
		want(t, "accept", r.errno, 0)
		if got := w.poll(t, fd, linux.PollIn); got != 0 {
			t.Fatalf("poll after a blocked accept was served: got %#x", got)
		}
		w.close(t, r.value)
		if _, err := w.table.Sweep(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAcceptTimesOut(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd, l := w.listening(t, 0)
		want(t, "set SO_RCVTIMEO", w.set(t, fd, linux.SolSocket, linux.SoRcvTimeo, timeval(20)), 0)
		_, _, errno := w.accept(t, fd, 0)
		want(t, "accept", errno, linux.EAGAIN)
		l.arrive(client(1))
		readable(t, w, fd)
		_, from, errno := w.accept(t, fd, 0)
		want(t, "accept", errno, 0)
		if from != client(1) {
			t.Errorf("address: got %v, want %v", from, client(1))
		}
	})
}

func TestAcceptIsInterrupted(t *testing.T) {
	for _, row := range []struct {
		name string
		why  linux.Interruption
		want linux.Errno
	}{
		{"ok a signal of the thread", linux.Restart, linux.ERESTARTSYS},
		{"ok a signal of the process", linux.Interrupt, linux.EINTR},
	} {
		t.Run(row.name, func(t *testing.T) {
			w, s := simulated(t)
			fd, l := w.listening(t, 0)
			k := s.begin(seccomp.Accept, uint64(fd))
			s.interruption.Store(int32(row.why))
			want(t, "accept", k.wait(t).errno, row.want)
			s.interruption.Store(int32(linux.NotInterrupted))
			l.arrive(client(1))
			readable(t, w, fd)
			_, from, errno := w.accept(t, fd, 0)
			want(t, "accept afterwards", errno, 0)
			if from != client(1) {
				t.Errorf("address: got %v, want %v", from, client(1))
			}
		})
	}
}

func TestConnectionThatCannotBeInstalledGoesBack(t *testing.T) {
	w, s := simulated(t)
	fd, l := w.listening(t, linux.SockNonblock)
	l.arrive(client(1))
	l.arrive(client(2))
	until(t, "both wait", func() bool { return len(l.ready) == 0 })
	readable(t, w, fd)
	s.refuse.Store(int32(linux.EMFILE))
	for range 3 {
		_, _, errno := w.accept(t, fd, 0)
		want(t, "accept without a free descriptor", errno, linux.EMFILE)
		readable(t, w, fd)
	}
	s.refuse.Store(0)
	for n := range uint16(2) {
		readable(t, w, fd)
		_, from, errno := w.accept(t, fd, 0)
		want(t, "accept", errno, 0)
		if from != client(n+1) {
			t.Errorf("address: got %v, want %v", from, client(n+1))
		}
	}
}

func TestAcceptThatGoesAwayLosesNothing(t *testing.T) {
	w, s := simulated(t)
	fd, l := w.listening(t, 0)
	s.begin(seccomp.Accept, uint64(fd))
	s.gone.Store(true)
	l.arrive(client(1))
	w.server.Wait()
	s.gone.Store(false)
	readable(t, w, fd)
	accepted, from, errno := w.accept(t, fd, 0)
	want(t, "accept", errno, 0)
	if from != client(1) {
		t.Errorf("address: got %v, want %v", from, client(1))
	}
	_, errno = w.send(t, accepted, []byte("hello"))
	want(t, "send", errno, 0)
	echoed(t, w, accepted, "hello")
}

func TestPreforkedAccepts(t *testing.T) {
	w, s := simulated(t)
	fd, l := w.listening(t, 0)
	var waiting []*caller
	for range 4 {
		waiting = append(waiting, s.begin(seccomp.Accept, uint64(fd)))
	}
	seen := map[int64]bool{}
	for n := range waiting {
		l.arrive(client(uint16(n)))
	}
	for _, k := range waiting {
		r := k.wait(t)
		want(t, "accept", r.errno, 0)
		seen[r.value] = true
	}
	if len(seen) != len(waiting) {
		t.Errorf("descriptors: got %d different ones of %d", len(seen), len(waiting))
	}
}

func TestEndOfSupervisorEndsAccept(t *testing.T) {
	w, s := simulated(t)
	fd, _ := w.listening(t, 0)
	k := s.begin(seccomp.Accept, uint64(fd))
	w.cancel()
	want(t, "accept", k.wait(t).errno, linux.EINVAL)
}

func TestListen(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd, l := w.listening(t, 0)
		want(t, "listen again", w.listen(t, fd, 1), 0)
		want(t, "connect", w.connect(t, fd, loopback(1)), linux.EISCONN)
		want(t, "bind", w.bind(t, fd, loopback(0)), linux.EINVAL)
		want(t, "set an option", w.setTLS(t, fd, abi.TLSALPN, "h2"), linux.EINVAL)
		name, errno := w.name(t, seccomp.Getsockname, fd)
		want(t, "getsockname", errno, 0)
		if name != l.Local || name.Port() == 0 {
			t.Errorf("getsockname: got %v, want %v", name, l.Local)
		}
		_, errno = w.name(t, seccomp.Getpeername, fd)
		want(t, "getpeername", errno, linux.ENOTCONN)
		if l.Backlog != 5 {
			t.Errorf("backlog for the service: got %d, want 5", l.Backlog)
		}
		b, _, errno := w.get(t, fd, linux.SolSocket, soAcceptConn, 4)
		if errno != 0 || !bytes.Equal(b, int32s(1)) {
			t.Errorf("SO_ACCEPTCONN: got %v and %v, want 1", b, errno)
		}
	})
}

const soAcceptConn = 30

func TestListenWithoutCertificate(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		want(t, "listen", w.listen(t, fd, 5), linux.EINVAL)
		want(t, "set TLS_CERTIFICATE_CHAIN", w.setTLS(t, fd, abi.TLSCertificateChain, chainPEM), 0)
		want(t, "listen without the key", w.listen(t, fd, 5), linux.EINVAL)
		if w.text(t, fd, abi.TLSError) == "" {
			t.Error("TLS_ERROR is empty")
		}
		want(t, "set TLS_PRIVATE_KEY", w.setTLS(t, fd, abi.TLSPrivateKey, keyPEM), 0)
		want(t, "listen", w.listen(t, fd, 5), 0)
	})
}

func TestClosedListenerFreesItsPort(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd, l := w.listening(t, 0)
		addr := inet(l.Local)
		waiting := l.arrive(client(1))
		other := w.tls(t, 0)
		want(t, "bind to a port in use", w.bind(t, other, addr), linux.EADDRINUSE)
		readable(t, w, fd)
		w.close(t, fd)
		event(t, l.closed)
		event(t, waiting.over())
		until(t, "the port is free", func() bool { return w.bind(t, other, addr) == 0 })
	})
}

func TestBacklogBoundsTheQueue(t *testing.T) {
	w, _ := simulated(t)
	fd, l := w.listening(t, linux.SockNonblock)
	for n := range uint16(10) {
		l.arrive(client(n))
	}
	until(t, "as many wait as the backlog allows", func() bool { return len(l.ready) <= 5 })
	for range 10 {
		readable(t, w, fd)
		_, _, errno := w.accept(t, fd, 0)
		want(t, "accept", errno, 0)
	}
}

func TestConnectionsBeyondTheBoundAreReset(t *testing.T) {
	w, _ := simulated(t)
	fd, l := w.listening(t, linux.SockNonblock)
	var others []int64
	for range socketsMax - 1 {
		others = append(others, w.tls(t, 0))
	}
	event(t, l.arrive(client(1)).over())
	_, _, errno := w.accept(t, fd, 0)
	want(t, "accept", errno, linux.EAGAIN)
	w.close(t, others[0])
	l.arrive(client(2))
	readable(t, w, fd)
	_, from, errno := w.accept(t, fd, 0)
	want(t, "accept", errno, 0)
	if from != client(2) {
		t.Errorf("address: got %v, want %v", from, client(2))
	}
}
