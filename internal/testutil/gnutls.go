package testutil

import (
	"strings"
	"testing"
)

// GnuTLSServer starts `gnutls-serv` with the certificate and returns once it accepts. Among args, "--http"
// answers each request with a page that describes the connection, "--echo" sends everything back. versions is
// TLS1.2 or TLS1.3.
func GnuTLSServer(t testing.TB, c Certificate, versions string, args ...string) *Server {
	t.Helper()
	all := append([]string{
		"--port=0", "--priority=" + priority(versions),
		"--x509certfile=" + c.Chain, "--x509keyfile=" + c.Key,
	}, args...)
	p := Start(t, command(t, "gnutls-serv", all...))
	p.WaitOutput(`IPv4 0\.0\.0\.0 port \d+\.\.\.done`)
	return &Server{Process: p, Addr: loopback(t, listeningPort(t, p.PID()))}
}

// GnuTLSClient starts `gnutls-cli` towards the loopback address, where host is "name:port" and name the one the
// server must prove.
func GnuTLSClient(t testing.TB, host, versions string, args ...string) *Process {
	t.Helper()
	name, port, _ := strings.Cut(host, ":")
	all := append([]string{
		"--port=" + port, "--priority=" + priority(versions), "--sni-hostname=" + name, "--verify-hostname=" + name,
	}, args...)
	return Start(t, command(t, "gnutls-cli", append(all, "127.0.0.1")...))
}
