package socket

import (
	"context"
	"errors"
	"net/netip"
	"os"
	"testing"

	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// connecting starts a TCP connect.
func connecting(t *testing.T, to netip.AddrPort) *os.File {
	t.Helper()
	fd, err := linux.Socket(linux.AFInet, linux.SockStream|linux.SockNonblock, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := linux.Connect(fd, InetSockaddr(to, linux.AFInet)); err != nil && !errors.Is(err, linux.EINPROGRESS) && !errors.Is(err, linux.ECONNREFUSED) {
		t.Fatal(err)
	}
	f, err := fd.File("tcp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func TestWaitTCP(t *testing.T) {
	t.Run("ok connected", func(t *testing.T) {
		l := testutil.Listen(t)
		if err := waitTCP(t.Context(), connecting(t, testutil.AddrPort(l))); err != nil {
			t.Error(err)
		}
	})
	t.Run("bad refused", func(t *testing.T) {
		if err := waitTCP(t.Context(), connecting(t, testutil.RefusedAddr(t))); !errors.Is(err, linux.ECONNREFUSED) {
			t.Errorf("got %v, want ECONNREFUSED", err)
		}
	})
	t.Run("bad given up", func(t *testing.T) {
		why := errors.New("the program has closed the socket")
		ctx, cancel := context.WithCancelCause(t.Context())
		cancel(why)
		if err := waitTCP(ctx, neverWritable(t)); !errors.Is(err, why) {
			t.Errorf("got %v, want the cause", err)
		}
	})
	t.Run("bad closed meanwhile", func(t *testing.T) {
		f := neverWritable(t)
		_ = f.Close()
		if err := waitTCP(t.Context(), f); err == nil {
			t.Error("got no error")
		}
	})
}

// neverWritable is a socket that cannot be written to.
func neverWritable(t *testing.T) *os.File {
	t.Helper()
	near, far, err := linux.SocketPair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	if _, err := fill(near); err != nil {
		t.Fatal(err)
	}
	f, err := near.File("held")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}
