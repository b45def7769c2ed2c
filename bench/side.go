package main

import (
	"fmt"
	"os"
)

// The sides by the names the report has for them.
const (
	ssaSide     = "ssa"
	opensslSide = "OpenSSL"
	gnutlsSide  = "GnuTLS"
	goSide      = "Go"
	stunnelSide = "stunnel"
	haproxySide = "HAProxy"
	nginxSide   = "nginx"
)

// A side is one way for a client to do TLS.
type side struct {
	name  string
	group group
	// program and the command it runs under.
	program string
	under   []string
	// proxy is the port of the proxy that does TLS for the program; empty when it does so itself.
	proxy string
}

// client is the command of a client of the peer at a port.
func (s side) client(w *workshop, port string, args ...string) []string {
	if s.proxy != "" {
		port = s.proxy
	}
	command := append(append([]string{}, s.under...), w.path(s.program), w.path("ca.pem"), peerName, port)
	return append(command, args...)
}

// libraries are the sides with TLS in the program, ssa first.
func (w *workshop) libraries() []side {
	return []side{
		{name: ssaSide, group: w.group("ssa"), program: "client-ssa", under: []string{w.path("ssa"), "run", "--service=embedded", "--"}},
		{name: opensslSide, group: w.group("openssl"), program: "client-openssl"},
		{name: gnutlsSide, group: w.group("gnutls"), program: "client-gnutls"},
		{name: goSide, group: w.group("go"), program: "client-go"},
	}
}

// proxies are the sides with a proxy in front of a program without TLS: started, and ended with the workshop.
func (w *workshop) proxies() ([]side, error) {
	var sides []side
	for _, p := range clientProxies() {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		s := side{name: p.name, group: w.group("client-" + p.name), program: "client-plain", proxy: port}
		config := w.path("client-" + p.name + ".conf")
		text := p.config(proxyPorts{dir: w.dir, from: port, to: w.ports["ecdsa"]})
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			return nil, err
		}
		if _, err := w.background(s.group.enter(many(p.command(config)...)...)...); err != nil {
			return nil, err
		}
		if err := w.awaitPort(port); err != nil {
			return nil, fmt.Errorf("%s: %w", p.name, err)
		}
		sides = append(sides, s)
	}
	return sides, nil
}

// sides are all.
func (w *workshop) sides() ([]side, error) {
	proxies, err := w.proxies()
	return append(w.libraries(), proxies...), err
}
