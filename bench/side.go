package main

import (
	"cmp"
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
	// ghostunnelSide is also the program's name.
	ghostunnelSide = "ghostunnel"
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

// proxied is what proxies connect to for clients, and how.
type proxied struct {
	// tag tells the configuration from others.
	tag string
	to  string
	// ca and host are those of the workshop when they are empty.
	ca, host string
	resume   bool
}

// proxies are the sides with a proxy in front of a program without TLS: started, and ended with the workshop.
func (w *workshop) proxies(to proxied) ([]side, error) {
	var sides []side
	for _, p := range w.installed(clientProxies()) {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		s := side{name: p.name, group: w.group("client-" + p.name + to.tag), program: "client-plain", proxy: port}
		config := w.path("client-" + p.name + to.tag + ".conf")
		text := p.config(proxyPorts{dir: w.dir, from: port, to: to.to, ca: cmp.Or(to.ca, w.path("ca.pem")), host: cmp.Or(to.host, peerName),
			resume: to.resume, most: 2000})
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

// sides are all, as they connect to the peer with an ECDSA key.
func (w *workshop) sides() ([]side, error) {
	if w.direct != nil {
		return append(w.libraries(), w.direct...), nil
	}
	var err error
	w.direct, err = w.proxies(proxied{to: w.ports["ecdsa"]})
	return append(w.libraries(), w.direct...), err
}
