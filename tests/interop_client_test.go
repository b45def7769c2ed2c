package tests

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

func loopbackAddr(t testing.TB, port string) netip.AddrPort {
	t.Helper()
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(n))
}

// A serverPeer is an independent server for our clients.
type serverPeer struct {
	name  string
	start func(t testing.TB, p pki, v tlsVersion, mutual bool) *testutil.Server
	// resumed is what the server says in its page, or since its start in its log, of a connection.
	full, resumed string
}

func serverPeers() []serverPeer {
	return []serverPeer{
		{"openssl", startOpenSSL, "New, ", "Reused, "},
		{"gnutls", startGnuTLS, "Protocol version", "Protocol version"},
		{"nginx", startNginx, "reused .", "reused r"},
	}
}

func startOpenSSL(t testing.TB, p pki, v tlsVersion, mutual bool) *testutil.Server {
	args := []string{v.openssl, "-www", "-alpn", "http/1.1"}
	if mutual {
		args = append(args, "-Verify", "2", "-verify_return_error", "-CAfile", p.ca.Path)
	}
	return testutil.OpenSSLServer(t, p.server, args...)
}

func startGnuTLS(t testing.TB, p pki, v tlsVersion, mutual bool) *testutil.Server {
	args := []string{"--http", "--alpn=http/1.1"}
	if mutual {
		args = append(args, "--require-client-cert", "--verify-client-cert", "--x509cafile="+p.ca.Path)
	} else {
		args = append(args, "--disable-client-cert")
	}
	return testutil.GnuTLSServer(t, p.server, v.gnutls, args...)
}

func startNginx(t testing.TB, p pki, v tlsVersion, mutual bool) *testutil.Server {
	directives := []string{"ssl_protocols " + v.page + ";"}
	if mutual {
		directives = append(directives, "ssl_verify_client on;", "ssl_verify_depth 2;", "ssl_client_certificate "+p.ca.Path+";")
	}
	return testutil.Nginx(t, p.server, directives...)
}

// TestClientInterop connects twice from one process in each language to each server: the second connection resumes the
// session of the first, and both ends say so.
func TestClientInterop(t *testing.T) {
	p := newPKI(t)
	for _, peer := range serverPeers() {
		for _, v := range tlsVersions() {
			for _, mutual := range []bool{false, true} {
				t.Run(fmt.Sprintf("ok %s %s mutual=%v", peer.name, v.page, mutual), func(t *testing.T) {
					t.Parallel()
					s := peer.start(t, p, v, mutual)
					for i, l := range languages(t) {
						clientRow{p, peer, v, mutual}.check(t, s, l)
						checkGnuTLSResumed(t, s, peer, i+1)
					}
				})
			}
		}
	}
}

type clientRow struct {
	p      pki
	peer   serverPeer
	v      tlsVersion
	mutual bool
}

func (row clientRow) check(t *testing.T, s *testutil.Server, l language) {
	t.Helper()
	words := []string{"127.0.0.1", s.Port(), "name=localhost", "ca=" + row.p.ca.Path, "alpn=h2,http/1.1", "times=2"}
	if row.mutual {
		words = append(words, "cert="+row.p.client.Chain, "key="+row.p.client.Key)
	}
	r := runClient(t, l, words...)
	if r.status != 0 || len(r.connections) != 2 {
		t.Fatalf("%s: got status %d and %d connections:\n%s", l.name, r.status, len(r.connections), r.output)
	}
	for i, c := range r.connections {
		wantValues(t, c.values, map[string]string{
			"version": row.v.number, "cipher": "~TLS_", "resumed": strconv.Itoa(i), "identity": "~CN=localhost",
			"alpn": "http/1.1", "chain": "2", "id": "yes", "local": "~127.0.0.1:", "remote": s.Addr.String(),
		})
		wantAnswer := []string{row.peer.full, row.peer.resumed}[i]
		if !strings.Contains(c.answer, wantAnswer) {
			t.Errorf("%s: connection %d: the server answered %q, want %q in it", l.name, i+1, c.answer, wantAnswer)
		}
		if row.mutual && row.peer.name == "nginx" {
			wantValues(t, testutil.Lines(c.answer[strings.Index(c.answer, "\r\n\r\n")+4:]),
				map[string]string{"verify": "SUCCESS", "client": "~CN=the client", "sni": "localhost", "alpn": "http/1.1"})
		}
	}
}

// checkGnuTLSResumed reads gnutls-serv's own account, which is in its log alone.
func checkGnuTLSResumed(t *testing.T, s *testutil.Server, peer serverPeer, want int) {
	t.Helper()
	if peer.name != "gnutls" {
		return
	}
	if got := strings.Count(s.Output(), "*** This is a resumed session"); got != want {
		t.Errorf("gnutls-serv resumed %d sessions, want %d", got, want)
	}
}

// TestClientByName connects with AF_HOSTNAME, which resolves, sends and verifies the name.
func TestClientByName(t *testing.T) {
	p := newPKI(t)
	s := testutil.Nginx(t, p.server)
	for _, l := range languages(t) {
		if !l.hostname {
			continue
		}
		t.Run("ok "+l.name, func(t *testing.T) {
			t.Parallel()
			r := runClient(t, l, "localhost", s.Port(), "ca="+p.ca.Path)
			if r.status != 0 || len(r.connections) != 1 {
				t.Fatalf("got status %d:\n%s", r.status, r.output)
			}
			wantValues(t, r.connections[0].values, map[string]string{"identity": "~CN=localhost", "sni": "localhost", "remote": s.Addr.String()})
			if !strings.Contains(r.connections[0].answer, "sni localhost") {
				t.Errorf("the server got no name: %s", r.connections[0].answer)
			}
		})
	}
}

// TestClientByAddress connects to an address without a name: the certificate must hold the address.
func TestClientByAddress(t *testing.T) {
	p := newPKI(t)
	s := testutil.Nginx(t, p.server)
	for _, l := range languages(t) {
		t.Run("ok "+l.name, func(t *testing.T) {
			t.Parallel()
			r := runClient(t, l, "127.0.0.1", s.Port(), "ca="+p.ca.Path)
			if r.status != 0 || len(r.connections) != 1 {
				t.Fatalf("got status %d:\n%s", r.status, r.output)
			}
			if !strings.Contains(r.connections[0].answer, "sni \n") {
				t.Errorf("an address was sent as server name: %s", r.connections[0].answer)
			}
		})
	}
}

// TestClientOptions checks what a client's options do to a handshake, from both ends where the peer tells.
func TestClientOptions(t *testing.T) {
	p := newPKI(t)
	inline := []string{"ca=" + mustRead(t, p.ca.Path)}
	file := []string{"ca=" + p.ca.Path}
	// nginx of Debian 12 does not offer TLS 1.3 unless told.
	both := "ssl_protocols TLSv1.2 TLSv1.3;"
	for _, row := range []struct {
		name   string
		args   []string
		server []string
		want   map[string]string
	}{
		{"ok anchors as PEM text", inline, nil, map[string]string{"version": "0x0304"}},
		{"ok highest version", append(file, "max=0x0303"), nil, map[string]string{"version": "0x0303"}},
		{"ok lowest version", append(file, "min=0x0304"), nil, map[string]string{"version": "0x0304"}},
		{
			"ok one suite by its OpenSSL name", append(file, "max=0x0303", "ciphers=ECDHE-ECDSA-CHACHA20-POLY1305"), nil,
			map[string]string{"cipher": "~CHACHA20"},
		},
		{
			"ok one suite by its IANA name", append(file, "max=0x0303", "ciphers=TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"), nil,
			map[string]string{"cipher": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
		},
		{
			"ok without a suite", append(file, "max=0x0303", "without=ECDHE-ECDSA-AES128-GCM-SHA256"),
			[]string{"ssl_ciphers ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384;", "ssl_prefer_server_ciphers on;"},
			map[string]string{"cipher": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"},
		},
		{"ok no protocol in common is no error by itself", append(file, "alpn=http/1.1"), nil, map[string]string{"alpn": "http/1.1"}},
		{"ok an own certificate that nobody asks for", append(file, "cert="+p.client.Chain, "key="+p.client.Key), nil, map[string]string{"version": "0x0304"}},
		{"ok an own certificate as PEM text", append(file, "cert="+string(p.client.ChainPEM), "key="+string(p.client.KeyPEM)),
			[]string{"ssl_verify_client on;", "ssl_verify_depth 2;", "ssl_client_certificate " + p.ca.Path + ";"}, map[string]string{"version": "0x0304"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := testutil.Nginx(t, p.server, append(row.server, both)...)
			r := runClient(t, cLanguage(t), append([]string{"127.0.0.1", s.Port(), "name=localhost"}, row.args...)...)
			if r.status != 0 || len(r.connections) != 1 {
				t.Fatalf("got status %d:\n%s", r.status, r.output)
			}
			wantValues(t, r.connections[0].values, row.want)
		})
	}
}

// TestClientSessions checks when sessions are shared and when not.
func TestClientSessions(t *testing.T) {
	p := newPKI(t)
	c := cLanguage(t).client[0]
	python := strings.Join(languages(t)[1].client, " ")
	for _, row := range []struct {
		name, script, want string
	}{
		{"ok two processes of one application", "$C; $C", "0 1"},
		{"ok two applications share nothing", "$C; $P", "0 0"},
		{"ok reuse turned off", "$C; $C reuse=0", "0 0"},
		{"ok a lifetime of zero", "$C ttl=0; $C ttl=0", "0 0"},
		{"ok another name", "$C; $C name=server.test", "0 0"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := testutil.Nginx(t, p.server)
			// A later argument of the same name does not count in the C program, so the name comes last.
			args := " 127.0.0.1 " + s.Port() + " ca=" + p.ca.Path
			script := row.script
			if !strings.Contains(script, "name=") {
				script = strings.NewReplacer("$C", "$C name=localhost", "$P", "$P name=localhost").Replace(script)
			} else {
				script = strings.Replace(script, "$C;", "$C name=localhost;", 1)
			}
			script = strings.NewReplacer("$C", c+args, "$P", python+args).Replace(script)
			r := runCommand(t, ssaRun(t, "sh", "-ec", script))
			var got []string
			for _, conn := range r.connections {
				got = append(got, conn.values["resumed"])
			}
			if r.status != 0 || strings.Join(got, " ") != row.want {
				t.Errorf("resumed: got %q, want %q:\n%s", strings.Join(got, " "), row.want, r.output)
			}
		})
	}
}
