// Command caddy is Caddy with a network more: a site bound to "ssa/ADDRESS" is served over TLS sockets. Run it under
// `ssa run`.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/securesocketapi/ssa/ports/caddy/network"
)

func main() { caddycmd.Main() }
