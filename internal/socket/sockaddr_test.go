package socket_test

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/socket"
)

func TestInetRoundTrip(t *testing.T) {
	for _, row := range []struct {
		name, addr string
		domain     int
		want       string
		size       int
	}{
		{"ok IPv4", "192.0.2.1:443", linux.AFInet, "192.0.2.1:443", 16},
		{"ok IPv4 unspecified", "0.0.0.0:0", linux.AFInet, "0.0.0.0:0", 16},
		{"ok IPv6", "[2001:db8::1]:65535", linux.AFInet6, "[2001:db8::1]:65535", 28},
		{"ok IPv6 with a scope", "[fe80::1%7]:1", linux.AFInet6, "[fe80::1%7]:1", 28},
		{"ok IPv4 on an IPv6 socket", "192.0.2.1:443", linux.AFInet6, "[::ffff:192.0.2.1]:443", 28},
		{"ok mapped IPv4 on an IPv4 socket", "[::ffff:192.0.2.1]:443", linux.AFInet, "192.0.2.1:443", 16},
		{"ok a zone that is no number is no scope", "[fe80::1%eth0]:1", linux.AFInet6, "[fe80::1]:1", 28},
	} {
		t.Run(row.name, func(t *testing.T) {
			b := socket.InetSockaddr(netip.MustParseAddrPort(row.addr), row.domain)
			got, ok := socket.ParseInet(b)
			if !ok || got != netip.MustParseAddrPort(row.want) {
				t.Errorf("ParseInet(InetSockaddr): got %v and %v, want %s", got, ok, row.want)
			}
			if socket.Family(b) != row.domain || len(b) != row.size {
				t.Errorf("family %d and %d bytes, want %d and %d", socket.Family(b), len(b), row.domain, row.size)
			}
		})
	}
}

// TestInetIsTheKernels compares with what the kernel itself writes.
func TestInetIsTheKernels(t *testing.T) {
	for domain, addr := range map[int]string{linux.AFInet: "127.0.0.1:0", linux.AFInet6: "[::1]:0"} {
		fd, err := linux.Socket(domain, linux.SockStream, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer fd.Close()
		if err := linux.Bind(fd, socket.InetSockaddr(netip.MustParseAddrPort(addr), domain)); err != nil {
			t.Fatalf("bind to %s: %v", addr, err)
		}
		kernel, err := linux.Getsockname(fd)
		if err != nil {
			t.Fatal(err)
		}
		parsed, ok := socket.ParseInet(kernel)
		if ours := socket.InetSockaddr(parsed, domain); !ok || !bytes.Equal(ours, kernel) {
			t.Errorf("sockaddr of %v (-want +got):\n-%x\n+%x", parsed, kernel, ours)
		}
	}
}

func TestParseInetRefuses(t *testing.T) {
	good := socket.InetSockaddr(netip.MustParseAddrPort("127.0.0.1:1"), linux.AFInet)
	for name, b := range map[string][]byte{
		"bad nil":            nil,
		"bad one byte":       {2},
		"bad family only":    good[:2],
		"bad one too short":  good[:15],
		"bad IPv6 too short": socket.InetSockaddr(netip.MustParseAddrPort("[::1]:1"), linux.AFInet6)[:23],
		"bad AF_UNIX":        {1, 0, '/', 'x'},
	} {
		if got, ok := socket.ParseInet(b); ok {
			t.Errorf("%s: got %v", name, got)
		}
	}
	// As RFC 2133 had it, which the kernel still takes.
	short := socket.InetSockaddr(netip.MustParseAddrPort("[fe80::1%7]:1"), linux.AFInet6)[:24]
	if got, ok := socket.ParseInet(short); !ok || got != netip.MustParseAddrPort("[fe80::1]:1") {
		t.Errorf("IPv6 without a scope: got %v and %v", got, ok)
	}
}

func host(name string, port uint16) []byte {
	b := binary.NativeEndian.AppendUint16(nil, abi.FamilyHostname)
	b = binary.BigEndian.AppendUint16(b, port)
	return append(append(b, name...), 0)
}

func TestParseHost(t *testing.T) {
	longest := strings.Repeat("a", abi.HostnameMax-1)
	for _, row := range []struct {
		name string
		addr []byte
		want string
		ok   bool
	}{
		{"ok cut after the NUL", host("a.test", 443), "a.test", true},
		{"ok the whole structure", append(host("a.test", 443), make([]byte, abi.SockaddrHostLen-11)...), "a.test", true},
		{"ok rubbish after the NUL", append(host("a.test", 443), 0xff, 0xff), "a.test", true},
		{"ok the longest name", host(longest, 443), longest, true},
		{"bad a NUL one too late", host(longest+"a", 443), "", false},
		{"bad no NUL", host("a.test", 443)[:10], "", false},
		{"bad empty", host("", 443), "", false},
		{"bad no name", host("", 443)[:4], "", false},
		{"bad nothing", nil, "", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			name, port, err := socket.ParseHost(row.addr)
			if name != row.want || (err == nil) != row.ok || row.ok && port != 443 {
				t.Errorf("ParseHost: got %q, %d and %v", name, port, err)
			}
		})
	}
}

// FuzzParseInet states that an address that is understood is written again as it was, but for what the kernel
// ignores, and that nothing panics.
func FuzzParseInet(f *testing.F) {
	f.Add(socket.InetSockaddr(netip.MustParseAddrPort("192.0.2.1:443"), linux.AFInet))
	f.Add(socket.InetSockaddr(netip.MustParseAddrPort("[fe80::1%7]:1"), linux.AFInet6))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := socket.ParseInet(b)
		if !ok {
			return
		}
		again := socket.InetSockaddr(a, socket.Family(b))
		if back, ok := socket.ParseInet(again); !ok || back != a {
			t.Errorf("ParseInet(%x) is %v; written and read again it is %v and %v", b, a, back, ok)
		}
		ports := [][]byte{b[2:4], again[2:4]}
		if !bytes.Equal(ports[0], ports[1]) || len(again) > len(b) {
			t.Errorf("InetSockaddr of %v: %x, of %x", a, again, b)
		}
	})
}

// FuzzParseHost states that a name has neither NUL nor more bytes than fit, and comes from where it stands.
func FuzzParseHost(f *testing.F) {
	f.Add(host("a.test", 443))
	f.Add(host(strings.Repeat("a", 300), 443))
	f.Add([]byte{43, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		name, port, err := socket.ParseHost(b)
		if err != nil {
			if name != "" || port != 0 {
				t.Errorf("ParseHost(%x): got %q and %d with %v", b, name, port, err)
			}
			return
		}
		if name == "" || len(name) >= abi.HostnameMax || strings.Contains(name, "\x00") {
			t.Errorf("ParseHost(%x): got the name %q", b, name)
		}
		if !bytes.HasPrefix(b[2:], host(name, port)[2:]) {
			t.Errorf("ParseHost(%x): got %q and %d, which is not what stands there", b, name, port)
		}
	})
}
