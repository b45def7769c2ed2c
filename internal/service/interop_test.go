package service_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/abi"
	"github.com/securesocketapi/ssa/internal/service"
	"github.com/securesocketapi/ssa/internal/socket"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// party is what the tests with independent peers share: an authority, a server of it and a user of it.
type party struct {
	ca           *testutil.CA
	server, user testutil.Certificate
	anchors      []byte
}

func newParty(t *testing.T, key testutil.KeyType) party {
	t.Helper()
	ca := testutil.NewCA(t, "root")
	sub := ca.Intermediate(t, testutil.Leaf{CommonName: "sub", CA: true})
	return party{
		ca:      ca,
		server:  sub.Issue(t, testutil.Leaf{Names: []string{"a.example"}, Key: key}),
		user:    sub.Issue(t, testutil.Leaf{CommonName: "user", Key: key}),
		anchors: pem(t, ca.Path),
	}
}

// variant is one row of the tables: a version, a kind of key, and whether the client shows a certificate.
type variant struct {
	version uint16
	key     testutil.KeyType
	auth    bool
}

func (v variant) String() string {
	return fmt.Sprintf("TLS 1.%d, key %d, client certificate %v", v.version-abi.VersionTLS10, v.key, v.auth)
}

func variants() []variant {
	var all []variant
	for _, version := range []uint16{abi.VersionTLS12, abi.VersionTLS13} {
		for _, key := range []testutil.KeyType{testutil.EC, testutil.RSA} {
			all = append(all, variant{version, key, false}, variant{version, key, true})
		}
	}
	return all
}

// client is what our client asks for.
func (v variant) client(p party) abi.Request {
	r := abi.Request{RemoteHostname: "a.example", TrustAnchors: p.anchors, VersionMin: v.version, VersionMax: v.version, ALPN: []string{"x", "http/1.1"}}
	if v.auth {
		r.Credentials = []abi.Credential{credential(p.user)}
	}
	return r
}

func (v variant) openssl() string {
	return map[uint16]string{abi.VersionTLS12: "-tls1_2", abi.VersionTLS13: "-tls1_3"}[v.version]
}

func (v variant) gnutls() string {
	return map[uint16]string{abi.VersionTLS12: "TLS1.2", abi.VersionTLS13: "TLS1.3"}[v.version]
}

// ask sends a line and compares the answer.
func ask(t *testing.T, c *net.UnixConn, line, want string) {
	t.Helper()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		t.Fatalf("write: %v", err)
	}
	got, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || strings.TrimSpace(got) != want {
		t.Fatalf("answer (-want +got):\n-%s\n+%s (%v)", want, got, err)
	}
}

// TestServersOfOthers connects to independent servers twice: the second time the session is resumed.
func TestServersOfOthers(t *testing.T) {
	peers := map[string]struct {
		start func(*testing.T, party, variant) *testutil.Server
		// answer is what comes back for "abc".
		answer string
	}{
		"openssl": {func(t *testing.T, p party, v variant) *testutil.Server {
			args := []string{"-rev", v.openssl(), "-alpn", "http/1.1"}
			if v.auth {
				args = append(args, "-Verify", "3", "-verify_return_error", "-CAfile", p.ca.Path)
			}
			return testutil.OpenSSLServer(t, p.server, args...)
		}, "cba"},
		"gnutls": {func(t *testing.T, p party, v variant) *testutil.Server {
			args := []string{"--echo", "--alpn=http/1.1"}
			if v.auth {
				args = append(args, "--require-client-cert", "--verify-client-cert", "--x509cafile="+p.ca.Path)
			} else {
				args = append(args, "--disable-client-cert")
			}
			return testutil.GnuTLSServer(t, p.server, v.gnutls(), args...)
		}, "abc"},
	}
	for name, peer := range peers {
		for _, v := range variants() {
			t.Run(name+" "+v.String(), func(t *testing.T) {
				p := newParty(t, v.key)
				server := peer.start(t, p, v)
				s := newService(t, service.Config{})
				for _, resumed := range []bool{false, true} {
					c, err := dial(t, s, v.client(p), server.Addr)
					if err != nil {
						t.Fatalf("Connect: %v\n%s", err, server.Output())
					}
					conn := start(t, c)
					ask(t, conn, "abc", peer.answer)
					info := c.Info()
					if info.Version != v.version || info.ALPN != "http/1.1" || info.Resumed != resumed ||
						info.Peer.Identity() != "CN=a.example,O=Secure Socket API tests" {
						t.Errorf("info, resumed wanted %v: %+v", resumed, info)
					}
					_ = conn.Close()
					<-over(c)
				}
			})
		}
	}
}

// TestClientsOfOthers is served to independent clients.
func TestClientsOfOthers(t *testing.T) {
	peers := map[string]func(*testing.T, party, variant, string) *testutil.Process{
		"openssl": func(t *testing.T, p party, v variant, port string) *testutil.Process {
			args := []string{v.openssl(), "-servername", "a.example", "-verify_hostname", "a.example", "-verify_return_error",
				"-CAfile", p.ca.Path, "-alpn", "x,http/1.1", "-quiet"}
			if v.auth {
				args = append(args, "-cert", p.user.Chain, "-cert_chain", p.user.Chain, "-key", p.user.Key)
			}
			return testutil.OpenSSLClient(t, port, args...)
		},
		"gnutls": func(t *testing.T, p party, v variant, port string) *testutil.Process {
			args := []string{"--x509cafile=" + p.ca.Path, "--alpn=http/1.1"}
			if v.auth {
				args = append(args, "--x509certfile="+p.user.Chain, "--x509keyfile="+p.user.Key)
			}
			return testutil.GnuTLSClient(t, "a.example:"+port, v.gnutls(), args...)
		},
	}
	for name, peer := range peers {
		for _, v := range variants() {
			t.Run(name+" "+v.String(), func(t *testing.T) {
				p := newParty(t, v.key)
				r := abi.Request{Credentials: []abi.Credential{credential(p.server)}, ALPN: []string{"http/1.1"}}
				if v.auth {
					require := abi.PeerAuthRequire
					r.TrustAnchors, r.PeerAuth = p.anchors, &require
				}
				l, addr := serve(t, newService(t, service.Config{}), r, 1)
				client := peer(t, p, v, fmt.Sprint(addr.Port()))
				c := accept(t, l)
				conn := start(t, c)
				client.Send("to the server\n")
				if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || line != "to the server\n" {
					t.Fatalf("line: %q, %v\n%s", line, err, client.Output())
				}
				if _, err := io.WriteString(conn, "to the client\n"); err != nil {
					t.Fatal(err)
				}
				client.WaitOutput("to the client")
				v.checkServed(t, c)
				_ = conn.Close()
				client.Wait()
			})
		}
	}
}

func (v variant) checkServed(t *testing.T, c socket.Conn) {
	t.Helper()
	identity := ""
	if v.auth {
		identity = "CN=user,O=Secure Socket API tests"
	}
	if info := c.Info(); info.Version != v.version || info.ALPN != "http/1.1" || info.ServerName != "a.example" || info.Peer.Identity() != identity {
		t.Errorf("info: %+v", info)
	}
}

// TestOpenSSLResumes checks that our tickets are good for an independent client, and that none are sent when a
// session's life is 0.
func TestOpenSSLResumes(t *testing.T) {
	for _, v := range []variant{{version: abi.VersionTLS12}, {version: abi.VersionTLS13}} {
		for _, ttl := range []int{3600, 0} {
			t.Run(fmt.Sprintf("%s, life %d", v, ttl), func(t *testing.T) {
				p := newParty(t, testutil.EC)
				l, addr := serve(t, newService(t, service.Config{}), abi.Request{
					Credentials: []abi.Credential{credential(p.server)}, SessionTTL: &ttl,
				}, 1)
				saved := t.TempDir() + "/session.pem"
				for i, option := range []string{"-sess_out", "-sess_in"} {
					if i == 1 && ttl == 0 {
						return // without a ticket there is nothing to offer
					}
					client := testutil.OpenSSLClient(t, fmt.Sprint(addr.Port()), v.openssl(), "-CAfile", p.ca.Path, option, saved, "-servername", "a.example")
					c := accept(t, l)
					conn := start(t, c)
					if _, err := io.WriteString(conn, "ticket\n"); err != nil {
						t.Fatal(err)
					}
					client.WaitOutput("ticket\n")
					if want := i == 1 && ttl > 0; c.Info().Resumed != want {
						t.Errorf("connection %d resumed (-want +got):\n-%v\n+%v", i, want, c.Info().Resumed)
					}
					_ = conn.Close()
					client.Wait()
					if got := strings.Contains(client.Output(), "TLS session ticket:"); i == 0 && got != (ttl > 0) {
						t.Errorf("ticket sent (-want +got):\n-%v\n+%v\n%s", ttl > 0, got, client.Output())
					}
				}
			})
		}
	}
}
