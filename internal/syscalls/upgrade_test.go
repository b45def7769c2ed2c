package syscalls_test

import (
	"context"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
)

// upgrade is setsockopt(IPPROTO_TCP, TCP_UPGRADE_TLS).
func (w *world) upgrade(t *testing.T, fd int64, name string) linux.Errno {
	t.Helper()
	return w.set(t, fd, linux.SolTCP, abi.TCPUpgradeTLS, []byte(name))
}

func TestUpgrade(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		fd := w.dialled(t, portOf(addr), false)
		want(t, "upgrade", w.upgrade(t, fd, "server.test"), 0)
		if d := w.service.lastDial(t); d.Server || d.Request.RemoteHostname != "server.test" || string(inet(d.Remote)) != string(addr) || d.ID == 0 {
			t.Errorf("what the service was asked: %+v", d)
		}
		if n, errno := w.send(t, fd, []byte("hello")); n != 5 || errno != 0 {
			t.Errorf("send: got %d and %v", n, errno)
		}
		echoed(t, w, fd, "hello")
		remote, errno := w.name(t, seccomp.Getpeername, fd)
		want(t, "getpeername", errno, 0)
		if string(inet(remote)) != string(addr) {
			t.Errorf("getpeername: %v", remote)
		}
		if got := w.text(t, fd, abi.TLSRemoteHostname); got != "server.test" {
			t.Errorf("TLS_REMOTE_HOSTNAME: %q", got)
		}
		want(t, "upgrade again", w.upgrade(t, fd, "server.test"), linux.EISCONN)
		want(t, "SO_ERROR", w.socketError(t, fd), 0)
		if nonblock, _ := w.flags(t, fd); nonblock {
			t.Error("the descriptor has become non-blocking")
		}
	})
}

// TestUpgradeServer sets the certificate on the plain socket.
func TestUpgradeServer(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.dialled(t, portOf(peer(t)), false)
		want(t, "upgrade without a certificate", w.upgrade(t, fd, ""), linux.EINVAL)
		if got := w.text(t, fd, abi.TLSError); !strings.Contains(got, "TLS_CERTIFICATE_CHAIN") {
			t.Errorf("TLS_ERROR: %q", got)
		}
		if n, errno := w.send(t, fd, []byte("plain")); n != 5 || errno != 0 {
			t.Errorf("send in plain after a refusal: got %d and %v", n, errno)
		}
		want(t, "set TLS_CERTIFICATE_CHAIN", w.setTLS(t, fd, abi.TLSCertificateChain, chainPEM), 0)
		want(t, "upgrade without a key", w.upgrade(t, fd, ""), linux.EINVAL)
		want(t, "set TLS_PRIVATE_KEY", w.setTLS(t, fd, abi.TLSPrivateKey, keyPEM), 0)
		want(t, "set TLS_ALPN", w.setTLS(t, fd, abi.TLSALPN, "smtp"), 0)
		want(t, "upgrade", w.upgrade(t, fd, ""), 0)
		d := w.service.lastDial(t)
		if !d.Server || len(d.Request.Credentials) != 1 || string(d.Request.Credentials[0].Key) != keyPEM || d.Request.ALPN[0] != "smtp" {
			t.Errorf("what the service was asked: %+v", d)
		}
		want(t, "set an option afterwards", w.setTLS(t, fd, abi.TLSALPN, "smtp"), linux.EISCONN)
	})
}

func TestUpgradeRefuses(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		port := portOf(peer(t))
		fresh, fd, ours := w.plain(t), w.dialled(t, port, false), w.tls(t, 0)
		long := strings.Repeat("a.", 127) + "a"
		for _, row := range []struct {
			name, value string
			fd          int64
			want        linux.Errno
		}{
			{"bad not connected", "server.test", fresh, linux.ENOTCONN},
			{"bad a TLS socket", "server.test", ours, linux.EISCONN},
			{"bad an empty name", "\x00", fd, linux.EINVAL},
			{"bad too long a name", long + "a", fd, linux.EINVAL},
			{"bad far too long a name", strings.Repeat("a", 300), fd, linux.EINVAL},
			{"bad an int", "\x01\x00\x00\x00", fd, linux.EINVAL},
			{"bad no host name", "ser ver", fd, linux.EINVAL},
			{"bad without a certificate", "", fd, linux.EINVAL},
		} {
			want(t, row.name, w.upgrade(t, row.fd, row.value), row.want)
		}
		at := func(fd int64, addr, size uint64) linux.Errno {
			return w.call(t, seccomp.Setsockopt, uint64(fd), linux.SolTCP, abi.TCPUpgradeTLS, addr, size).errno
		}
		want(t, "bad a wild pointer", at(fd, wild, 4), linux.EFAULT)
		want(t, "bad a negative length", at(fd, wild, minus(1)), linux.EINVAL)
		if got := w.service.handshakes(); got != 0 {
			t.Errorf("%d handshakes", got)
		}
		if n, errno := w.send(t, fd, []byte("plain")); n != 5 || errno != 0 {
			t.Errorf("send in plain after refusals: got %d and %v", n, errno)
		}
		want(t, "ok with a NUL", w.upgrade(t, fd, "server.test\x00"), 0)
	})
}

// TestUpgradePassesOn leaves what is no TCP socket to the kernel.
func TestUpgradePassesOn(t *testing.T) {
	w, s := simulated(t)
	unixEnd, far, err := linux.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	s.adopt(unixEnd, true)
	value := w.store(t, []byte("server.test"))
	for _, fd := range []int64{int64(unixEnd), 9999} {
		if r := w.call(t, seccomp.Setsockopt, uint64(fd), linux.SolTCP, abi.TCPUpgradeTLS, value, 11); !r.passed {
			t.Errorf("upgrade of descriptor %d: %+v", fd, r)
		}
		if r := w.call(t, seccomp.Setsockopt, uint64(fd), abi.ProtoTLS, uint64(abi.TLSALPN), value, 11); !r.passed {
			t.Errorf("option of descriptor %d: %+v", fd, r)
		}
	}
	plain := w.plain(t)
	if r := w.call(t, seccomp.Getsockopt, uint64(plain), abi.ProtoTLS, uint64(abi.TLSALPN), value, value); !r.passed {
		t.Errorf("read of an option on a TCP socket that none was set on: %+v", r)
	}
}

func TestUpgradeFails(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.dialled(t, portOf(peer(t)), false)
		twin := w.dup(t, fd)
		w.service.handshake(func(context.Context, socket.Dial) error { return abi.Failf(abi.Rejected, "not to be trusted") })
		want(t, "upgrade", w.upgrade(t, fd, "server.test"), linux.EKEYREJECTED)
		for _, n := range []int64{fd, twin} {
			if _, errno := w.send(t, n, []byte("x")); errno != linux.ECONNRESET && errno != linux.EPIPE {
				t.Errorf("send: %v", errno)
			}
		}
		if b, errno := w.recv(t, fd, 10); len(b) != 0 || errno != linux.ECONNRESET && errno != 0 {
			t.Errorf("recv: %q, %v", b, errno)
		}
		want(t, "upgrade again", w.upgrade(t, fd, "server.test"), linux.EKEYREJECTED)
		if got := w.text(t, fd, abi.TLSError); !strings.Contains(got, "not to be trusted") {
			t.Errorf("TLS_ERROR: %q", got)
		}
		want(t, "SO_ERROR, which was told", w.socketError(t, fd), 0)
	})
}

func TestUpgradeNonblocking(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		entered, open := w.service.gate()
		fd := w.dialled(t, portOf(peer(t)), true)
		ep := w.epoll(t)
		w.watch(t, ep, fd, linux.PollIn|linux.PollOut|linux.EpollET)
		if got := w.wait(t, ep); got[fd]&linux.PollOut == 0 {
			t.Errorf("before: %#x", got)
		}
		want(t, "upgrade", w.upgrade(t, fd, "server.test"), linux.EINPROGRESS)
		event(t, entered)
		want(t, "again", w.upgrade(t, fd, "server.test"), linux.EALREADY)
		if got := w.poll(t, fd, linux.PollIn|linux.PollOut); got != 0 {
			t.Errorf("poll while it shakes hands: %#x", got)
		}
		if got := w.wait(t, ep); len(got) != 0 {
			t.Errorf("epoll while it shakes hands: %#x", got)
		}
		_, errno := w.send(t, fd, []byte("early"))
		want(t, "an early send", errno, linux.EAGAIN)
		open(nil)
		until(t, "it is writable", func() bool { return w.poll(t, fd, linux.PollOut) == linux.PollOut })
		if got := w.wait(t, ep); got[fd] != linux.PollOut {
			t.Errorf("epoll: %#x", got)
		}
		want(t, "SO_ERROR", w.socketError(t, fd), 0)
		if n, errno := w.send(t, fd, []byte("hello")); n != 5 || errno != 0 {
			t.Errorf("send: got %d and %v", n, errno)
		}
		until(t, "epoll tells of the echo", func() bool { return w.wait(t, ep)[fd]&linux.PollIn != 0 })
		echoed(t, w, fd, "hello")
		want(t, "once more", w.upgrade(t, fd, "server.test"), 0)
		want(t, "and more", w.upgrade(t, fd, "server.test"), linux.EISCONN)
	})
}

func TestUpgradeNonblockingFails(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		w.service.handshake(func(context.Context, socket.Dial) error { return abi.Failf(abi.Protocol, "no") })
		fd := w.dialled(t, portOf(peer(t)), true)
		want(t, "upgrade", w.upgrade(t, fd, "server.test"), linux.EINPROGRESS)
		until(t, "it fails", func() bool { return w.poll(t, fd, linux.PollOut)&linux.PollErr != 0 })
		want(t, "SO_ERROR", w.socketError(t, fd), linux.EPROTO)
		want(t, "upgrade again", w.upgrade(t, fd, "server.test"), linux.EPROTO)
	})
}

// TestUpgradeCarriesOver looks at all that the program has of the socket.
func TestUpgradeCarriesOver(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.dialled(t, portOf(peer(t)), false)
		twin := w.dup(t, fd)
		_, cloexec := w.flags(t, fd)
		_, twinCloexec := w.flags(t, twin)
		one, other := w.epoll(t), w.epoll(t)
		w.watch(t, one, fd, linux.PollIn|linux.EpollET)
		w.watch(t, one, twin, linux.PollIn|linux.EpollOneshot)
		w.watch(t, other, twin, linux.PollIn)
		timeout := append(int64s(3), int64s(0)...)
		want(t, "set SO_RCVTIMEO", w.setPlain(t, fd, linux.SolSocket, linux.SoRcvTimeo, timeout), 0)
		want(t, "upgrade", w.upgrade(t, fd, "server.test"), 0)
		if _, now := w.flags(t, fd); now != cloexec {
			t.Errorf("FD_CLOEXEC was %v and is %v", cloexec, now)
		}
		if _, now := w.flags(t, twin); now != twinCloexec {
			t.Errorf("FD_CLOEXEC of the duplicate was %v and is %v", twinCloexec, now)
		}
		if b, _, errno := w.get(t, twin, linux.SolSocket, linux.SoRcvTimeo, 16); errno != 0 || string(b) != string(timeout) {
			t.Errorf("SO_RCVTIMEO: %x, %v", b, errno)
		}
		if n, errno := w.send(t, twin, []byte("hello")); n != 5 || errno != 0 {
			t.Errorf("send: got %d and %v", n, errno)
		}
		until(t, "the level triggered registration tells", func() bool { return w.wait(t, other)[twin] == linux.PollIn })
		if got := w.wait(t, one); got[fd] != linux.PollIn || got[twin] != linux.PollIn {
			t.Errorf("the first time: %#x", got)
		}
		if got := w.wait(t, one); len(got) != 0 {
			t.Errorf("the second time edge triggered and one-shot: %#x", got)
		}
		if got := w.wait(t, other); got[twin] != linux.PollIn {
			t.Errorf("the second time level triggered: %#x", got)
		}
		echoed(t, w, fd, "hello")
		w.close(t, fd)
		if n, errno := w.send(t, twin, []byte("more")); n != 4 || errno != 0 {
			t.Errorf("send on the duplicate: got %d and %v", n, errno)
		}
		echoed(t, w, twin, "more")
	})
}

func TestUpgradeOfAnotherProcessToo(t *testing.T) {
	w, s := simulated(t)
	fd := w.dialled(t, portOf(peer(t)), false)
	s.elsewhere.Store(true)
	want(t, "upgrade", w.upgrade(t, fd, "server.test"), linux.EBUSY)
	s.elsewhere.Store(false)
	want(t, "upgrade when it is closed there", w.upgrade(t, fd, "server.test"), 0)
}

// TestUpgradeOfWhatIsReplacedMeanwhile has another thread upgrade the socket first.
func TestUpgradeOfWhatIsReplacedMeanwhile(t *testing.T) {
	w, s := simulated(t)
	fd := w.dialled(t, portOf(peer(t)), false)
	s.replaced.Store(true)
	want(t, "upgrade", w.upgrade(t, fd, "server.test"), linux.EALREADY)
	s.replaced.Store(false)
	want(t, "upgrade", w.upgrade(t, fd, "server.test"), 0)
}

// TestUpgradeThatCannotBeginLeavesAllAsItWas lets the kernel refuse the new descriptor.
func TestUpgradeThatCannotBeginLeavesAllAsItWas(t *testing.T) {
	w, s := simulated(t)
	fd := w.dialled(t, portOf(peer(t)), false)
	ep := w.epoll(t)
	w.watch(t, ep, fd, linux.PollIn|linux.PollOut)
	s.refuse.Store(int32(linux.EBADF))
	want(t, "upgrade", w.upgrade(t, fd, "server.test"), linux.EBADF)
	if got := w.wait(t, ep); got[fd] != linux.PollOut {
		t.Errorf("epoll: %#x", got)
	}
	s.refuse.Store(0)
	want(t, "upgrade", w.upgrade(t, fd, "server.test"), 0)
}

// TestUpgradeOfASocketThatIsRegisteredOften stays below the bound and goes beyond.
func TestUpgradeOfASocketThatIsRegisteredOften(t *testing.T) {
	w := newWorld(t)
	w.program = newTarget(t, w.server) // this process has an instance of its own for each socket
	fd := w.dialled(t, portOf(peer(t)), false)
	for range linux.HeldMax {
		w.watch(t, w.epoll(t), fd, linux.PollIn)
	}
	last := w.epoll(t)
	w.watch(t, last, fd, linux.PollIn)
	want(t, "upgrade", w.upgrade(t, fd, "server.test"), linux.ENOBUFS)
	w.close(t, last)
	want(t, "upgrade with one less", w.upgrade(t, fd, "server.test"), 0)
}

// TestUpgradeInterrupted leaves the call for a signal and finds the attempt again.
func TestUpgradeInterrupted(t *testing.T) {
	w, s := simulated(t)
	entered, open := w.service.gate()
	fd := w.dialled(t, portOf(peer(t)), false)
	s.interruption.Store(int32(linux.Restart))
	want(t, "upgrade", w.upgrade(t, fd, "server.test"), linux.ERESTARTSYS)
	event(t, entered)
	s.interruption.Store(int32(linux.NotInterrupted))
	value := w.store(t, []byte("server.test"))
	again := s.begin(seccomp.Setsockopt, uint64(fd), linux.SolTCP, abi.TCPUpgradeTLS, value, 11)
	open(nil)
	want(t, "the call that is made again", again.wait(t).errno, 0)
	if got := w.service.handshakes(); got != 1 {
		t.Errorf("%d handshakes", got)
	}
}

// TestPlainOptionsAreBounded fills the table with sockets that are closed, and with some that are not.
func TestPlainOptionsAreBounded(t *testing.T) {
	w, _ := simulated(t)
	for range 3 * socketsMax {
		fd := w.plain(t)
		want(t, "set TLS_ALPN", w.setTLS(t, fd, abi.TLSALPN, "smtp"), 0)
		w.close(t, fd)
	}
	var last int64
	for range socketsMax {
		last = w.plain(t)
		want(t, "set TLS_ALPN on one that stays", w.setTLS(t, last, abi.TLSALPN, "smtp"), 0)
	}
	want(t, "one too many", w.setTLS(t, w.plain(t), abi.TLSALPN, "smtp"), linux.EMFILE)
	w.close(t, last)
	want(t, "when one has gone", w.setTLS(t, w.plain(t), abi.TLSALPN, "smtp"), 0)
}

// FuzzUpgradeName checks that a server is asked to prove exactly the name that was given, and that a name which is refused
// leaves the socket plain.
func FuzzUpgradeName(f *testing.F) {
	for _, name := range []string{"server.test", "server.test\x00", "192.0.2.1", "", "\x00", "a\x00b", "a b", "::1", strings.Repeat("a", 300)} {
		f.Add([]byte(name))
	}
	w, s := simulated(f)
	port := portOf(peer(f))
	f.Fuzz(func(t *testing.T, name []byte) {
		if len(name) == 0 || len(name) > 4096 {
			return
		}
		fd := w.dialled(t, port, false)
		defer w.close(t, fd)
		before := w.service.handshakes()
		errno := w.set(t, fd, linux.SolTCP, abi.TCPUpgradeTLS, name)
		after := w.service.handshakes()
		text := strings.TrimSuffix(string(name), "\x00")
		if errno == 0 && (after != before+1 || w.service.lastDial(t).Request.RemoteHostname != text || strings.Contains(text, "\x00")) {
			t.Errorf("%q: %d handshakes, the last for %q", name, after-before, w.service.lastDial(t).Request.RemoteHostname)
		}
		if errno != 0 && (after != before || !w.isTCP(fd)) {
			t.Errorf("%q: %v after %d handshakes, still TCP: %v", name, errno, after-before, w.isTCP(fd))
		}
		s.forget()
	})
}

// isTCP says whether a descriptor is a TCP socket.
func (w *world) isTCP(fd int64) bool {
	k, err := linux.KindOf(linux.FD(fd))
	return err == nil && k.Domain == linux.AFInet && k.Proto == linux.ProtoTCP
}
