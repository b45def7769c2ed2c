package testutil

import (
	"fmt"
	"net"
	"net/netip"
	"os/exec"
	"strconv"
	"testing"
)

// A Server is an independent TLS server on the loopback address.
type Server struct {
	*Process
	Addr netip.AddrPort
}

// Port is the server's port in decimal, as command lines want it.
func (s *Server) Port() string { return strconv.Itoa(int(s.Addr.Port())) }

// loopback is 127.0.0.1 with the port a peer has announced.
func loopback(t testing.TB, port string) netip.AddrPort {
	t.Helper()
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatalf("read port: %v", err)
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(n))
}

// Listen gives a listening TCP socket on the loopback address, closed at the end of the test.
func Listen(t testing.TB) *net.TCPListener {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatalf("listen on loopback: %v", err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// AddrPort is the address of a listener.
func AddrPort(l net.Listener) netip.AddrPort {
	if a, ok := l.Addr().(*net.TCPAddr); ok {
		return a.AddrPort()
	}
	return netip.AddrPort{}
}

// RefusedAddr gives an address at which nobody listens and nobody will: the socket that holds the port is
// bound but never listens.
func RefusedAddr(t testing.TB) netip.AddrPort {
	t.Helper()
	// A connected UDP or TCP client would do too; a listener that is closed would free the port for others.
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatalf("reserve port: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	a, _ := c.LocalAddr().(*net.UDPAddr)
	return a.AddrPort()
}

// FreePort gives a TCP port of the loopback address for a program that cannot choose one itself and say so. It was free
// a moment ago; the kernel gives others out for a while before it comes back to it.
func FreePort(t testing.TB) uint16 {
	t.Helper()
	l := Listen(t)
	defer func() { _ = l.Close() }()
	return AddrPort(l).Port()
}

// command finds a peer's program or fails the test as Require does.
func command(t testing.TB, name string, args ...string) *exec.Cmd {
	t.Helper()
	Require(t, Program(name))
	path, err := find(name)
	if err != nil {
		t.Fatal(err)
	}
	return exec.Command(path, args...)
}

// Python is the interpreter of Debian's packages rather than one that happens to be first in the path: a
// version manager's stand-in would add processes between the test and the program.
func Python(t testing.TB) string {
	t.Helper()
	const debian = "/usr/bin/python3"
	if _, err := exec.LookPath(debian); err == nil {
		return debian
	}
	Require(t, Program("python3"))
	return "python3"
}

func priority(versions string) string {
	return fmt.Sprintf("NORMAL:-VERS-ALL:+VERS-%s", versions)
}
