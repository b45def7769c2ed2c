package syscalls_test

import (
	"context"
	"encoding/binary"
	"math"
	"net/netip"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestConnect(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		fd := w.tls(t, 0)
		want(t, "connect", w.connect(t, fd, addr), 0)
		want(t, "connect again", w.connect(t, fd, addr), linux.EISCONN)
		if got := w.poll(t, fd, linux.PollOut); got != linux.PollOut {
			t.Errorf("poll: got %#x, want writable", got)
		}
		if n, errno := w.send(t, fd, []byte("hello")); n != 5 || errno != 0 {
			t.Errorf("send: got %d and %v", n, errno)
		}
		echoed(t, w, fd, "hello")
		remote, errno := w.name(t, seccomp.Getpeername, fd)
		want(t, "getpeername", errno, 0)
		if got := inet(remote); string(got) != string(addr) {
			t.Errorf("getpeername (-want +got):\n-%v\n+%v", addr, got)
		}
		if d := w.service.lastDial(t); d.Remote != remote || d.ID == 0 || d.Request.RemoteHostname != "" {
			t.Errorf("what the service was asked: remote %v, id %d, name %q", d.Remote, d.ID, d.Request.RemoteHostname)
		}
	})
}

func echoed(t *testing.T, w *world, fd int64, text string) {
	t.Helper()
	until(t, "the echo is readable", func() bool { return w.poll(t, fd, linux.PollIn) != 0 })
	if got, errno := w.recv(t, fd, 64); string(got) != text || errno != 0 {
		t.Errorf("recv: got %q and %v, want %q", got, errno, text)
	}
}

func TestConnectAddresses(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		good := loopback(1)
		v6 := socket.InetSockaddr(netip.AddrPortFrom(netip.IPv6Loopback(), 1), linux.AFInet6)
		fd := w.tls(t, 0)
		at := w.store(t, append(good, make([]byte, 300)...))
		v6At := w.store(t, v6)
		for _, row := range []struct {
			name      string
			addr, len uint64
			want      linux.Errno
		}{
			{"bad NULL", 0, 16, linux.EFAULT},
			{"bad wild pointer", wild, 16, linux.EFAULT},
			{"bad kernel pointer", math.MaxUint64 - 4096, 16, linux.EFAULT},
			{"bad one byte beyond what is mapped", w.edge(t, good) + 1, 16, linux.EFAULT},
			{"bad length 0", at, 0, linux.EINVAL},
			{"bad NULL of length 0", 0, 0, linux.EINVAL},
			{"bad length 1", at, 1, linux.EINVAL},
			{"bad length 15", at, 15, linux.EINVAL},
			{"bad length -1", at, minus(1), linux.EINVAL},
			{"bad length 2^31", at, 1 << 31, linux.EINVAL},
			{"bad length of 2^31-1", at, math.MaxInt32, linux.EINVAL},
			{"bad length beyond sockaddr_storage", at, 129, linux.EINVAL},
			{"bad IPv6 on an IPv4 socket", v6At, uint64(len(v6)), linux.EAFNOSUPPORT},
			{"ok longer than needed, at the end of what is mapped", w.edge(t, append(good, make([]byte, 112)...)), 128, linux.ECONNREFUSED},
			{"ok high words of the length do not count", at, 1<<32 | 16, linux.ECONNREFUSED},
		} {
			want(t, row.name, w.call(t, seccomp.Connect, uint64(fd), row.addr, row.len).errno, row.want)
		}
	})
}

func TestConnectToUnspecDissolvesNothing(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		want(t, "connect to AF_UNSPEC", w.connect(t, fd, make([]byte, 16)), 0)
		want(t, "connect afterwards", w.connect(t, fd, peer(t)), 0)
	})
}

func TestConnectSixToFour(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		r := w.call(t, seccomp.Socket, linux.AFInet6, linux.SockStream, abi.ProtoTLS)
		remote := netip.AddrPortFrom(netip.MustParseAddr("::ffff:127.0.0.1"), portOf(peer(t)))
		want(t, "connect to a mapped address", w.connect(t, r.value, socket.InetSockaddr(remote, linux.AFInet6)), 0)
		got, errno := w.name(t, seccomp.Getpeername, r.value)
		want(t, "getpeername", errno, 0)
		if got != remote {
			t.Errorf("getpeername: got %v, want %v", got, remote)
		}
	})
}

func TestConnectRefused(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		refused := inet(testutil.RefusedAddr(t))
		fd := w.tls(t, 0)
		want(t, "connect", w.connect(t, fd, refused), linux.ECONNREFUSED)
		if got := w.text(t, fd, abi.TLSError); !strings.Contains(got, "connection refused") || !strings.Contains(got, "127.0.0.1:") {
			t.Errorf("TLS_ERROR %q does not say what was refused", got)
		}
		want(t, "connect elsewhere", w.connect(t, fd, peer(t)), 0)
	})
}

func TestConnectToName(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		addr := peer(t)
		want(t, "connect", w.connect(t, fd, sockaddrHost("localhost", portOf(addr))), 0)
		if got := w.text(t, fd, abi.TLSRemoteHostname); got != "localhost" {
			t.Errorf("TLS_REMOTE_HOSTNAME: got %q", got)
		}
		if got := w.service.lastDial(t).Request.RemoteHostname; got != "localhost" {
			t.Errorf("the name for the service: got %q", got)
		}
		named := w.tls(t, 0)
		want(t, "set TLS_REMOTE_HOSTNAME", w.setTLS(t, named, abi.TLSRemoteHostname, "other.test"), 0)
		want(t, "connect", w.connect(t, named, sockaddrHost("localhost", portOf(addr))), 0)
		if got := w.service.lastDial(t).Request.RemoteHostname; got != "other.test" {
			t.Errorf("a name that was set before: got %q", got)
		}
	})
}

func TestConnectToBadName(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		full := sockaddrHost(strings.Repeat("a", abi.HostnameMax), 1)
		for _, row := range []struct {
			name string
			addr []byte
			want linux.Errno
		}{
			{"bad empty", sockaddrHost("", 1), linux.EINVAL},
			{"bad without a name", sockaddrHost("", 1)[:4], linux.EINVAL},
			{"bad without a port", sockaddrHost("", 1)[:2], linux.EINVAL},
			{"bad without its NUL", sockaddrHost("localhost", 1)[:13], linux.EINVAL},
			{"bad NUL beyond the structure", full, linux.EINVAL},
			{"bad longer than the structure", append(full, 0), linux.EINVAL},
			{"bad that is not in the hosts file", sockaddrHost("no such name", 1), linux.EHOSTUNREACH},
		} {
			want(t, row.name, w.connect(t, fd, row.addr), row.want)
			if w.text(t, fd, abi.TLSError) == "" {
				t.Errorf("%s: TLS_ERROR is empty", row.name)
			}
		}
	})
}

func TestConnectWithoutItsKey(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		want(t, "set TLS_CERTIFICATE_CHAIN", w.setTLS(t, fd, abi.TLSCertificateChain, chainPEM), 0)
		want(t, "connect", w.connect(t, fd, peer(t)), linux.EINVAL)
		if got := w.text(t, fd, abi.TLSError); !strings.Contains(got, "TLS_PRIVATE_KEY") {
			t.Errorf("TLS_ERROR: got %q, want it to name TLS_PRIVATE_KEY", got)
		}
		want(t, "set TLS_PRIVATE_KEY", w.setTLS(t, fd, abi.TLSPrivateKey, keyPEM), 0)
		want(t, "connect", w.connect(t, fd, peer(t)), 0)
	})
}

func TestConnectNonblocking(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		_, open := w.service.gate()
		fd := w.tls(t, linux.SockNonblock)
		want(t, "connect", w.connect(t, fd, addr), linux.EINPROGRESS)
		want(t, "connect again", w.connect(t, fd, addr), linux.EALREADY)
		if got := w.poll(t, fd, linux.PollIn|linux.PollOut); got != 0 {
			t.Errorf("poll while connecting: got %#x, want nothing", got)
		}
		_, errno := w.send(t, fd, []byte("early"))
		want(t, "send while connecting", errno, linux.EAGAIN)
		_, errno = w.recv(t, fd, 5)
		want(t, "recv while connecting", errno, linux.EAGAIN)
		want(t, "SO_ERROR while connecting", w.socketError(t, fd), 0)
		want(t, "set an option while connecting", w.setTLS(t, fd, abi.TLSALPN, "h2"), linux.EALREADY)
		_, errno = w.name(t, seccomp.Getpeername, fd)
		want(t, "getpeername while connecting", errno, linux.ENOTCONN)
		open(nil)
		until(t, "it is writable", func() bool { return w.poll(t, fd, linux.PollOut) == linux.PollOut })
		want(t, "connect learns of it", w.connect(t, fd, addr), 0)
		want(t, "connect afterwards", w.connect(t, fd, addr), linux.EISCONN)
		want(t, "SO_ERROR", w.socketError(t, fd), 0)
		_, errno = w.send(t, fd, []byte("hello"))
		want(t, "send", errno, 0)
		echoed(t, w, fd, "hello")
	})
}

func TestSocketErrorTellsOfSuccess(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		_, open := w.service.gate()
		fd := w.tls(t, linux.SockNonblock)
		want(t, "connect", w.connect(t, fd, addr), linux.EINPROGRESS)
		open(nil)
		until(t, "it is writable", func() bool { return w.poll(t, fd, linux.PollOut) == linux.PollOut })
		want(t, "SO_ERROR", w.socketError(t, fd), 0)
		want(t, "connect after SO_ERROR, as with TCP", w.connect(t, fd, addr), 0)
		want(t, "connect afterwards", w.connect(t, fd, addr), linux.EISCONN)
	})
}

func TestConnectNonblockingFails(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		entered, open := w.service.gate()
		fd := w.tls(t, linux.SockNonblock)
		want(t, "connect", w.connect(t, fd, addr), linux.EINPROGRESS)
		event(t, entered)
		open(abi.Failf(abi.Rejected, "the certificate is for somebody else"))
		until(t, "it shows an error", func() bool { return w.poll(t, fd, linux.PollOut)&linux.PollErr != 0 })
		if got := w.poll(t, fd, linux.PollIn|linux.PollOut); got&linux.PollHup == 0 || got&linux.PollOut == 0 || got&linux.PollIn == 0 {
			t.Errorf("poll: got %#x, want it readable, writable and hung up", got)
		}
		if got := w.text(t, fd, abi.TLSError); got != "the certificate is for somebody else" {
			t.Errorf("TLS_ERROR: got %q", got)
		}
		want(t, "SO_ERROR", w.socketError(t, fd), linux.EKEYREJECTED)
		want(t, "SO_ERROR the second time", w.socketError(t, fd), 0)
		want(t, "connect afterwards", w.connect(t, fd, addr), linux.EKEYREJECTED)
		_, errno := w.send(t, fd, []byte("late"))
		want(t, "send afterwards", errno, linux.EPIPE)
	})
}

func TestConnectNonblockingRefusedAtOnce(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, linux.SockNonblock)
		got := w.connect(t, fd, inet(testutil.RefusedAddr(t)))
		if got == linux.EINPROGRESS {
			until(t, "it shows an error", func() bool { return w.poll(t, fd, linux.PollOut)&linux.PollErr != 0 })
			got = w.socketError(t, fd)
		}
		want(t, "connect", got, linux.ECONNREFUSED)
	})
}

func TestBlockingConnectJoins(t *testing.T) {
	w, s := simulated(t)
	addr := peer(t)
	entered, open := w.service.gate()
	fd := w.tls(t, 0)
	at := w.store(t, addr)
	first := s.begin(seccomp.Connect, uint64(fd), at, uint64(len(addr)))
	event(t, entered)
	second := s.begin(seccomp.Connect, uint64(fd), at, uint64(len(addr)))
	open(nil)
	want(t, "connect", first.wait(t).errno, 0)
	if got := second.wait(t).errno; got != 0 && got != linux.EISCONN {
		t.Errorf("connect that joins: got %v", got)
	}
	if got := w.service.handshakes(); got != 1 {
		t.Errorf("handshakes: got %d, want 1", got)
	}
}

func TestConnectIsInterrupted(t *testing.T) {
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
			addr := peer(t)
			entered, open := w.service.gate()
			fd := w.tls(t, 0)
			at := w.store(t, addr)
			first := s.begin(seccomp.Connect, uint64(fd), at, uint64(len(addr)))
			event(t, entered)
			s.interruption.Store(int32(row.why))
			want(t, "connect", first.wait(t).errno, row.want)
			if got := w.poll(t, fd, linux.PollOut); got != 0 {
				t.Errorf("poll after the signal: got %#x, want nothing while it connects", got)
			}
			s.interruption.Store(int32(linux.NotInterrupted))
			again := s.begin(seccomp.Connect, uint64(fd), at, uint64(len(addr)))
			open(nil)
			want(t, "connect that joins", again.wait(t).errno, 0)
			if got := w.service.handshakes(); got != 1 {
				t.Errorf("handshakes: got %d, want 1", got)
			}
		})
	}
}

func TestConnectTimesOut(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		_, open := w.service.gate()
		fd := w.tls(t, 0)
		want(t, "set SO_SNDTIMEO", w.set(t, fd, linux.SolSocket, linux.SoSndTimeo, timeval(20)), 0)
		want(t, "connect", w.connect(t, fd, addr), linux.EINPROGRESS)
		open(nil)
		until(t, "it is writable", func() bool { return w.poll(t, fd, linux.PollOut) == linux.PollOut })
		want(t, "connect learns of it", w.connect(t, fd, addr), 0)
	})
}

// timeval is a struct timeval.
func timeval(milliseconds int) []byte {
	b := binary.NativeEndian.AppendUint64(nil, uint64(milliseconds/1000))
	return binary.NativeEndian.AppendUint64(b, uint64(milliseconds%1000*1000))
}

func TestCallThatGoesAwayWhileConnecting(t *testing.T) {
	w, s := simulated(t)
	addr := peer(t)
	entered, open := w.service.gate()
	fd := w.tls(t, 0)
	k := s.begin(seccomp.Connect, uint64(fd), w.store(t, addr), uint64(len(addr)))
	event(t, entered)
	s.gone.Store(true)
	w.server.Wait() // it notices by itself
	if got := k.answers.Load(); got != 0 {
		t.Errorf("a call that went away got %d answers", got)
	}
	open(nil)
}

func TestClosingCancelsTheHandshake(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		ended := make(chan error, 1)
		entered := make(chan bool, 1)
		w.service.handshake(func(ctx context.Context, _ socket.Dial) error {
			entered <- true
			<-ctx.Done()
			ended <- ctx.Err()
			return ctx.Err()
		})
		fd := w.tls(t, linux.SockNonblock)
		want(t, "connect", w.connect(t, fd, peer(t)), linux.EINPROGRESS)
		event(t, entered)
		w.close(t, fd)
		if err := event(t, ended); err == nil {
			t.Error("the handshake goes on for a socket that was closed")
		}
	})
}

func TestEndOfSupervisorEndsConnect(t *testing.T) {
	w, s := simulated(t)
	addr := peer(t)
	entered, open := w.service.gate()
	fd := w.tls(t, 0)
	k := s.begin(seccomp.Connect, uint64(fd), w.store(t, addr), uint64(len(addr)))
	event(t, entered)
	w.cancel()
	want(t, "connect", k.wait(t).errno, linux.ECONNRESET)
	open(nil)
}

func TestConnectToAnotherNameProvesThatOne(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		_, open := w.service.gate()
		fd := w.tls(t, 0)
		for _, name := range []string{"localhost", "LOCALHOST", "127.0.0.1"} {
			open(abi.Failf(abi.Rejected, "the certificate is for somebody else"))
			want(t, "connect to "+name, w.connect(t, fd, sockaddrHost(name, portOf(addr))), linux.EKEYREJECTED)
			if got := w.service.lastDial(t).Request.RemoteHostname; got != name {
				t.Errorf("name for the service: got %q, want %q", got, name)
			}
			if got := w.text(t, fd, abi.TLSRemoteHostname); got != name {
				t.Errorf("TLS_REMOTE_HOSTNAME: got %q, want %q", got, name)
			}
		}
		open(nil)
		want(t, "connect to an address", w.connect(t, fd, addr), 0)
		if got := w.service.lastDial(t).Request.RemoteHostname; got != "" {
			t.Errorf("name for the service when connecting to an address: got %q", got)
		}
	})
}

func TestOptionsAreSetWhileANameIsConnected(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		_, open := w.service.gate()
		for range 4 {
			fd := w.tls(t, linux.SockNonblock)
			want(t, "set TCP_KEEPCNT", w.set(t, fd, linux.SolTCP, tcpKeepCnt, int32s(3)), 0)
			want(t, "connect", w.connect(t, fd, sockaddrHost("localhost", portOf(addr))), linux.EINPROGRESS)
			want(t, "set TCP_KEEPCNT", w.set(t, fd, linux.SolTCP, tcpKeepCnt, int32s(4)), 0)
			open(nil)
			until(t, "it is writable", func() bool { return w.poll(t, fd, linux.PollOut) != 0 })
			want(t, "SO_ERROR", w.socketError(t, fd), 0)
		}
	})
}

// TestFamilyOfANamesAddresses has a peer on 127.0.0.1 alone. A program names no address, so that either family
// will do, but for what it has set or bound for one.
func TestFamilyOfANamesAddresses(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		const ipv6Only = 26
		addr := sockaddrHost("localhost", portOf(peer(t)))
		six := func() int64 {
			return w.call(t, seccomp.Socket, linux.AFInet6, linux.SockStream, abi.ProtoTLS).value
		}
		want(t, "connect an IPv6 socket", w.connect(t, six(), addr), 0)
		only := six()
		want(t, "set IPV6_V6ONLY", w.set(t, only, linux.SolIPv6, ipv6Only, int32s(1)), 0)
		want(t, "connect with IPV6_V6ONLY", w.connect(t, only, addr), linux.ECONNREFUSED)
		bound := six()
		want(t, "bind to ::1", w.bind(t, bound, socket.InetSockaddr(netip.MustParseAddrPort("[::1]:0"), linux.AFInet6)), 0)
		want(t, "connect bound to ::1", w.connect(t, bound, addr), linux.ECONNREFUSED)
		four := w.tls(t, 0)
		want(t, "set IP_TOS", w.set(t, four, linux.SolIP, ipTOS, int32s(16)), 0)
		want(t, "connect with an option of IPv4", w.connect(t, four, addr), 0)
	})
}
