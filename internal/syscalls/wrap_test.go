package syscalls_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// wrapTo wraps connections to the host at the port of an address.
func wrapTo(host string, addr []byte) socket.Wraps {
	return socket.Wraps{
		To:      []socket.Wrap{{Host: host, Port: portOf(addr)}},
		Request: abi.Request{TrustAnchors: []byte("anchors")},
	}
}

func TestWrapConnect(t *testing.T) {
	addr := peer(t)
	bothWrapping(t, wrapTo("localhost", addr), func(t *testing.T, w *world) {
		fd := w.plain(t)
		twin := w.dup(t, fd)
		ep := w.epoll(t)
		w.watch(t, ep, fd, linux.PollIn|linux.PollOut|linux.EpollET)
		want(t, "set SO_KEEPALIVE", w.setPlain(t, fd, linux.SolSocket, soKeepAlive, int32s(1)), 0)
		want(t, "connect", w.connect(t, fd, addr), 0)
		d := w.service.lastDial(t)
		if d.Server || d.Request.RemoteHostname != "localhost" || string(d.Request.TrustAnchors) != "anchors" || string(inet(d.Remote)) != string(addr) {
			t.Errorf("what the service was asked: %+v", d)
		}
		if n, errno := w.send(t, twin, []byte("hello")); n != 5 || errno != 0 {
			t.Errorf("send: got %d and %v", n, errno)
		}
		until(t, "epoll tells of the echo", func() bool { return w.wait(t, ep)[fd]&linux.PollIn != 0 })
		echoed(t, w, fd, "hello")
		remote, errno := w.name(t, seccomp.Getpeername, fd)
		want(t, "getpeername", errno, 0)
		if string(inet(remote)) != string(addr) {
			t.Errorf("getpeername: %v", remote)
		}
		if b, _, errno := w.get(t, fd, linux.SolSocket, soKeepAlive, 4); errno != 0 || string(b) != string(int32s(1)) {
			t.Errorf("SO_KEEPALIVE: %x, %v", b, errno)
		}
		want(t, "connect again", w.connect(t, fd, addr), linux.EISCONN)
	})
}

func TestWrapConnectNonblocking(t *testing.T) {
	addr := peer(t)
	bothWrapping(t, wrapTo("127.0.0.1", addr), func(t *testing.T, w *world) {
		entered, open := w.service.gate()
		fd := w.plainNonblocking(t)
		want(t, "connect", w.connect(t, fd, addr), linux.EINPROGRESS)
		event(t, entered)
		if got := w.poll(t, fd, linux.PollIn|linux.PollOut); got != 0 {
			t.Errorf("poll while it shakes hands: %#x", got)
		}
		want(t, "connect again", w.connect(t, fd, addr), linux.EALREADY)
		open(nil)
		until(t, "it is writable", func() bool { return w.poll(t, fd, linux.PollOut) == linux.PollOut })
		want(t, "SO_ERROR", w.socketError(t, fd), 0)
		if n, errno := w.send(t, fd, []byte("hello")); n != 5 || errno != 0 {
			t.Errorf("send: got %d and %v", n, errno)
		}
		echoed(t, w, fd, "hello")
	})
}

// plainNonblocking is plain with O_NONBLOCK.
func (w *world) plainNonblocking(t *testing.T) int64 {
	t.Helper()
	return w.plainWith(t, linux.SockNonblock)
}

func TestWrapConnectFails(t *testing.T) {
	addr, refused := peer(t), inet(testutil.RefusedAddr(t))
	wraps := wrapTo("127.0.0.1", addr)
	wraps.To = append(wraps.To, socket.Wrap{Host: "127.0.0.1", Port: portOf(refused)})
	bothWrapping(t, wraps, func(t *testing.T, w *world) {
		fd := w.plain(t)
		want(t, "connect where nobody listens", w.connect(t, fd, refused), linux.ECONNREFUSED)
		w.service.handshake(func(context.Context, socket.Dial) error { return abi.Failf(abi.Rejected, "not to be trusted") })
		want(t, "connect to a server that proves nothing", w.connect(t, fd, addr), linux.EKEYREJECTED)
		if n, errno := w.send(t, fd, []byte("SECRET")); n > 0 || errno == 0 {
			t.Errorf("send after the failure: got %d and %v", n, errno)
		}
		w.service.handshake(nil)
		want(t, "connect once more", w.connect(t, fd, addr), 0)
	})
}

// TestWrapLeavesOthersAlone connects to another port, and to another address with the same port.
func TestWrapLeavesOthersAlone(t *testing.T) {
	addr, other := peer(t), peer(t)
	bothWrapping(t, wrapTo("127.0.0.2", addr), func(t *testing.T, w *world) {
		for _, to := range [][]byte{addr, other} {
			fd := w.plain(t)
			r := w.call(t, seccomp.Connect, uint64(fd), w.store(t, to), uint64(len(to)))
			if r.errno != 0 {
				t.Errorf("connect: %v", r.errno)
			}
		}
		if got := w.service.handshakes(); got != 0 {
			t.Errorf("%d handshakes", got)
		}
	})
}

func TestWrapAnyHost(t *testing.T) {
	addr := peer(t)
	wraps := wrapTo("localhost", addr)
	wraps.To = append(wraps.To, socket.Wrap{Host: socket.AnyHost, Port: portOf(addr)})
	bothWrapping(t, wraps, func(t *testing.T, w *world) {
		for to, name := range map[string]string{"127.0.0.1": "localhost", "127.0.0.2": "127.0.0.2"} {
			at := inet(netip.AddrPortFrom(netip.MustParseAddr(to), portOf(addr)))
			errno := w.connect(t, w.plain(t), at)
			if to == "127.0.0.2" { // where nobody listens
				want(t, "connect", errno, linux.ECONNREFUSED)
				continue
			}
			want(t, "connect", errno, 0)
			if got := w.service.lastDial(t).Request.RemoteHostname; got != name {
				t.Errorf("connect to %s: the server must prove %q, want %q", to, got, name)
			}
		}
	})
}

// TestWrapKnowsOtherWritings connects to a wrapped address in forms that the kernel takes too.
func TestWrapKnowsOtherWritings(t *testing.T) {
	addr := peer(t)
	wraps := wrapTo("127.0.0.1", addr)
	wraps.To = append(wraps.To, socket.Wrap{Host: "::1", Port: portOf(addr)})
	w := newWrappingWorld(t, wraps)
	s := newSimulation(t, w.server)
	w.program = s
	v6 := func(ip string) []byte {
		return socket.InetSockaddr(netip.AddrPortFrom(netip.MustParseAddr(ip), portOf(addr)), linux.AFInet6)
	}
	for _, row := range []struct {
		name   string
		domain int
		addr   []byte
	}{
		{"ok no address", linux.AFInet, inet(netip.AddrPortFrom(netip.IPv4Unspecified(), portOf(addr)))},
		{"ok longer than needed", linux.AFInet, append(append([]byte{}, addr...), make([]byte, 100)...)},
		{"ok mapped", linux.AFInet6, v6("::ffff:127.0.0.1")},
		{"ok mapped, no address", linux.AFInet6, v6("::ffff:0.0.0.0")},
		{"ok mapped, without a scope", linux.AFInet6, v6("::ffff:127.0.0.1")[:24]},
		{"ok IPv6 loopback", linux.AFInet6, v6("::1")},
		{"ok IPv6, no address", linux.AFInet6, v6("::")},
	} {
		fd, err := linux.Socket(row.domain, linux.SockStream, 0)
		if err != nil {
			t.Fatal(err)
		}
		r := w.call(t, seccomp.Connect, uint64(s.adopt(fd, true)), w.store(t, row.addr), uint64(len(row.addr)))
		if r.passed {
			t.Errorf("%s goes on to the kernel in plain", row.name)
		}
	}
}

// TestWrapLeavesUDPAlone connects a UDP socket to a wrapped address.
func TestWrapLeavesUDPAlone(t *testing.T) {
	addr := peer(t)
	w := newWrappingWorld(t, wrapTo("127.0.0.1", addr))
	s := newSimulation(t, w.server)
	w.program = s
	fd, err := linux.Socket(linux.AFInet, linux.SockDgram, 0)
	if err != nil {
		t.Fatal(err)
	}
	if r := w.call(t, seccomp.Connect, uint64(s.adopt(fd, true)), w.store(t, addr), uint64(len(addr))); !r.passed {
		t.Errorf("connect of a UDP socket: %+v", r)
	}
}

func TestWrapCannotTell(t *testing.T) {
	addr := peer(t)
	wraps := wrapTo("127.0.0.1", addr)
	wraps.To = append(wraps.To, socket.Wrap{Host: "localhost", Port: portOf(addr)})
	bothWrapping(t, wraps, func(t *testing.T, w *world) {
		want(t, "connect to an address that two rules have", w.connect(t, w.plain(t), addr), linux.EINVAL)
		want(t, "connect with a wild pointer", w.call(t, seccomp.Connect, uint64(w.plain(t)), wild, 16).errno, linux.EFAULT)
	})
	err := socket.CheckWraps(t.Context(), linux.Task(linux.Gettid()), wraps.To)
	if err == nil || !strings.Contains(err.Error(), "are both at 127.0.0.1:") {
		t.Errorf("CheckWraps: %v", err)
	}
	wraps.To[1].Port++
	if err := socket.CheckWraps(t.Context(), linux.Task(linux.Gettid()), wraps.To); err != nil {
		t.Errorf("CheckWraps with two ports: %v", err)
	}
}

// TestWrapRefusesWhatIsNotTCP uses a socket of Multipath TCP, which the filter of a real tree does not let a program make.
func TestWrapRefusesWhatIsNotTCP(t *testing.T) {
	const mptcp = 262
	addr := peer(t)
	w := newWrappingWorld(t, wrapTo("127.0.0.1", addr))
	s := newSimulation(t, w.server)
	w.program = s
	if fd, err := linux.Socket(linux.AFInet, linux.SockStream, mptcp); err == nil { // a kernel may be without
		want(t, "connect", w.connect(t, s.adopt(fd, true), addr), linux.EOPNOTSUPP)
	}
	s.elsewhere.Store(true)
	want(t, "connect of a socket that another process has", w.connect(t, w.plain(t), addr), linux.EBUSY)
}

func TestWrapListen(t *testing.T) {
	port := testutil.FreePort(t)
	wraps := socket.Wraps{
		Listen:  []uint16{port},
		Request: abi.Request{Credentials: []abi.Credential{{Chain: []byte(chainPEM), Key: []byte(keyPEM)}}},
	}
	bothWrapping(t, wraps, func(t *testing.T, w *world) {
		fd := w.plain(t)
		ep := w.epoll(t)
		w.watch(t, ep, fd, linux.PollIn)
		want(t, "bind", w.bindPlain(t, fd, loopback(port)), 0)
		want(t, "listen", w.listen(t, fd, 5), 0)
		l := event(t, w.service.listening)
		if l.Local.Port() != port || len(l.Request.Credentials) != 1 || string(l.Request.Credentials[0].Key) != keyPEM {
			t.Errorf("what the service was asked: %+v", l.Listen)
		}
		client := netip.MustParseAddrPort("192.0.2.1:77")
		l.arrive(client)
		until(t, "epoll tells of the connection", func() bool { return w.wait(t, ep)[fd]&linux.PollIn != 0 })
		buffer, size := w.store(t, make([]byte, 16)), w.store(t, int32s(16))
		r := w.call(t, seccomp.Accept, uint64(fd), buffer, size)
		want(t, "accept", r.errno, 0)
		if from, _ := socket.ParseInet(w.load(t, buffer, 16)); from != client {
			t.Errorf("accept: from %v", from)
		}
		if n, errno := w.send(t, r.value, []byte("hello")); n != 5 || errno != 0 {
			t.Errorf("send: got %d and %v", n, errno)
		}
		echoed(t, w, r.value, "hello")
		if name, errno := w.name(t, seccomp.Getsockname, fd); errno != 0 || name.Port() != port {
			t.Errorf("getsockname: %v, %v", name, errno)
		}
		w.close(t, fd)
		until(t, "the port is free", func() bool {
			l, err := net.Listen("tcp4", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), port).String())
			if err == nil {
				_ = l.Close()
			}
			return err == nil
		})
	})
}

func TestWrapListenNeedsACertificate(t *testing.T) {
	port := testutil.FreePort(t)
	bothWrapping(t, socket.Wraps{Listen: []uint16{port}}, func(t *testing.T, w *world) {
		fd := w.plain(t)
		want(t, "bind", w.bindPlain(t, fd, loopback(port)), 0)
		want(t, "listen", w.listen(t, fd, 5), linux.EINVAL)
		want(t, "listen again", w.listen(t, fd, 5), linux.EINVAL)
		other := w.plain(t)
		want(t, "bind elsewhere", w.bindPlain(t, other, loopback(0)), 0)
		if r := w.call(t, seccomp.Listen, uint64(other), 5); r.errno != 0 {
			t.Errorf("listen on a port that is not wrapped: %v", r.errno)
		}
	})
}
