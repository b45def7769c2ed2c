package ssa

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall" //nolint:depguard // for the type that net.Dialer.Control has
	"time"

	"github.com/securesocketapi/ssa/internal/linux"
)

// A Dialer connects over TLS; its fields are those of net.Dialer and the options of the socket. The zero Dialer connects
// without a time limit of its own. It is safe for concurrent use as long as no field is changed.
type Dialer struct {
	Options
	// ServerName is what the server must prove and what SNI says; empty is the host that is dialed. It may be a DNS name
	// or an address.
	ServerName string
	// Timeout bounds a dial, from the look-up of the name to the end of the handshake; 0 is no bound.
	Timeout time.Duration
	// Deadline is when a dial ends at the latest; the zero Time is never.
	Deadline time.Time
	// LocalAddr is the address to connect from; nil is the kernel's choice.
	LocalAddr *net.TCPAddr
	// Resolver looks names up for "tls4" and "tls6"; nil is net.DefaultResolver. For "tls" the supervisor does, which
	// races the addresses of both families (RFC 8305).
	Resolver *net.Resolver
	// Control sees each socket after its options are set and before it is connected.
	Control func(network, address string, c syscall.RawConn) error
}

// Dial connects; see DialContext.
func (d *Dialer) Dial(network, address string) (*Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects to a host and port. It returns when the handshake is over and the server has proved its name. The
// error is a *net.OpError around an *Error.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (*Conn, error) {
	ctx, cancel := d.bounded(ctx)
	defer cancel()
	c, err := d.dial(ctx, network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: named(address), Err: err}
	}
	return c, nil
}

func (d *Dialer) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	end := d.Deadline
	if soon := time.Now().Add(d.Timeout); d.Timeout != 0 && (end.IsZero() || soon.Before(end)) {
		end = soon
	}
	if end.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadlineCause(ctx, end, os.ErrDeadlineExceeded)
}

func (d *Dialer) dial(ctx context.Context, network, address string) (*Conn, error) {
	restrict, err := family(network)
	if err != nil {
		return nil, err
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := portOf(ctx, service)
	if err != nil {
		return nil, err
	}
	target := target{network: network, address: address, name: d.ServerName}
	if ip, err := netip.ParseAddr(host); err == nil {
		return d.dialAddr(ctx, target, netip.AddrPortFrom(ip, port))
	}
	if target.name == "" {
		target.name = host
	}
	if restrict == linux.AFUnspec && len(host) < HostnameMax {
		return d.dialTo(ctx, target, linux.AFInet, hostname(host, port))
	}
	return d.dialEach(ctx, target, host, port)
}

func portOf(ctx context.Context, service string) (uint16, error) {
	if n, err := strconv.ParseUint(service, 10, 16); err == nil {
		return uint16(n), nil
	}
	n, err := net.DefaultResolver.LookupPort(ctx, "tcp", service)
	return uint16(n), err
}

// target is what is dialed, and the name it must prove.
type target struct{ network, address, name string }

// dialEach tries the addresses of a name, one after the other.
func (d *Dialer) dialEach(ctx context.Context, t target, host string, port uint16) (*Conn, error) {
	r := d.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	addrs, err := r.LookupNetIP(ctx, map[string]string{"tls": "ip", "tls4": "ip4", "tls6": "ip6"}[t.network], host)
	if err != nil {
		return nil, err
	}
	var all []error
	for _, ip := range addrs {
		c, err := d.dialAddr(ctx, t, netip.AddrPortFrom(ip.Unmap(), port))
		if err == nil {
			return c, nil
		}
		all = append(all, fmt.Errorf("%s: %w", ip, err))
	}
	return nil, errors.Join(all...)
}

func (d *Dialer) dialAddr(ctx context.Context, t target, a netip.AddrPort) (*Conn, error) {
	domain, addr := sockaddr(a)
	if restrict, _ := family(t.network); restrict != linux.AFUnspec && restrict != domain {
		return nil, &net.AddrError{Err: "not an address for network " + t.network, Addr: a.Addr().String()}
	}
	return d.dialTo(ctx, t, domain, addr)
}

// dialTo connects a new socket to an address in the kernel's form.
func (d *Dialer) dialTo(ctx context.Context, t target, domain int, addr []byte) (*Conn, error) {
	f, err := socket(domain)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	if err := linux.Control(f, func(fd linux.FD) error { return d.prepare(fd, t) }); err != nil {
		return nil, err
	}
	if err := control(f, t.network, t.address, d.Control); err != nil {
		return nil, err
	}
	if err := connect(ctx, f, addr); err != nil {
		return nil, err
	}
	tcp, err := taken[net.TCPConn](f, func(f *os.File) (any, error) { return net.FileConn(f) })
	if err != nil {
		return nil, err
	}
	return &Conn{tcp}, nil
}

func (d *Dialer) prepare(fd linux.FD, t target) error {
	if t.name != "" {
		if err := (request{option: TLSRemoteHostname, text: t.name}).set(fd); err != nil {
			return err
		}
	}
	if err := d.apply(fd); err != nil {
		return err
	}
	if d.LocalAddr == nil {
		return nil
	}
	_, addr := sockaddr(d.LocalAddr.AddrPort())
	if err := linux.Bind(fd, addr); err != nil {
		return failed(fd, "bind", err)
	}
	return nil
}

// named is an address that could not be dialed, for texts.
type named string

func (n named) Network() string { return "tls" }
func (n named) String() string  { return string(n) }
