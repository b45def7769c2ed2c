package syscalls_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/seccomp"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// minus is a negative int as an argument.
func minus(n int32) uint64 { return uint64(uint32(-n)) }

func int32s(n int) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(n)) }

// tls makes a TLS socket; flags are those of the type argument.
func (w *world) tls(t *testing.T, flags int) int64 {
	t.Helper()
	r := w.call(t, seccomp.Socket, linux.AFInet, uint64(linux.SockStream|flags), abi.ProtoTLS)
	if r.errno != 0 {
		t.Fatalf("socket: %v", r.errno)
	}
	return r.value
}

func (w *world) connect(t *testing.T, fd int64, addr []byte) linux.Errno {
	t.Helper()
	return w.call(t, seccomp.Connect, uint64(fd), w.store(t, addr), uint64(len(addr))).errno
}

func (w *world) bind(t *testing.T, fd int64, addr []byte) linux.Errno {
	t.Helper()
	return w.call(t, seccomp.Bind, uint64(fd), w.store(t, addr), uint64(len(addr))).errno
}

func (w *world) listen(t *testing.T, fd int64, backlog int) linux.Errno {
	t.Helper()
	return w.call(t, seccomp.Listen, uint64(fd), uint64(backlog)).errno
}

func (w *world) set(t *testing.T, fd int64, level, name int, value []byte) linux.Errno {
	t.Helper()
	return w.call(t, seccomp.Setsockopt, uint64(fd), uint64(level), uint64(name), w.store(t, value), uint64(len(value))).errno
}

// setPlain sets an option of a socket that is none of ours: the kernel does, or here for the simulation.
func (w *world) setPlain(t *testing.T, fd int64, level, name int, value []byte) linux.Errno {
	t.Helper()
	r := w.call(t, seccomp.Setsockopt, uint64(fd), uint64(level), uint64(name), w.store(t, value), uint64(len(value)))
	if r.passed {
		return errnoOf(linux.Setsockopt(linux.FD(fd), level, name, value))
	}
	return r.errno
}

// bindPlain is setPlain for bind.
func (w *world) bindPlain(t *testing.T, fd int64, addr []byte) linux.Errno {
	t.Helper()
	r := w.call(t, seccomp.Bind, uint64(fd), w.store(t, addr), uint64(len(addr)))
	if r.passed {
		return errnoOf(linux.Bind(linux.FD(fd), addr))
	}
	return r.errno
}

func int64s(n int64) []byte { return binary.NativeEndian.AppendUint64(nil, uint64(n)) }

// get reads an option into a buffer of room bytes; needed is the length the call reported.
func (w *world) get(t *testing.T, fd int64, level, name, room int) (value []byte, needed int, errno linux.Errno) {
	t.Helper()
	buffer, size := w.store(t, bytes.Repeat([]byte{0xee}, room)), w.store(t, int32s(room))
	r := w.call(t, seccomp.Getsockopt, uint64(fd), uint64(level), uint64(name), buffer, size)
	needed = int(binary.NativeEndian.Uint32(w.load(t, size, 4)))
	return w.load(t, buffer, max(min(room, needed), 0)), needed, r.errno
}

func (w *world) setTLS(t *testing.T, fd int64, o abi.Option, value string) linux.Errno {
	t.Helper()
	return w.set(t, fd, abi.ProtoTLS, int(o), []byte(value))
}

// text is the value of an option that is text, without its NUL.
func (w *world) text(t *testing.T, fd int64, o abi.Option) string {
	t.Helper()
	b, _, errno := w.get(t, fd, abi.ProtoTLS, int(o), 4096)
	if errno != 0 {
		t.Errorf("get %s: %v", o, errno)
		return ""
	}
	text, ended := bytes.CutSuffix(b, []byte{0})
	if !ended {
		t.Errorf("get %s: %q does not end in NUL", o, b)
	}
	return string(text)
}

// socketError is getsockopt(SO_ERROR).
func (w *world) socketError(t *testing.T, fd int64) linux.Errno {
	t.Helper()
	b, _, errno := w.get(t, fd, linux.SolSocket, linux.SoError, 4)
	if errno != 0 || len(b) != 4 {
		t.Fatalf("get SO_ERROR: %v with %d bytes", errno, len(b))
	}
	return linux.Errno(binary.NativeEndian.Uint32(b))
}

// name is getsockname or getpeername.
func (w *world) name(t *testing.T, c seccomp.Call, fd int64) (netip.AddrPort, linux.Errno) {
	t.Helper()
	buffer, size := w.store(t, make([]byte, 64)), w.store(t, int32s(64))
	r := w.call(t, c, uint64(fd), buffer, size)
	n := binary.NativeEndian.Uint32(w.load(t, size, 4))
	addr, _ := socket.ParseInet(w.load(t, buffer, int(min(n, 64))))
	return addr, r.errno
}

// want compares an errno.
func want(t *testing.T, what string, got, wanted linux.Errno) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s (-want +got):\n-%s\n+%s", what, errnoName(wanted), errnoName(got))
	}
}

func errnoName(e linux.Errno) string {
	if e == 0 {
		return "success"
	}
	return e.Error()
}

// peer accepts connections on loopback, and nothing else.
func peer(t testing.TB) []byte {
	t.Helper()
	l := testutil.Listen(t)
	done := make(chan struct{})
	var conns []net.Conn
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			conns = append(conns, c)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return inet(testutil.AddrPort(l))
}

// inet is an IPv4 address in the kernel's form.
func inet(a netip.AddrPort) []byte { return socket.InetSockaddr(a, linux.AFInet) }

func loopback(port uint16) []byte {
	return inet(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port))
}

// sockaddrHost is a struct sockaddr_host, cut to what the name needs.
func sockaddrHost(name string, port uint16) []byte {
	b := binary.NativeEndian.AppendUint16(nil, abi.FamilyHostname)
	b = binary.BigEndian.AppendUint16(b, port)
	return append(append(b, name...), 0)
}

func portOf(addr []byte) uint16 { return binary.BigEndian.Uint16(addr[2:]) }

// file makes a file the program can read.
func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file.pem")
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

const (
	chainPEM = "-----BEGIN CERTIFICATE-----\nchain\n-----END CERTIFICATE-----\n"
	keyPEM   = "-----BEGIN PRIVATE KEY-----\nkey\n-----END PRIVATE KEY-----\n"
)

// listening makes a TLS listener on loopback and gives the service's side of it.
func (w *world) listening(t *testing.T, flags int) (int64, *listener) {
	t.Helper()
	fd := w.tls(t, flags)
	want(t, "set TLS_CERTIFICATE_CHAIN", w.setTLS(t, fd, abi.TLSCertificateChain, chainPEM), 0)
	want(t, "set TLS_PRIVATE_KEY", w.setTLS(t, fd, abi.TLSPrivateKey, keyPEM), 0)
	want(t, "bind", w.bind(t, fd, loopback(0)), 0)
	want(t, "listen", w.listen(t, fd, 5), 0)
	return fd, event(t, w.service.listening)
}
