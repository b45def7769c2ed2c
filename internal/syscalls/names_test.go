package syscalls_test

import (
	"bytes"
	"math"
	"net/netip"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
)

const eaddrnotavail linux.Errno = 99

func TestBind(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		at := w.store(t, loopback(0))
		for _, row := range []struct {
			name      string
			addr, len uint64
			want      linux.Errno
		}{
			{"bad NULL", 0, 16, linux.EFAULT},
			{"bad wild pointer", wild, 16, linux.EFAULT},
			{"bad length 0", at, 0, linux.EINVAL},
			{"bad length 8", at, 8, linux.EINVAL},
			{"bad length -1", at, minus(1), linux.EINVAL},
			{"bad length 2^31-1", at, math.MaxInt32, linux.EINVAL},
			{"bad address of others", w.store(t, inet(netip.MustParseAddrPort("192.0.2.1:0"))), 16, eaddrnotavail},
			{"bad family", w.store(t, sockaddrHost("localhost", 0)), 14, linux.EINVAL},
			{"ok", at, 16, 0},
			{"bad second time", at, 16, linux.EINVAL},
		} {
			want(t, row.name, w.call(t, seccomp.Bind, uint64(fd), row.addr, row.len).errno, row.want)
		}
		local, errno := w.name(t, seccomp.Getsockname, fd)
		want(t, "getsockname", errno, 0)
		if local.Addr() != netip.AddrFrom4([4]byte{127, 0, 0, 1}) || local.Port() == 0 {
			t.Errorf("getsockname: got %v, want a port of 127.0.0.1", local)
		}
		want(t, "connect", w.connect(t, fd, peer(t)), 0)
		connected, errno := w.name(t, seccomp.Getsockname, fd)
		want(t, "getsockname", errno, 0)
		if connected != local {
			t.Errorf("getsockname when connected: got %v, want %v as bound", connected, local)
		}
	})
}

func TestBoundPortIsFreedByClose(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd, other := w.tls(t, 0), w.tls(t, 0)
		want(t, "bind", w.bind(t, fd, loopback(0)), 0)
		local, _ := w.name(t, seccomp.Getsockname, fd)
		want(t, "bind to a port in use", w.bind(t, other, inet(local)), linux.EADDRINUSE)
		w.close(t, fd)
		until(t, "the port is free", func() bool { return w.bind(t, other, inet(local)) == 0 })
	})
}

func TestNames(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fd := w.tls(t, 0)
		local, errno := w.name(t, seccomp.Getsockname, fd)
		want(t, "getsockname of a fresh socket", errno, 0)
		if local != netip.MustParseAddrPort("0.0.0.0:0") {
			t.Errorf("getsockname of a fresh socket: got %v", local)
		}
		_, errno = w.name(t, seccomp.Getpeername, fd)
		want(t, "getpeername of a fresh socket", errno, linux.ENOTCONN)
		want(t, "connect", w.connect(t, fd, peer(t)), 0)
		for _, c := range []seccomp.Call{seccomp.Getsockname, seccomp.Getpeername} {
			nameBuffers(t, w, c, fd)
		}
	})
}

func nameBuffers(t *testing.T, w *world, c seccomp.Call, fd int64) {
	t.Helper()
	buffer := w.store(t, bytes.Repeat([]byte{0xee}, 64))
	for _, row := range []struct {
		name         string
		buffer, size uint64
		want         linux.Errno
	}{
		{"bad wild length", buffer, wild, linux.EFAULT},
		{"bad NULL length", buffer, 0, linux.EFAULT},
		{"bad length -1", buffer, w.store(t, int32s(-1)), linux.EINVAL},
		{"bad NULL buffer", 0, w.store(t, int32s(16)), linux.EFAULT},
		{"bad wild buffer", wild, w.store(t, int32s(16)), linux.EFAULT},
		{"bad buffer that ends too early", w.edge(t, make([]byte, 15)), w.store(t, int32s(16)), linux.EFAULT},
		{"ok buffer that is just large enough", w.edge(t, make([]byte, 16)), w.store(t, int32s(16)), 0},
		{"ok no buffer and length 0", wild, w.store(t, int32s(0)), 0},
	} {
		want(t, callName(c)+" "+row.name, w.call(t, c, uint64(fd), row.buffer, row.size).errno, row.want)
	}
	buffer = w.store(t, bytes.Repeat([]byte{0xee}, 64))
	size := w.store(t, int32s(3))
	want(t, callName(c)+" with a short buffer", w.call(t, c, uint64(fd), buffer, size).errno, 0)
	if got := w.load(t, size, 4); !bytes.Equal(got, int32s(16)) {
		t.Errorf("%s: length with a short buffer: got %v, want 16", callName(c), got)
	}
	whole, _ := w.name(t, c, fd)
	if got, wanted := w.load(t, buffer, 4), append(inet(whole)[:3:3], 0xee); !bytes.Equal(got, wanted) {
		t.Errorf("%s: a buffer of 3 bytes (-want +got):\n-%x\n+%x", callName(c), wanted, got)
	}
}
