package fetch

import (
	"context"
	"net"
	"net/netip"
)

// Dial connects to an address of the Internet, or one that is allowed besides, and to no other whatever the name stands
// for; see [Inside].
func Dial(ctx context.Context, allow []netip.Prefix, address string) (net.Conn, error) {
	f := &Fetcher{c: Config{Allow: allow}}
	return f.dial(ctx, "tcp", address)
}
