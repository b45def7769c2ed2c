package testutil

import (
	"testing"
)

// OpenSSLServer starts `openssl s_server` with the certificate and returns once it accepts. Among args, "-www"
// answers each request with a page that describes the connection, "-rev" sends lines back reversed.
func OpenSSLServer(t testing.TB, c Certificate, args ...string) *Server {
	t.Helper()
	all := append([]string{"s_server", "-accept", "127.0.0.1:0"}, OpenSSLCertificate(c)...)
	all = append(all, args...)
	p := Start(t, command(t, "openssl", all...))
	port := p.WaitOutput(`ACCEPT 127\.0\.0\.1:(\d+)`)[1]
	return &Server{Process: p, Addr: loopback(t, port)}
}

// OpenSSLCertificate is the arguments that give s_server or s_client a certificate.
func OpenSSLCertificate(c Certificate) []string {
	args := []string{"-cert", c.Chain, "-key", c.Key}
	if len(c.ChainPEM) > len(certPEM(c.X509)) {
		args = append(args, "-cert_chain", c.Intermediates)
	}
	return args
}

// OpenSSLClient starts `openssl s_client` towards the port on the loopback address; what Send gives it goes to
// the server.
func OpenSSLClient(t testing.TB, port string, args ...string) *Process {
	t.Helper()
	all := append([]string{"s_client", "-connect", "127.0.0.1:" + port}, args...)
	return Start(t, command(t, "openssl", all...))
}
