// Package network registers the network "ssa" with Caddy. The certificates are those of the machine's policy, and what
// Caddy gets is plaintext: a site on it is one of http:// to Caddy, with HTTP/2 as h2c.
package network

import (
	"context"
	"net"
	"strconv"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	"golang.org/x/sys/unix"

	"github.com/securesocketapi/ssa"
)

func init() { caddy.RegisterNetwork("ssa", listen) }

func listen(ctx context.Context, _, host, portRange string, portOffset uint, _ net.ListenConfig) (any, error) {
	first, err := strconv.ParseUint(portRange, 10, 16)
	if err != nil {
		return nil, err
	}
	config := ssa.ListenConfig{Options: ssa.Options{ALPN: []string{"h2", "http/1.1"}}, Control: share}
	return config.Listen(ctx, "tls", net.JoinHostPort(host, strconv.Itoa(int(first)+int(portOffset))))
}

// share lets the listeners of the old and the new configuration live side by side during a reload.
func share(_, _ string, c syscall.RawConn) (err error) {
	if e := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }); e != nil {
		return e
	}
	return err
}
