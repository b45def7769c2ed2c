package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

const getRequest = "GET / HTTP/1.0\r\n\r\n"

func mustRead(t testing.TB, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// A clientPeer is an independent client for our servers. fetch connects as often as connections says, the second time
// to resume, and returns what it wrote.
type clientPeer struct {
	name        string
	connections int
	fetch       func(t testing.TB, row serverRow, s *testutil.Server) string
	// resumed is what the client writes of a session that was resumed; empty for one that connects once.
	resumed string
}

func clientPeers() []clientPeer {
	return []clientPeer{
		{"openssl", 2, fetchOpenSSL, "Reused, "},
		{"gnutls", 2, fetchGnuTLS, "*** This is a resumed session"},
		{"curl", 1, fetchCurl, ""},
	}
}

type serverRow struct {
	p      pki
	peer   clientPeer
	v      tlsVersion
	mutual bool
}

// fetchOpenSSL runs s_client twice, the second time with the session of the first.
func fetchOpenSSL(t testing.TB, row serverRow, s *testutil.Server) string {
	session := filepath.Join(t.TempDir(), "session.pem")
	out := ""
	for _, arg := range []string{"-sess_out", "-sess_in"} {
		args := []string{
			row.v.openssl, "-CAfile", row.p.ca.Path, "-servername", "localhost", "-verify_return_error",
			"-verify_hostname", "localhost", "-alpn", "http/1.1", "-ign_eof", arg, session,
		}
		if row.mutual {
			args = append(args, testutil.OpenSSLCertificate(row.p.client)...)
		}
		c := testutil.OpenSSLClient(t, s.Port(), args...)
		c.Send(getRequest)
		if status := c.Wait(); status != 0 {
			t.Fatalf("s_client: got status %d:\n%s", status, c.Output())
		}
		out += c.Output()
	}
	return out
}

// fetchGnuTLS lets gnutls-cli connect, disconnect and resume.
func fetchGnuTLS(t testing.TB, row serverRow, s *testutil.Server) string {
	args := []string{"--x509cafile=" + row.p.ca.Path, "--resume", "--waitresumption", "--alpn=http/1.1"}
	if row.mutual {
		args = append(args, "--x509certfile="+row.p.client.Chain, "--x509keyfile="+row.p.client.Key)
	}
	c := testutil.GnuTLSClient(t, "localhost:"+s.Port(), row.v.gnutls, args...)
	c.WaitOutput(`Simple Client Mode`)
	c.Send(getRequest)
	c.WaitOutput(`remote 127`)
	c.WaitOutput(`Peer has closed the GnuTLS connection`)
	return c.Output()
}

func fetchCurl(t testing.TB, row serverRow, s *testutil.Server) string {
	args := []string{"--http1.1", "--tlsv" + row.v.curl, "--tls-max", row.v.curl}
	if row.mutual {
		args = append(args, "--cert", row.p.client.Chain, "--key", row.p.client.Key)
	}
	out, status := testutil.Curl(t, row.p.ca, "localhost:"+s.Port(), args...)
	if status != 0 {
		t.Fatalf("curl: got status %d:\n%s", status, out)
	}
	return out
}

// TestServerInterop lets each client connect to our server in each language, twice where it can, so that the second
// connection resumes; both ends say what they see.
func TestServerInterop(t *testing.T) {
	p := newPKI(t)
	for _, peer := range clientPeers() {
		for _, v := range tlsVersions() {
			for _, mutual := range []bool{false, true} {
				for _, l := range languages(t) {
					t.Run(fmt.Sprintf("ok %s %s mutual=%v %s", peer.name, v.page, mutual, l.name), func(t *testing.T) {
						t.Parallel()
						serverRow{p, peer, v, mutual}.check(t, l)
					})
				}
			}
		}
	}
}

func (row serverRow) check(t *testing.T, l language) {
	t.Helper()
	words := []string{
		"cert=" + row.p.server.Chain, "key=" + row.p.server.Key, "alpn=http/1.1", "times=" + fmt.Sprint(row.peer.connections),
	}
	identity := ""
	if row.mutual {
		words = append(words, "ca="+row.p.ca.Path, "auth=2")
		identity = "~CN=the client"
	}
	s := startServer(t, l, words...)
	out := row.peer.fetch(t, row, s)
	if status := s.Wait(); status != 0 {
		t.Fatalf("server: got status %d:\n%s", status, s.Output())
	}
	r := parseReport(s.Output(), 0)
	if len(r.connections) != row.peer.connections {
		t.Fatalf("got %d connections, want %d:\n%s", len(r.connections), row.peer.connections, s.Output())
	}
	// The server's threads may describe two connections in either order.
	slices.SortFunc(r.connections, func(a, b connection) int { return strings.Compare(a.values["resumed"], b.values["resumed"]) })
	for i, c := range r.connections {
		wantValues(t, c.values, map[string]string{
			"version": row.v.number, "cipher": "~TLS_", "resumed": fmt.Sprint(i), "identity": identity, "sni": "localhost",
			"alpn": "http/1.1", "id": "yes", "local": s.Addr.String(), "remote": "~127.0.0.1:",
		})
	}
	if !strings.Contains(out, row.peer.resumed) || !strings.Contains(out, "version "+row.v.number) {
		t.Errorf("the client does not say %q or got no page:\n%s", row.peer.resumed, out)
	}
}

// TestServerChoosesChain has several chains, of which the name the client sends chooses one.
func TestServerChoosesChain(t *testing.T) {
	ca := testutil.NewCA(t, "sni root")
	var words []string
	for _, names := range [][]string{{"first.test"}, {"second.test", "also.test"}, {"*.wild.test"}} {
		c := ca.Issue(t, testutil.Leaf{Names: names})
		words = append(words, "cert="+c.Chain, "key="+c.Key)
	}
	for _, row := range []struct{ name, sni, want string }{
		{"ok first", "first.test", "CN = first.test"},
		{"ok second", "second.test", "CN = second.test"},
		{"ok another name of the second", "also.test", "CN = second.test"},
		{"ok other letters", "SECOND.Test", "CN = second.test"},
		{"ok wildcard", "a.wild.test", "CN = *.wild.test"},
		{"ok a wildcard covers one label, so the first", "a.b.wild.test", "CN = first.test"},
		{"ok unknown name, so the first", "unknown.test", "CN = first.test"},
		{"ok no name, so the first", "", "CN = first.test"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, cLanguage(t), words...)
			args := []string{"-noservername"}
			if row.sni != "" {
				args = []string{"-servername", row.sni}
			}
			c := testutil.OpenSSLClient(t, s.Port(), append(args, "-CAfile", ca.Path, "-ign_eof")...)
			c.Send(getRequest)
			c.Wait()
			if !strings.Contains(c.Output(), "subject=O = Secure Socket API tests, "+row.want) {
				t.Errorf("got another chain than %q:\n%s", row.want, c.Output())
			}
			s.WaitOutput(`(?m)^sni .*\n`) // the page may arrive before the server has written its line
			if got := testutil.Lines(s.Output())["sni"]; !strings.EqualFold(got, row.sni) {
				t.Errorf("TLS_HOSTNAME: got %q, want %q", got, row.sni)
			}
		})
	}
}

// TestServerOptions checks what a server's options do to a handshake, as s_client sees it.
func TestServerOptions(t *testing.T) {
	p := newPKI(t)
	rsa := p.ca.Issue(t, testutil.Leaf{Names: []string{"localhost"}, Key: testutil.RSA})
	ed := p.ca.Issue(t, testutil.Leaf{Names: []string{"localhost"}, Key: testutil.Ed25519})
	own := []string{"cert=" + p.server.Chain, "key=" + p.server.Key}
	for _, row := range []struct {
		name   string
		server []string
		client []string
		want   string
	}{
		{"ok chain and key as PEM text", []string{"cert=" + string(p.server.ChainPEM), "key=" + string(p.server.KeyPEM)}, nil, "Verify return code: 0 (ok)"},
		{"ok RSA", []string{"cert=" + rsa.Chain, "key=" + rsa.Key}, []string{"-tls1_2"}, "Peer signature type: RSA"},
		{"ok Ed25519", []string{"cert=" + ed.Chain, "key=" + ed.Key}, nil, "Peer signature type: ed25519"},
		{"ok highest version", append(own, "max=0x0303"), nil, "New, TLSv1.2"},
		{"bad version", append(own, "min=0x0304"), []string{"-tls1_2"}, "protocol version"},
		{"ok one suite", append(own, "max=0x0303", "ciphers=ECDHE-ECDSA-AES256-GCM-SHA384"), nil, "Cipher is ECDHE-ECDSA-AES256-GCM-SHA384"},
		{"ok server's choice of protocol", append(own, "alpn=two,one"), []string{"-alpn", "one,two"}, "ALPN protocol: two"},
		{"bad no protocol in common", append(own, "alpn=one"), []string{"-alpn", "two"}, "no application protocol"},
		{"ok asks for a certificate, goes on without", append(own, "ca="+p.ca.Path, "auth=1"), nil, "Verify return code: 0 (ok)"},
		{"ok names acceptable authorities", append(own, "ca="+p.ca.Path, "auth=1"), nil, "CN = interop root"},
		{"bad client without a certificate, 1.2", append(own, "ca="+p.ca.Path, "auth=2", "max=0x0303"), nil, "alert"},
		{"bad client without a certificate, 1.3", append(own, "ca="+p.ca.Path, "auth=2"), []string{"-tls1_3"}, "alert certificate required"},
		{"bad anchors alone ask for one too", append(own, "ca="+p.ca.Path), []string{"-tls1_3"}, "Acceptable client certificate CA names"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, cLanguage(t), row.server...)
			c := testutil.OpenSSLClient(t, s.Port(), append([]string{"-CAfile", p.ca.Path, "-servername", "localhost", "-ign_eof"}, row.client...)...)
			c.Send(getRequest)
			c.Wait()
			if !strings.Contains(c.Output(), row.want) {
				t.Errorf("got no %q:\n%s", row.want, c.Output())
			}
		})
	}
}

// TestServerSessionsOff checks that a server with a session lifetime of zero resumes nothing.
func TestServerSessionsOff(t *testing.T) {
	p := newPKI(t)
	for _, v := range tlsVersions() {
		t.Run("ok "+v.page, func(t *testing.T) {
			t.Parallel()
			s := startServer(t, cLanguage(t), "cert="+p.server.Chain, "key="+p.server.Key, "ttl=0", "times=2")
			c := testutil.OpenSSLClient(t, s.Port(), v.openssl, "-CAfile", p.ca.Path, "-sess_out", filepath.Join(t.TempDir(), "s"), "-ign_eof")
			c.Send(getRequest)
			c.Wait()
			if strings.Contains(c.Output(), "New Session Ticket arrived") || strings.Contains(c.Output(), "TLS session ticket:") {
				t.Errorf("got a session ticket:\n%s", c.Output())
			}
		})
	}
}

// TestServerAmongProcesses resumes a session of one process of an application with the next that serves the port.
func TestServerAmongProcesses(t *testing.T) {
	p := newPKI(t)
	program := cLanguage(t).server[0] + " $port cert=" + p.server.Chain + " key=" + p.server.Key
	script := `port=0; port=$(` + program + ` | tee /dev/stderr | sed -n "s/^port //p"); ` + program
	both := testutil.Start(t, ssaRun(t, "sh", "-ec", script))
	session := filepath.Join(t.TempDir(), "session.pem")
	for i, arg := range []string{"-sess_out", "-sess_in"} {
		port := both.WaitOutput(strings.Repeat(`(?s)port (\d+)\n.*`, i+1))[i+1]
		c := testutil.OpenSSLClient(t, port, "-CAfile", p.ca.Path, "-servername", "localhost", "-ign_eof", arg, session)
		c.Send(getRequest)
		c.Wait()
		if want := []string{"New, ", "Reused, "}[i]; !strings.Contains(c.Output(), want) {
			t.Errorf("connection %d: got no %q:\n%s", i+1, want, c.Output())
		}
	}
	if status := both.Wait(); status != 0 {
		t.Errorf("got status %d:\n%s", status, both.Output())
	}
}
