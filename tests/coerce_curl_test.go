package tests

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// digesting is a server that answers with what it knows of a request and the digest of its body.
func digesting(t *testing.T, p pki) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		n, err := io.Copy(h, r.Body)
		client := ""
		if len(r.TLS.PeerCertificates) > 0 {
			client = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		_, _ = fmt.Fprintf(w, "%s %#x %d %x client %s %v\n", r.Proto, r.TLS.Version, n, h.Sum(nil), client, err)
	}))
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(mustRead(t, p.ca.Path)))
	s.TLS = &tls.Config{Certificates: []tls.Certificate{mustPair(t, p.server)}, ClientCAs: roots, ClientAuth: tls.VerifyClientCertIfGiven}
	s.EnableHTTP2 = true
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// TestCoerceCurl has one curl do many things.
func TestCoerceCurl(t *testing.T) {
	c := coerce(t, oneVersion+"coerce = true\n")
	url := strings.Replace(digesting(t, c.p).URL, "127.0.0.1", "localhost", 1)
	body := make([]byte, 3<<20)
	for i := range body {
		body[i] = byte(i * i >> 8)
	}
	file := filepath.Join(t.TempDir(), "body")
	if err := os.WriteFile(file, body, 0o600); err != nil {
		t.Fatal(err)
	}
	answer := fmt.Sprintf("0x303 %d %x client ", len(body), sha256.Sum256(body))
	rows := []struct {
		name  string
		words []string
		want  string
		count int
	}{
		{"ok upload", []string{"--http1.1", "-T", file, url}, "HTTP/1.1 " + answer, 1},
		{"ok upload by HTTP/2", []string{"--http2", "-T", file, url}, "HTTP/2.0 " + answer, 1},
		{"ok many at once", []string{"--http1.1", "-Z", "--parallel-immediate", "--parallel-max", "20", "--data-binary", "@" + file, url + "/[1-20]"}, "HTTP/1.1 " + answer, 20},
		{"ok many on one connection", []string{"--http2", "-Z", "--data-binary", "@" + file, url + "/[1-20]"}, "HTTP/2.0 " + answer, 20},
		{"ok client certificate", []string{"--cert", c.p.client.Chain, "--key", c.p.client.Key, url}, " client the client <nil>", 1},
		{"ok by address", []string{strings.Replace(url, "localhost", "127.0.0.1", 1)}, "HTTP/2.0 0x303 0 ", 1},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			out, status := c.run("", append([]string{"curl", "-sS", "--cacert", c.p.ca.Path}, row.words...)...)
			if status != 0 || strings.Count(out, row.want) != row.count {
				t.Errorf("status %d, want %d times %q, output:\n%s", status, row.count, row.want, out)
			}
		})
	}
	c.governed(api.Client, "curl")
	if out, status := c.run("", "curl", "-sS", "--tlsv1.3", "--cacert", c.p.ca.Path, url); status != 35 || !strings.Contains(out, "TLS_VERSION_MIN") {
		t.Errorf("a version that the policy forbids: status %d, output:\n%s", status, out)
	}
	if out, status := c.run("", "curl", "-sS", "--ciphers", "AES256-SHA", "--cacert", c.p.ca.Path, url); status != 35 || !strings.Contains(out, "none of the cipher suites") {
		t.Errorf("suites that the policy forbids: status %d, output:\n%s", status, out)
	}
}

// TestCoerceClientCertificates has a coerced server ask for them.
func TestCoerceClientCertificates(t *testing.T) {
	c := coerce(t, "coerce = true\n")
	port := fmt.Sprint(testutil.FreePort(t))
	words := append([]string{"openssl", "s_server", "-accept", "127.0.0.1:" + port, "-www", "-Verify", "3", "-CAfile", c.p.ca.Path},
		testutil.OpenSSLCertificate(c.p.server)...)
	c.start(words...).WaitOutput("ACCEPT")
	certificate := []string{"--cert", c.p.client.Chain, "--key", c.p.client.Key}
	if out, status := testutil.Curl(t, c.p.ca, "localhost:"+port, certificate...); status != 0 || !strings.Contains(out, "CN=the client") {
		t.Errorf("a client with a certificate: status %d, output:\n%s", status, out)
	}
	if out, status := testutil.Curl(t, c.p.ca, "localhost:"+port); status == 0 {
		t.Errorf("a client without: output:\n%s", out)
	}
}
