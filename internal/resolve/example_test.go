package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"

	"github.com/securesocketapi/ssa/internal/resolve"
)

// A program's files come from wherever its root is; here they are two strings.
func Example() {
	files := map[string]string{"/etc/hosts": "127.0.0.1 web.example\n", "/etc/nsswitch.conf": "hosts: files\n"}
	r := resolve.New(resolve.Config{Open: func(name string) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(files[name])), nil
	}})
	ctx := context.Background()
	addrs, err := r.Lookup(ctx, "web.example", resolve.Any)
	fmt.Println(addrs, err)
	_, err = r.Lookup(ctx, "nosuch.example", resolve.Any)
	fmt.Println(errors.Is(err, resolve.ErrNotFound), err)
	// Output:
	// [127.0.0.1] <nil>
	// true look up nosuch.example: no such name (not in /etc/hosts, and /etc/nsswitch.conf has nobody else to ask)
}

// Race connects to whichever address answers first; what it does not need is closed.
func ExampleRace() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = l.Close() }()
	port := l.Addr().(*net.TCPAddr).AddrPort().Port()
	dial := func(ctx context.Context, a netip.Addr) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", netip.AddrPortFrom(a, port).String())
	}
	addrs := []netip.Addr{netip.MustParseAddr("127.0.0.1")}
	conn, err := resolve.Race(context.Background(), addrs, dial, func(late net.Conn) { _ = late.Close() })
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close() }()
	fmt.Println(conn.RemoteAddr().String() == l.Addr().String())
	// Output: true
}
