package ssa

import (
	"context"
	"net"
	"net/netip"
	"os"
	"syscall" //nolint:depguard // for the type that net.Dialer.Control has

	"github.com/securesocketapi/ssa/internal/linux"
)

// A ListenConfig makes listeners; its fields are the options of the socket. Without Certificates those of the machine's
// policy are used.
type ListenConfig struct {
	Options
	// Backlog is how many finished connections may wait to be accepted; 0 is 4096, the kernel's own bound being
	// net.core.somaxconn.
	Backlog int
	// Control sees the socket after its options are set and before it is bound.
	Control func(network, address string, c syscall.RawConn) error
}

// backlog is what package net asks for on most machines (net.core.somaxconn since Linux 5.4).
const backlog = 4096

// Listen listens at a host and port. An empty host is all addresses, of IPv6 and IPv4 for "tls". The error is a
// *net.OpError around an *Error.
func (c *ListenConfig) Listen(ctx context.Context, network, address string) (*Listener, error) {
	l, err := c.listen(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Addr: named(address), Err: err}
	}
	return l, nil
}

func (c *ListenConfig) listen(ctx context.Context, network, address string) (*Listener, error) {
	at, err := localAddr(ctx, network, address)
	if err != nil {
		return nil, err
	}
	domain, addr := sockaddr(at)
	f, err := socket(domain)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if err := linux.Control(f, func(fd linux.FD) error { return c.apply(fd) }); err != nil {
		return nil, err
	}
	if err := control(f, network, address, c.Control); err != nil {
		return nil, err
	}
	dual := network == "tls" && at.Addr().IsUnspecified()
	if err := linux.Control(f, func(fd linux.FD) error { return c.open(fd, addr, dual) }); err != nil {
		return nil, err
	}
	tcp, err := taken[net.TCPListener](f, func(f *os.File) (any, error) { return net.FileListener(f) })
	if err != nil {
		return nil, err
	}
	return &Listener{tcp}, nil
}

// localAddr is where to listen: the first address of the host, or all addresses.
func localAddr(ctx context.Context, network, address string) (netip.AddrPort, error) {
	restrict, err := family(network)
	if err != nil {
		return netip.AddrPort{}, err
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := portOf(ctx, service)
	if err != nil {
		return netip.AddrPort{}, err
	}
	if host == "" {
		if restrict == linux.AFInet || !hasIPv6() {
			return netip.AddrPortFrom(netip.IPv4Unspecified(), port), nil
		}
		return netip.AddrPortFrom(netip.IPv6Unspecified(), port), nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, map[string]string{"tls": "ip", "tls4": "ip4", "tls6": "ip6"}[network], host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	return netip.AddrPortFrom(ips[0].Unmap(), port), nil
}

// hasIPv6 says whether the kernel makes IPv6 sockets.
func hasIPv6() bool {
	fd, err := linux.Socket(linux.AFInet6, linux.SockStream, linux.ProtoTCP)
	if err == nil {
		_ = fd.Close()
	}
	return err == nil
}

// open binds and listens, as package net does: a port can be taken again at once after a restart.
func (c *ListenConfig) open(fd linux.FD, addr []byte, dual bool) error {
	if err := linux.SetsockoptInt(fd, linux.SolSocket, linux.SoReuseAddr, 1); err != nil {
		return failed(fd, "setsockopt SO_REUSEADDR", err)
	}
	if len(addr) == linux.SockaddrInet6 {
		only := 1
		if dual {
			only = 0
		}
		if err := linux.SetsockoptInt(fd, linux.SolIPv6, linux.IPv6V6Only, only); err != nil {
			return failed(fd, "setsockopt IPV6_V6ONLY", err)
		}
	}
	if err := linux.Bind(fd, addr); err != nil {
		return failed(fd, "bind", err)
	}
	n := c.Backlog
	if n == 0 {
		n = backlog
	}
	if err := linux.Listen(fd, n); err != nil {
		return failed(fd, "listen", err)
	}
	return nil
}

// A Listener is a net.Listener of connections whose handshake is over. Its deadlines and its address are those of
// net.TCPListener.
type Listener struct{ *net.TCPListener }

// Accept waits for the next connection.
func (l *Listener) Accept() (net.Conn, error) { return l.AcceptTLS() }

// AcceptTLS is Accept with the connection's own type.
func (l *Listener) AcceptTLS() (*Conn, error) {
	tcp, err := l.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return &Conn{tcp}, nil
}
