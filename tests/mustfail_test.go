package tests

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// TestMustFailCertificate has servers that prove something else than what the client wants. No connect may succeed.
func TestMustFailCertificate(t *testing.T) {
	ca, other := testutil.NewCA(t, "trusted root"), testutil.NewCA(t, "another root")
	sameName := testutil.NewCA(t, "trusted root")
	noCA := ca.Intermediate(t, testutil.Leaf{CommonName: "not an authority"})
	oldCA := ca.Intermediate(t, testutil.Leaf{CommonName: "old authority", CA: true, NotBefore: hours(-48), NotAfter: hours(-24)})
	wild := ca.Issue(t, testutil.Leaf{Names: []string{"*.server.test"}})
	good := testutil.Leaf{Names: []string{"server.test"}}
	loopback := net.IPv4(127, 0, 0, 1)
	for _, row := range []struct {
		name  string
		cert  testutil.Certificate
		host  string // the name the client wants, the bare address when empty
		errno string
		texts []string
	}{
		{"bad name", ca.Issue(t, good), "wrong.test", "EKEYREJECTED", []string{"wrong.test", "server.test"}},
		{"bad name that is longer", ca.Issue(t, good), "server.test.evil.test", "EKEYREJECTED", []string{"server.test.evil.test"}},
		{"bad name in the subject alone", ca.Issue(t, testutil.Leaf{CommonName: "server.test"}), "server.test", "EKEYREJECTED", []string{"names no host"}},
		{"bad address in a name", ca.Issue(t, testutil.Leaf{Names: []string{"127.0.0.1"}}), "", "EKEYREJECTED", []string{"127.0.0.1"}},
		{"bad address", ca.Issue(t, testutil.Leaf{IPs: []net.IP{net.IPv4(127, 0, 0, 2)}}), "", "EKEYREJECTED", []string{"127.0.0.1", "127.0.0.2"}},
		{"bad address instead of a name", ca.Issue(t, testutil.Leaf{IPs: []net.IP{loopback}}), "server.test", "EKEYREJECTED", []string{"server.test"}},
		{"bad name instead of an address", ca.Issue(t, good), "", "EKEYREJECTED", []string{"127.0.0.1"}},
		{"bad wildcard across two labels", wild, "a.b.server.test", "EKEYREJECTED", []string{"a.b.server.test", "*.server.test"}},
		{"bad wildcard for its own base", wild, "server.test", "EKEYREJECTED", []string{"*.server.test"}},
		{"bad wildcard for a part of a label", ca.Issue(t, testutil.Leaf{Names: []string{"a*.server.test"}}), "ab.server.test", "EKEYREJECTED", nil},
		{"bad expired", ca.Issue(t, testutil.Leaf{Names: good.Names, NotBefore: hours(-48), NotAfter: hours(-24)}), "server.test", "EKEYEXPIRED", []string{"expired"}},
		{"bad not yet valid", ca.Issue(t, testutil.Leaf{Names: good.Names, NotBefore: hours(24), NotAfter: hours(48)}), "server.test", "EKEYEXPIRED", []string{"not valid before"}},
		{"bad expired intermediate", oldCA.Issue(t, good), "server.test", "EKEYEXPIRED", []string{"expired"}},
		{"bad expired and for another name", ca.Issue(t, testutil.Leaf{Names: good.Names, NotBefore: hours(-48), NotAfter: hours(-24)}), "wrong.test", "EKEYREJECTED", []string{"wrong.test"}},
		{"bad self-signed", testutil.SelfSigned(t, good), "server.test", "EKEYREJECTED", []string{"self-signed"}},
		{"bad unknown authority", other.Issue(t, good), "server.test", "EKEYREJECTED", []string{"another root"}},
		{"bad authority of the trusted one's name", sameName.Issue(t, good), "server.test", "EKEYREJECTED", []string{"trusted root"}},
		{"bad authority without the CA bit", noCA.Issue(t, good), "server.test", "EKEYREJECTED", []string{"without being a CA"}},
		{
			"bad for clients alone", ca.Issue(t, testutil.Leaf{Names: good.Names, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}),
			"server.test", "EKEYREJECTED", []string{"extended key usage"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for _, version := range []string{"-tls1_2", "-tls1_3"} {
				s := testutil.OpenSSLServer(t, row.cert, version, "-www")
				for _, l := range certificateLanguages(t) {
					r := runClient(t, l, append([]string{"127.0.0.1", s.Port(), "ca=" + ca.Path}, nameArgument(row.host)...)...)
					wantFailure(t, r, "connect", row.errno, row.texts...)
				}
			}
		})
	}
}

func hours(n int) time.Time { return time.Now().Add(time.Duration(n) * time.Hour) }

func nameArgument(host string) []string {
	if host == "" {
		return nil
	}
	return []string{"name=" + host}
}

// certificateLanguages are a blocking and a non-blocking client: their errnos come by different ways.
func certificateLanguages(t testing.TB) []language {
	t.Helper()
	all := languages(t)
	return []language{all[0], all[2]}
}

// TestMustFailEveryLanguage checks that each kind of program learns why.
func TestMustFailEveryLanguage(t *testing.T) {
	p := newPKI(t)
	s := testutil.OpenSSLServer(t, p.server, "-www")
	for _, l := range languages(t) {
		t.Run("bad name, "+l.name, func(t *testing.T) {
			t.Parallel()
			r := runClient(t, l, "127.0.0.1", s.Port(), "ca="+p.ca.Path, "name=wrong.test")
			wantFailure(t, r, "connect", "EKEYREJECTED", "wrong.test")
		})
		t.Run("bad port, "+l.name, func(t *testing.T) {
			t.Parallel()
			refused := testutil.RefusedAddr(t)
			r := runClient(t, l, "127.0.0.1", strconv.Itoa(int(refused.Port())), "ca="+p.ca.Path, "name=localhost")
			wantFailure(t, r, "connect", "ECONNREFUSED")
		})
	}
}

// TestMustFailWithoutTrust relies on the machine's own store, which does not know the throw-away authority.
func TestMustFailWithoutTrust(t *testing.T) {
	p := newPKI(t)
	s := testutil.OpenSSLServer(t, p.server, "-www")
	r := runClient(t, cLanguage(t), "127.0.0.1", s.Port(), "name=localhost")
	wantFailure(t, r, "connect", "EKEYREJECTED")
}

// TestMustFailName connects to names that do not resolve.
func TestMustFailName(t *testing.T) {
	for i, name := range []string{"nowhere.invalid", "a..b", strings.Repeat("a", 64) + ".invalid"} {
		t.Run(fmt.Sprint("bad ", i), func(t *testing.T) {
			t.Parallel()
			r := runClient(t, cLanguage(t), name, "443")
			wantFailure(t, r, "connect", "EHOSTUNREACH|EINVAL", name)
		})
	}
}

// TestMustFailNegotiation has peers that cannot agree with the client.
func TestMustFailNegotiation(t *testing.T) {
	p := newPKI(t)
	for _, row := range []struct {
		name   string
		server []string
		client []string
		errno  string
		texts  []string
	}{
		{"bad version: only older", []string{"-tls1_2"}, []string{"min=0x0304"}, "EPROTO", []string{"version"}},
		{"bad version: only newer", []string{"-tls1_3"}, []string{"max=0x0303"}, "EPROTO", []string{"version"}},
		{
			"bad suites: none in common", []string{"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"},
			[]string{"max=0x0303", "ciphers=ECDHE-ECDSA-AES256-GCM-SHA384"}, "EPROTO", []string{"handshake failure|handshake_failure"},
		},
		{"bad protocols: none in common", []string{"-alpn", "one"}, []string{"alpn=two"}, "EPROTO", []string{"application protocol|application_protocol"}},
		{
			"bad no certificate where one is required", []string{"-tls1_2", "-Verify", "2", "-CAfile", p.ca.Path, "-verify_return_error"},
			nil, "EPROTO", []string{"certificate|handshake failure|handshake_failure"},
		},
		{
			"bad certificate of an unknown authority", []string{"-tls1_2", "-Verify", "2", "-CAfile", p.ca.Path, "-verify_return_error"},
			strangersCertificate(t), "EPROTO", []string{"unknown CA|unknown_ca|certificate"},
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s := testutil.OpenSSLServer(t, p.server, append(row.server, "-www")...)
			for _, l := range certificateLanguages(t) {
				r := runClient(t, l, append([]string{"127.0.0.1", s.Port(), "name=localhost", "ca=" + p.ca.Path}, row.client...)...)
				wantFailure(t, r, "connect", row.errno, row.texts...)
			}
		})
	}
}

func strangersCertificate(t testing.TB) []string {
	t.Helper()
	c := testutil.NewCA(t, "a stranger").Issue(t, testutil.Leaf{CommonName: "stranger"})
	return []string{"cert=" + c.Chain, "key=" + c.Key}
}

// TestMustFailLateRefusal has a TLS 1.3 server that refuses the client's certificate after the client's handshake is
// over: the next read says so.
func TestMustFailLateRefusal(t *testing.T) {
	p := newPKI(t)
	s := testutil.OpenSSLServer(t, p.server, "-tls1_3", "-Verify", "2", "-CAfile", p.ca.Path, "-verify_return_error", "-www")
	for _, l := range languages(t) {
		t.Run("bad no certificate, "+l.name, func(t *testing.T) {
			t.Parallel()
			r := runClient(t, l, "127.0.0.1", s.Port(), "name=localhost", "ca="+p.ca.Path)
			call, errno := "read", "ECONNRESET"
			switch got, _, _ := r.failure(); {
			case got == "send":
				// The refusal came first.
				call, errno = "send", "EPIPE|ECONNRESET"
			case got == "connect" && !l.hostname:
				// It came before the program asked for SO_ERROR, which gives a pending reset too.
				call = "connect"
			}
			wantFailure(t, r, call, errno, "certificate required|certificate_required")
		})
	}
}

// TestMustFailPeer has peers that are no TLS servers, or never answer.
func TestMustFailPeer(t *testing.T) {
	for _, row := range []struct {
		name  string
		serve func(c *net.TCPConn)
		errno string
		texts []string
	}{
		{"bad plain HTTP", func(c *net.TCPConn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) }, "EPROTO", []string{"HTTP"}},
		{"bad noise", func(c *net.TCPConn) { _, _ = c.Write([]byte(strings.Repeat("noise", 100))) }, "EPROTO", []string{"TLS"}},
		{"bad end at once", func(*net.TCPConn) {}, "EPROTO|ECONNRESET", []string{"closed|reset"}},
		{"bad reset at once", func(c *net.TCPConn) { _ = c.SetLinger(0) }, "EPROTO|ECONNRESET", []string{"closed|reset"}},
		{"bad no answer", func(c *net.TCPConn) { _, _ = c.Read(make([]byte, 1)); readAll(c) }, "ETIMEDOUT", []string{"did not answer"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			addr := serveTCP(t, row.serve)
			for _, l := range certificateLanguages(t) {
				r := runClient(t, l, "127.0.0.1", strconv.Itoa(int(addr.Port())), "name=localhost")
				wantFailure(t, r, "connect", row.errno, row.texts...)
			}
		})
	}
}

func readAll(c *net.TCPConn) {
	buf := make([]byte, 4096)
	for {
		if _, err := c.Read(buf); err != nil {
			return
		}
	}
}

// serveTCP calls serve for each connection and then closes it, until the test ends.
func serveTCP(t testing.TB, serve func(*net.TCPConn)) netip.AddrPort {
	t.Helper()
	l := testutil.Listen(t)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.AcceptTCP()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer func() { _ = c.Close() }()
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		wg.Wait()
	})
	return testutil.AddrPort(l)
}

// TestMustFailWrongKey has a server whose signature is not by the key of its certificate.
func TestMustFailWrongKey(t *testing.T) {
	p := newPKI(t)
	imposter := p.ca.Issue(t, testutil.Leaf{Names: []string{"localhost"}})
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run("bad "+tls.VersionName(version), func(t *testing.T) {
			t.Parallel()
			pair := mustPair(t, p.server)
			pair.PrivateKey = mustPair(t, imposter).PrivateKey
			addr := serveTCP(t, func(c *net.TCPConn) {
				_ = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: version, MaxVersion: version}).Handshake()
			})
			r := runClient(t, cLanguage(t), "127.0.0.1", strconv.Itoa(int(addr.Port())), "name=localhost", "ca="+p.ca.Path)
			wantFailure(t, r, "connect", "EPROTO|EKEYREJECTED", "signature")
		})
	}
}

func mustPair(t testing.TB, c testutil.Certificate) tls.Certificate {
	t.Helper()
	pair, err := tls.X509KeyPair(c.ChainPEM, c.KeyPEM)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// TestMustFailStream damages the stream after the handshake: what a program reads ends in ECONNRESET, never in EOF.
func TestMustFailStream(t *testing.T) {
	p := newPKI(t)
	for _, v := range tlsVersions() {
		for _, row := range []struct {
			name   string
			action action
			texts  []string
		}{
			{"bad truncated between records", cut, []string{"close_notify|without|reset"}},
			{"bad truncated inside a record", cutInside, nil},
			{"bad reset", reset, []string{"reset"}},
			{"bad corrupted", corrupt, []string{"damaged|bad record|bad_record_mac"}},
			{"bad repeated", repeat, []string{"damaged|out of order|bad record"}},
		} {
			t.Run(row.name+" "+v.page, func(t *testing.T) {
				t.Parallel()
				s := testutil.OpenSSLServer(t, p.server, v.openssl, "-WWW")
				// The answer to a GET of a file that is not there is one record; in TLS 1.3 the server's
				// encrypted handshake and its two tickets come before.
				record := 0
				if v.number == "0x0304" {
					record = 6
				}
				proxy := startProxy(t, s.Addr, fault{fromServer: true, application: true, record: record, action: row.action})
				for _, l := range languages(t) {
					r := runClient(t, l, "127.0.0.1", strconv.Itoa(int(proxy.addr.Port())), "name=localhost", "ca="+p.ca.Path)
					wantFailure(t, r, "read", "ECONNRESET", row.texts...)
				}
			})
		}
	}
}

// TestMustFailHandshakeReset resets the connection in the middle of every record of a handshake. A client's connect
// fails; where its own part was over already (TLS 1.3), the next read does.
func TestMustFailHandshakeReset(t *testing.T) {
	p := newPKI(t)
	for _, v := range tlsVersions() {
		for _, fromServer := range []bool{true, false} {
			t.Run(fmt.Sprintf("bad %s, fromServer=%v", v.page, fromServer), func(t *testing.T) {
				t.Parallel()
				s := testutil.OpenSSLServer(t, p.server, v.openssl, "-www")
				for record := range handshakeRecords(v, fromServer) {
					proxy := startProxy(t, s.Addr, fault{fromServer: fromServer, record: record, action: reset})
					r := runClient(t, cLanguage(t), "127.0.0.1", strconv.Itoa(int(proxy.addr.Port())), "name=localhost", "ca="+p.ca.Path)
					<-proxy.struck
					if call, _, _ := r.failure(); v.number == "0x0304" && !fromServer && call != "connect" {
						wantFailure(t, r, call, "ECONNRESET|EPIPE")
						continue
					}
					wantFailure(t, r, "connect", "EPROTO|ECONNRESET", "closed|reset")
				}
			})
		}
	}
}

// handshakeRecords is how many records of one direction belong to a full handshake: in TLS 1.2 the server's are
// ServerHello, Certificate, ServerKeyExchange, ServerHelloDone, (NewSessionTicket), ChangeCipherSpec and Finished, the
// client's ClientHello, ClientKeyExchange, ChangeCipherSpec, Finished. In TLS 1.3 ServerHello, ChangeCipherSpec,
// EncryptedExtensions, Certificate, CertificateVerify, Finished; ClientHello, ChangeCipherSpec, Finished.
func handshakeRecords(v tlsVersion, fromServer bool) int {
	if fromServer {
		return 6
	}
	if v.number == "0x0303" {
		return 4
	}
	return 3
}

// TestMustFailOwnKey gives a chain the key of another: the call that makes the mistake says so.
func TestMustFailOwnKey(t *testing.T) {
	p := newPKI(t)
	for _, l := range languages(t) {
		t.Run("bad "+l.name, func(t *testing.T) {
			t.Parallel()
			r := runClient(t, l, "127.0.0.1", "1", "cert="+p.client.Chain, "key="+p.server.Key)
			wantFailure(t, r, "setsockopt", "EKEYREJECTED|errno-129", "TLS_PRIVATE_KEY")
		})
	}
}
