package syscalls_test

import (
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
)

// TestErrorsExplain makes mistakes of each kind: TLS_ERROR is never the bare name of an errno.
func TestErrorsExplain(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		fresh, connected := w.tls(t, 0), w.connected(t)
		listener, _ := w.listening(t, 0)
		addr := loopback(1)
		at := w.store(t, addr)
		for _, row := range []struct {
			name string
			fd   int64
			try  func(fd int64) linux.Errno
		}{
			{"bad pointer", fresh, func(fd int64) linux.Errno { return w.call(t, seccomp.Connect, uint64(fd), wild, 16).errno }},
			{"bad length", fresh, func(fd int64) linux.Errno { return w.call(t, seccomp.Connect, uint64(fd), at, minus(1)).errno }},
			{"bad short address", fresh, func(fd int64) linux.Errno { return w.call(t, seccomp.Connect, uint64(fd), at, 1).errno }},
			{"bad long address", fresh, func(fd int64) linux.Errno { return w.call(t, seccomp.Bind, uint64(fd), at, 200).errno }},
			{"bad unknown option set", fresh, func(fd int64) linux.Errno { return w.setTLS(t, fd, 99, "x") }},
			{"bad unknown option read", fresh, func(fd int64) linux.Errno {
				_, _, errno := w.get(t, fd, abi.ProtoTLS, 99, 8)
				return errno
			}},
			{"bad option not readable", fresh, func(fd int64) linux.Errno {
				_, _, errno := w.get(t, fd, abi.ProtoTLS, int(abi.TLSPrivateKey), 8)
				return errno
			}},
			{"bad second connect", connected, func(fd int64) linux.Errno { return w.connect(t, fd, addr) }},
			{"bad dissolve", connected, func(fd int64) linux.Errno { return w.connect(t, fd, make([]byte, 16)) }},
			{"bad bind when connected", connected, func(fd int64) linux.Errno { return w.bind(t, fd, addr) }},
			{"bad listen when connected", connected, func(fd int64) linux.Errno { return w.listen(t, fd, 1) }},
			{"bad connect of a listener", listener, func(fd int64) linux.Errno { return w.connect(t, fd, addr) }},
		} {
			errno := row.try(row.fd)
			if got := w.text(t, row.fd, abi.TLSError); errno == 0 || got == "" || got == errno.Error() {
				t.Errorf("%s: %s, and TLS_ERROR says %q", row.name, errnoName(errno), got)
			}
		}
	})
}

func TestFailedConnectStaysTheReason(t *testing.T) {
	both(t, func(t *testing.T, w *world) {
		addr := peer(t)
		_, open := w.service.gate()
		fd := w.tls(t, linux.SockNonblock)
		want(t, "connect", w.connect(t, fd, addr), linux.EINPROGRESS)
		open(abi.Failf(abi.Rejected, "the certificate is for somebody else"))
		until(t, "it shows an error", func() bool { return w.poll(t, fd, linux.PollOut)&linux.PollErr != 0 })
		_, _, errno := w.get(t, fd, abi.ProtoTLS, int(abi.TLSPeerIdentity), 64)
		want(t, "get TLS_PEER_IDENTITY", errno, linux.ENOTCONN)
		want(t, "connect again", w.connect(t, fd, addr), linux.EKEYREJECTED)
		want(t, "SO_ERROR", w.socketError(t, fd), linux.EKEYREJECTED)
	})
}
