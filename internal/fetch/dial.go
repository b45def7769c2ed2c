package fetch

import (
	"context"
	"fmt"
	"net"
	"net/netip"

	"github.com/securesocketapi/ssa/internal/linux"
)

// dial connects to what is not forbidden. With a proxy it is that, which the administrator has named.
func (f *Fetcher) dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{}
	if f.c.Proxy != nil {
		return d.DialContext(ctx, network, address)
	}
	d.Control = linux.BeforeConnect(f.mayConnect)
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	if err := f.notOurselves(conn); err != nil {
		_ = conn.Close() // nothing was sent
		return nil, err
	}
	return conn, nil
}

func (f *Fetcher) mayConnect(address string) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %q is no address", ErrForbidden, address)
	}
	if f.forbidden(a.Addr()) {
		return forbiddenAddress(a.Addr().Unmap())
	}
	return nil
}

// notOurselves refuses a public address of this machine, behind which may be what its firewall keeps from others. The
// kernel gives a connection to itself the same address at both ends.
func (f *Fetcher) notOurselves(c net.Conn) error {
	local, _ := netip.ParseAddrPort(c.LocalAddr().String())
	remote, _ := netip.ParseAddrPort(c.RemoteAddr().String())
	a := remote.Addr().Unmap()
	if local.Addr().Unmap() == a && !within(f.c.Allow, a) {
		return fmt.Errorf("%w: %s is an address of this machine; an administrator can allow it (validation.fetch.allow)", ErrForbidden, a)
	}
	return nil
}
