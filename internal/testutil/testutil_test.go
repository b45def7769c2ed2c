package testutil_test

import (
	"crypto/x509"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

func TestMain(m *testing.M) { os.Exit(testutil.Main(m)) }

func TestChainVerifies(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	sub := ca.Intermediate(t, testutil.Leaf{CommonName: "sub", CA: true})
	noCA := ca.Intermediate(t, testutil.Leaf{CommonName: "not an authority"})
	leaf := testutil.Leaf{Names: []string{"a.test"}, IPs: []net.IP{net.IPv4(127, 0, 0, 1)}}
	for _, row := range []struct {
		name string
		cert testutil.Certificate
		mid  *testutil.CA
		ok   bool
	}{
		{"ok from the root", ca.Issue(t, leaf), nil, true},
		{"ok from an intermediate", sub.Issue(t, leaf), sub, true},
		{"bad intermediate without the CA bit", noCA.Issue(t, leaf), noCA, false},
		{"bad self-signed", testutil.SelfSigned(t, leaf), nil, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			roots, mids := x509.NewCertPool(), x509.NewCertPool()
			roots.AddCert(ca.Cert)
			if row.mid != nil {
				mids.AddCert(row.mid.Cert)
			}
			for _, name := range []string{"a.test", "127.0.0.1"} {
				_, err := row.cert.X509.Verify(x509.VerifyOptions{Roots: roots, Intermediates: mids, DNSName: name})
				if (err == nil) != row.ok {
					t.Errorf("verify %s: got %v, want ok %v", name, err, row.ok)
				}
			}
		})
	}
}

func TestPeersTalkToEachOther(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	for _, k := range []testutil.KeyType{testutil.EC, testutil.RSA, testutil.Ed25519} {
		cert := ca.Issue(t, testutil.Leaf{Names: []string{"localhost"}, Key: k})
		t.Run("ok s_server and curl", func(t *testing.T) {
			s := testutil.OpenSSLServer(t, cert, "-www")
			checkCurl(t, ca, s, "SSL certificate verify ok")
		})
		t.Run("ok gnutls-serv and curl", func(t *testing.T) {
			s := testutil.GnuTLSServer(t, cert, "TLS1.2", "--http", "--disable-client-cert")
			checkCurl(t, ca, s, "TLSv1.2")
		})
		t.Run("ok nginx and curl", func(t *testing.T) {
			s := testutil.Nginx(t, cert, "ssl_protocols TLSv1.3;")
			checkCurl(t, ca, s, "protocol TLSv1.3")
		})
	}
}

func checkCurl(t *testing.T, ca *testutil.CA, s *testutil.Server, want string) {
	t.Helper()
	out, status := testutil.Curl(t, ca, "localhost:"+s.Port())
	if status != 0 || !strings.Contains(out, want) {
		t.Errorf("curl: got status %d and %q, want %q in it", status, out, want)
	}
}

func TestClientsOfPeers(t *testing.T) {
	ca := testutil.NewCA(t, "root")
	cert := ca.Issue(t, testutil.Leaf{Names: []string{"localhost"}})
	s := testutil.OpenSSLServer(t, cert, "-rev")
	t.Run("ok s_client", func(t *testing.T) {
		c := testutil.OpenSSLClient(t, s.Port(), "-CAfile", ca.Path, "-verify_return_error", "-verify_hostname", "localhost", "-quiet")
		c.Send("abc\n")
		c.WaitOutput(`cba`)
	})
	t.Run("ok gnutls-cli", func(t *testing.T) {
		c := testutil.GnuTLSClient(t, "localhost:"+s.Port(), "TLS1.3", "--x509cafile="+ca.Path)
		c.WaitOutput(`Handshake was completed`)
		c.Send("abc\n")
		c.WaitOutput(`cba`)
	})
}

func TestRefusedAddr(t *testing.T) {
	c, err := net.Dial("tcp", testutil.RefusedAddr(t).String())
	if err == nil {
		_ = c.Close()
		t.Error("got a connection, want it refused")
	}
}
