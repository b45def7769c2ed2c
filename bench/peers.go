package main

import (
	"fmt"
	"strconv"
)

const (
	peersGroup = "peers: 100 MB from and to programs of others"
	peersBytes = 100_000_000
	fromNginx  = "from nginx"
	fromServer = "from openssl s_server"
	toClient   = "to openssl s_client"
)

// peers moves a file between every side and the programs that most people meet.
func peers(w *workshop) error {
	nginx, err := w.startNginx("ecdsa")
	if err != nil {
		return err
	}
	sServer, err := w.startServer(serverKind{name: fromServer, command: w.sServer}, group{}, proxyPorts{key: "ecdsa"})
	if err != nil {
		return err
	}
	all, err := w.webServers("ecdsa")
	if err != nil {
		return err
	}
	for round := range 3 {
		w.say("%s, round %d", peersGroup, round+1)
		for _, s := range turns(w.libraries(), round) {
			for _, from := range []struct{ name, port string }{{fromNginx, nginx.port}, {fromServer, sServer.port}} {
				err := w.carried(s.group, from.name, s.name, s.group.enter(s.client(w, from.port, "get", "1", strconv.Itoa(peersBytes))...))
				if err != nil {
					return err
				}
			}
		}
		for _, s := range turns(all, round) {
			if err := w.carried(s.group, toClient, s.name, w.sClient(s.port, peersBytes)); err != nil {
				return err
			}
		}
	}
	return nil
}

// carried adds the time of one transfer, and the processor time of a side.
func (w *workshop) carried(g group, name, side string, command []string) error {
	before := g.seconds()
	ms, err := w.sample(1e-6, command...)
	if err != nil {
		return err
	}
	w.results.add(series{Group: peersGroup, Name: name, Unit: "ms", Side: side}, ms...)
	if g.dir != "" {
		w.results.add(series{Group: peersGroup, Name: name + cpuSuffix, Unit: "ms", Side: side}, (g.seconds()-before)*1e3)
	}
	return nil
}

// sServer is openssl-s_server(1) as a web server: for one connection at a time.
func (w *workshop) sServer(p proxyPorts) []string {
	return []string{"sh", "-c", `cd "$0" && exec openssl s_server -quiet -WWW "$@" >/dev/null`, w.path("www"), "-accept", "127.0.0.1:" + p.from,
		"-cert", p.file(p.key + ".pem"), "-key", p.file(p.key + ".key"), "-tls1_3", "-ciphersuites", tls13Suite, "-groups", "X25519"}
}

// sClient is openssl-s_client(1) that reads a file of some size. It verifies, as everybody does, and all has to come.
func (w *workshop) sClient(port string, bytes int) []string {
	const script = `request="GET /$0.bin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"; start=$(date +%s%N)
came=$(printf "$request" | openssl s_client -quiet "$@" 2>/dev/null | wc -c); end=$(date +%s%N)
[ "$came" -ge "$0" ] || { echo "s_client was sent $came bytes" >&2; exit 1; }
echo $((end - start))`
	return []string{"sh", "-c", script, fmt.Sprint(bytes), "-connect", "127.0.0.1:" + port, "-servername", peerName, "-CAfile", w.path("ca.pem"),
		"-verify_return_error", "-verify_hostname", peerName, "-tls1_3", "-ciphersuites", tls13Suite, "-groups", "X25519"}
}
