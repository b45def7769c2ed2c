package syscalls_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
)

// Options by their numbers in socket(7), tcp(7) and ip(7).
const (
	soReuseAddr = 2
	soType      = 3
	soKeepAlive = 9
	soRcvLowat  = 18
	soProtocol  = 38
	soDomain    = 39
	soPeekOff   = 42
	tcpNoDelay  = 1
	tcpKeepCnt  = 6
	tcpInfo     = 11
	tcpULP      = 31
	ipTOS       = 1
)

func TestOptionsOfTCP(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		for _, fd := range []int64{w.tls(t, 0), w.connected(t)} {
			for _, o := range []struct{ level, name, value int }{
				{linux.SolSocket, soReuseAddr, 1},
				{linux.SolSocket, soKeepAlive, 1},
				{linux.SolTCP, tcpNoDelay, 1},
				{linux.SolIP, ipTOS, 16},
				{linux.SolSocket, soRcvLowat, 3},
			} {
				what := fmt.Sprintf("option %d at level %d", o.name, o.level)
				want(t, "set "+what, w.set(t, fd, o.level, o.name, int32s(o.value)), 0)
				got, _, errno := w.get(t, fd, o.level, o.name, 4)
				want(t, "get "+what, errno, 0)
				if !bytes.Equal(got, int32s(o.value)) {
					t.Errorf("get %s: got %v, want %d", what, got, o.value)
				}
			}
			for name, value := range map[int]int{soType: linux.SockStream, soDomain: linux.AFInet, soProtocol: linux.ProtoTCP, soAcceptConn: 0} {
				got, _, errno := w.get(t, fd, linux.SolSocket, name, 4)
				want(t, "get a constant", errno, 0)
				if !bytes.Equal(got, int32s(value)) {
					t.Errorf("get option %d: got %v, want %d", name, got, value)
				}
				want(t, "set a constant", w.set(t, fd, linux.SolSocket, name, int32s(1)), linux.ENOPROTOOPT)
			}
			info, n, errno := w.get(t, fd, linux.SolTCP, tcpInfo, 400)
			want(t, "get TCP_INFO", errno, 0)
			if n < 100 || len(info) != n {
				t.Errorf("TCP_INFO: got %d bytes", n)
			}
		}
	})
}

func TestOptionsThatMeanSomethingElseHere(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		const soAttachFilter, tcpRepair, tcpFastopenConnect, tcpZerocopyReceive = 26, 19, 30, 35
		fd := w.connected(t)
		for _, o := range []struct{ level, name int }{
			{linux.SolTCP, tcpULP}, {linux.SolTCP, tcpRepair}, {linux.SolTCP, tcpFastopenConnect}, {linux.SolTCP, tcpZerocopyReceive},
			{linux.SolSocket, soAttachFilter}, {linux.SolSocket, 9999}, {linux.SolTCP, -1},
			{linux.SolIP, 9999}, {linux.SolIPv6, 9999},
		} {
			what := fmt.Sprintf("option %d at level %d", o.name, o.level)
			want(t, "set "+what, w.set(t, fd, o.level, o.name, int32s(1)), linux.ENOPROTOOPT)
			_, _, errno := w.get(t, fd, o.level, o.name, 64)
			want(t, "get "+what, errno, linux.ENOPROTOOPT)
		}
	})
}

func TestOptionArguments(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		value := w.store(t, int32s(1))
		for _, row := range []struct {
			name       string
			value, len uint64
			want       linux.Errno
		}{
			{"bad NULL", 0, 4, linux.EFAULT},
			{"bad wild pointer", wild, 4, linux.EFAULT},
			{"bad value that ends too early", w.edge(t, []byte{1, 0}), 4, linux.EFAULT},
			{"bad length 0", value, 0, linux.EINVAL},
			{"bad length 3", value, 3, linux.EINVAL},
			{"bad length -1", value, minus(1), linux.EINVAL},
			{"bad length 2^31", value, 1 << 31, linux.EINVAL},
			{"ok length 2^31-1", value, math.MaxInt32, 0},
			{"ok length 8", value, 8, 0},
		} {
			got := w.call(t, seccomp.Setsockopt, uint64(fd), linux.SolSocket, soKeepAlive, row.value, row.len).errno
			want(t, row.name, got, row.want)
		}
		short, n, errno := w.get(t, fd, linux.SolSocket, soKeepAlive, 2)
		want(t, "get into two bytes", errno, 0)
		if n != 2 || !bytes.Equal(short, int32s(1)[:2]) {
			t.Errorf("get into two bytes: got %v of %d", short, n)
		}
	})
}

func TestTimeoutsAndBuffersActOnBothEnds(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.connected(t)
		want(t, "set SO_RCVTIMEO", w.set(t, fd, linux.SolSocket, linux.SoRcvTimeo, timeval(2500)), 0)
		got, _, errno := w.get(t, fd, linux.SolSocket, linux.SoRcvTimeo, 16)
		want(t, "get SO_RCVTIMEO", errno, 0)
		if sec, usec := binary.NativeEndian.Uint64(got), binary.NativeEndian.Uint64(got[8:]); sec != 2 || usec/100_000 != 5 {
			t.Errorf("SO_RCVTIMEO: got %d s and %d µs, want 2.5 s", sec, usec)
		}
		want(t, "set SO_RCVBUF", w.set(t, fd, linux.SolSocket, linux.SoRcvBuf, int32s(65536)), 0)
		got, _, errno = w.get(t, fd, linux.SolSocket, linux.SoRcvBuf, 4)
		want(t, "get SO_RCVBUF", errno, 0)
		if n := binary.NativeEndian.Uint32(got); n != 2*65536 {
			t.Errorf("SO_RCVBUF: got %d, want %d as socket(7) doubles it", n, 2*65536)
		}
	})
}

func TestSendBufferOfAHeldSocketHoldsIt(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		_, open := w.service.gate()
		fd := w.tls(t, linux.SockNonblock)
		want(t, "connect", w.connect(t, fd, peer(t)), linux.EINPROGRESS)
		want(t, "set SO_SNDBUF", w.set(t, fd, linux.SolSocket, linux.SoSndBuf, int32s(1<<20)), 0)
		want(t, "set TCP_NODELAY", w.set(t, fd, linux.SolTCP, tcpNoDelay, int32s(1)), 0)
		if got := w.poll(t, fd, linux.PollOut); got != 0 {
			t.Errorf("poll while connecting: got %#x, want nothing", got)
		}
		open(nil)
		until(t, "it is writable", func() bool { return w.poll(t, fd, linux.PollOut) == linux.PollOut })
	})
}

// TestOptionsSurviveAFailedConnect sets options of each kind, has a connect fail in the handshake, and looks at
// the socket of the next one; then the same for a name, which has a socket for each address.
func TestOptionsSurviveAFailedConnect(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		fd := w.tls(t, 0)
		for _, o := range []struct{ level, name, value int }{
			{linux.SolTCP, tcpKeepCnt, 3}, {linux.SolSocket, soKeepAlive, 0}, {linux.SolSocket, soKeepAlive, 1},
			{linux.SolSocket, soPeekOff, -1}, {linux.SolSocket, soRcvLowat, 7},
		} {
			want(t, "set an option", w.set(t, fd, o.level, o.name, int32s(o.value)), 0)
		}
		want(t, "bind", w.bind(t, fd, loopback(0)), 0)
		seen := make(chan [3]int, 8)
		w.service.handshake(func(_ context.Context, d socket.Dial) error {
			var v [3]int
			_ = linux.Control(d.Network, func(n linux.FD) error {
				v[0], _ = linux.GetsockoptInt(n, linux.SolTCP, tcpKeepCnt)
				v[1], _ = linux.GetsockoptInt(n, linux.SolSocket, soKeepAlive)
				v[2], _ = linux.GetsockoptInt(n, linux.SolSocket, soRcvLowat)
				return nil
			})
			seen <- v
			return abi.Failf(abi.Protocol, "no")
		})
		check := func(what string, wanted [3]int) {
			t.Helper()
			if got := event(t, seen); got != wanted {
				t.Errorf("TCP_KEEPCNT, SO_KEEPALIVE and SO_RCVLOWAT of the %s (-want +got):\n-%v\n+%v", what, wanted, got)
			}
		}
		want(t, "connect", w.connect(t, fd, addr), linux.EPROTO)
		check("first", [3]int{3, 1, 1})
		want(t, "connect again", w.connect(t, fd, addr), linux.EPROTO)
		check("second", [3]int{3, 1, 1})
		want(t, "connect to a name", w.connect(t, fd, sockaddrHost("localhost", portOf(addr))), linux.EPROTO)
		check("one of a name", [3]int{3, 1, 1})
		want(t, "set an option afterwards", w.set(t, fd, linux.SolTCP, tcpKeepCnt, int32s(4)), 0)
		want(t, "connect once more", w.connect(t, fd, addr), linux.EPROTO)
		check("one after a change", [3]int{4, 1, 1})
	})
}
