package main

import (
	"encoding/json"
	"fmt"
	"os"
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

// servers measures our event-driven example server, the same linked with OpenSSL, and what stands in front of the plain one.
func servers(w *workshop) error {
	all, err := w.webServers()
	if err != nil {
		return err
	}
	for _, mode := range []struct{ name, header string }{{keepName, "X-Mode: keep"}, {closeName, "Connection: close"}} {
		for round := range 3 {
			w.say("%s: %s, round %d", serverGroup, mode.name, round+1)
			for _, s := range all {
				if err := w.load(s, mode.name, mode.header); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func (w *workshop) webServers() ([]webServer, error) {
	tls := []string{"-c", w.path("ecdsa.pem"), "-k", w.path("ecdsa.key"), w.path("www")}
	event := func(program string, args ...string) func(port string) []string {
		return func(port string) []string {
			return append([]string{w.path(program), "-a", "127.0.0.1", "-p", port}, args...)
		}
	}
	own := event("ws-event", tls...)
	starts := []struct {
		name    string
		command func(port string) []string
	}{
		{"plain", event("ws-event", w.path("www"))},
		{ssaSide, func(port string) []string { return w.supervised(own(port)...) }},
		{sameOpenSSL, event("ws-openssl", tls...)},
		{goSide, func(port string) []string {
			return []string{w.path("client-go"), "serve", "127.0.0.1:" + port, tls[1], tls[3], tls[4]}
		}},
		{nginxSide, func(port string) []string { return w.staticNginx(port) }},
	}
	var all []webServer
	for _, s := range starts {
		started, err := w.serve(s.name, s.command)
		if err != nil {
			return nil, err
		}
		all = append(all, started)
	}
	plain := all[0].port
	for _, p := range serverProxies() {
		started, err := w.serve(p.name, func(port string) []string {
			config := w.path("server-" + strings.ReplaceAll(p.name, " ", "-") + ".conf")
			_ = os.WriteFile(config, []byte(p.config(proxyPorts{dir: w.dir, from: port, to: plain})), 0o600) // it says so itself
			return p.command(config)
		})
		if err != nil {
			return nil, err
		}
		all = append(all, started)
	}
	return all[1:], nil
}

func (w *workshop) serve(name string, command func(port string) []string) (webServer, error) {
	port, err := freePort()
	if err != nil {
		return webServer{}, err
	}
	s := webServer{name, port, w.group("server-" + strings.ReplaceAll(name, " ", "-"))}
	if _, err := w.background(s.group.enter(many(command(port)...)...)...); err != nil {
		return s, err
	}
	if err := w.awaitPort(port); err != nil {
		return s, fmt.Errorf("%s: %w", name, err)
	}
	return s, nil
}

func (w *workshop) staticNginx(port string) []string {
	p := proxyPorts{dir: w.dir, from: port}
	config := w.path("static-nginx.conf")
	text := nginxHead(p) + "http {\n" + nginxHTTP(p) + "\tserver {\n" + nginxTLS(p) + "\t\troot " + w.path("www") + ";\n\t}\n}\n"
	_ = os.WriteFile(config, []byte(text), 0o600)
	return nginxCommand(config)
}

// load runs wrk against a server.
func (w *workshop) load(s webServer, mode, header string) error {
	return w.wrk(s.group, series{Group: serverGroup, Name: mode, Side: s.name}, "https://127.0.0.1:"+s.port+"/1k.txt", "-H", header)
}

// wrk adds what a run of wrk(1) came to.
func (w *workshop) wrk(g group, s series, url string, args ...string) error {
	before := g.seconds()
	cmd := exec.CommandContext(w.ctx, "wrk", append([]string{"-t1", "-c32", "-d2s", "-s", "bench/c/wrk.lua", url}, args...)...)
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
		w.results.add(series{Group: s.Group, Name: s.Name + ", " + name, Unit: v.unit, Side: s.Side}, v.value)
	}
	return nil
}
