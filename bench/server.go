package main

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
)

const (
	serverGroup = "server: examples/ws-event, 1 KB, 32 clients"
	keepName    = "keep-alive"
	closeName   = "a connection for each request"
	sameOpenSSL = "the same with OpenSSL"
)

// webServer is a server to put under load.
type webServer struct {
	name, port string
	group      group
}

// serverRounds are as many as it takes for a p99 not to be a neighbour's.
const serverRounds = 4

// servers measures our event-driven example server, the same linked with OpenSSL, and what stands in front of the plain one.
func servers(w *workshop) error {
	all, err := w.webServers("ecdsa")
	if err != nil {
		return err
	}
	for _, mode := range serverModes() {
		for round := range serverRounds {
			w.say("%s: %s, round %d", serverGroup, mode.name, round+1)
			for _, s := range turns(all, round) {
				if err := w.load(s, mode.name, mode.header); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// serverMode is a way to ask for many files, by a header of HTTP.
type serverMode struct{ name, header string }

func serverModes() []serverMode {
	return []serverMode{{keepName, "X-Mode: keep"}, {closeName, "Connection: close"}}
}

// serverKind is a way to serve files by TLS.
type serverKind struct {
	name string
	// command starts one with a certificate for a kind of key, for a backend without TLS when it is a proxy.
	command func(p proxyPorts) []string
	proxy   bool
}

// serverKinds are all, ssa first.
func (w *workshop) serverKinds() []serverKind {
	event := func(program string) func(p proxyPorts) []string {
		return func(p proxyPorts) []string {
			return []string{w.path(program), "-a", "127.0.0.1", "-p", p.from, "-c", p.file(p.key + ".pem"), "-k", p.file(p.key + ".key"), w.path("www")}
		}
	}
	all := []serverKind{
		{name: ssaSide, command: func(p proxyPorts) []string { return w.supervised(event("ws-event")(p)...) }},
		{name: sameOpenSSL, command: event("ws-openssl")},
		{name: goSide, command: func(p proxyPorts) []string {
			return []string{w.path("client-go"), "serve", "127.0.0.1:" + p.from, p.file(p.key + ".pem"), p.file(p.key + ".key"), w.path("www")}
		}},
		{name: nginxSide, command: w.staticNginx},
	}
	for _, p := range w.installed(serverProxies()) {
		all = append(all, serverKind{name: p.name, proxy: true, command: func(ports proxyPorts) []string {
			config := w.path("server-" + dashed(p.name) + "-" + ports.from + ".conf")
			_ = writeFile(config, p.config(ports)) // the proxy says so itself
			return p.command(config)
		}})
	}
	return all
}

func dashed(name string) string { return strings.ReplaceAll(name, " ", "-") }

// webServers starts one of each kind, with a backend for all proxies together; they end with the workshop.
func (w *workshop) webServers(key string) ([]webServer, error) {
	if w.started[key] != nil {
		return w.started[key], nil
	}
	backend, err := w.backend()
	if err != nil {
		return nil, err
	}
	for _, k := range w.serverKinds() {
		s, err := w.startServer(k, w.group("server-"+dashed(k.name)+"-"+key), proxyPorts{key: key, to: backend.port, most: 2000})
		if err != nil {
			return nil, err
		}
		w.started[key] = append(w.started[key], s)
	}
	return w.started[key], nil
}

// backend is the web server without TLS.
func (w *workshop) backend() (webServer, error) {
	plain := serverKind{name: "plain", command: func(p proxyPorts) []string {
		return []string{w.path("ws-event"), "-a", "127.0.0.1", "-p", p.from, w.path("www")}
	}}
	return w.startServer(plain, group{}, proxyPorts{})
}

// startServer starts a server at a free port.
func (w *workshop) startServer(k serverKind, g group, p proxyPorts) (webServer, error) {
	port, err := freePort()
	if err != nil {
		return webServer{}, err
	}
	p.dir, p.from = w.dir, port
	s := webServer{k.name, port, g}
	if _, err := w.background(s.group.enter(many(k.command(p)...)...)...); err != nil {
		return s, err
	}
	if err := w.awaitPort(port); err != nil {
		return s, fmt.Errorf("%s: %w", k.name, err)
	}
	return s, nil
}

func (w *workshop) staticNginx(p proxyPorts) []string {
	config := w.path("static-nginx-" + p.from + ".conf")
	text := nginxHead(p) + "http {\n" + nginxHTTP(p) + "\tserver {\n" + nginxTLS(p) + "\t\troot " + w.path("www") + ";\n\t}\n}\n"
	_ = writeFile(config, text) // nginx says so itself
	return nginxCommand(config)
}

// startNginx starts a web server that stands for those of others.
func (w *workshop) startNginx(key string) (webServer, error) {
	return w.startServer(serverKind{name: nginxSide, command: w.staticNginx}, group{}, proxyPorts{key: key})
}

// load runs wrk against a server.
func (w *workshop) load(s webServer, mode, header string) error {
	return w.wrk(s.group, series{Group: serverGroup, Name: mode, Side: s.name}, "https://127.0.0.1:"+s.port+"/1k.txt", "-H", header)
}

// wrk adds what a run of wrk(1) came to.
func (w *workshop) wrk(g group, s series, url string, args ...string) error {
	before := g.seconds()
	cmd := exec.CommandContext(w.ctx, "wrk", append([]string{"-t1", "-c32", "-d1s", "-s", "bench/c/wrk.lua", url}, args...)...)
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("%s: %w", cmd, err)
	}
	var r struct{ Rate, P50, P99, P999, Requests, Errors float64 }
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil {
		return fmt.Errorf("%s: %w: %s", cmd, err, out)
	}
	if r.Errors > 0 || r.Requests == 0 {
		return fmt.Errorf("%s against %s: %v of %v requests failed", cmd, s.Side, r.Errors, r.Requests)
	}
	for name, v := range map[string]struct {
		unit  string
		value float64
	}{
		"requests a second": {"1/s", r.Rate}, "p50": {"ms", r.P50 / 1e3}, "p99": {"ms", r.P99 / 1e3}, "p99.9": {"ms", r.P999 / 1e3},
		"processor time of this side": {"µs", (g.seconds() - before) * 1e6 / r.Requests},
	} {
		if v.value > 0 { // there is no processor time without a control group
			w.results.add(series{Group: s.Group, Name: s.Name + ", " + name, Unit: v.unit, Side: s.Side}, v.value)
		}
	}
	return nil
}
