package tests

import (
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// A coercedClient is a client of HTTPS.
type coercedClient struct {
	name, exe string
	// words are its command line, with HOST, PORT and TRUST; insecure are those that have it not verify.
	words, insecure []string
	input           string
	// http2 is whether it is to speak HTTP/2.
	http2 bool
}

const request = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

func coercedClients() []coercedClient {
	curl := []string{"curl", "-sS", "--http1.1", "--cacert", "TRUST", "https://HOST:PORT/"}
	h2 := []string{"curl", "-sS", "--http2", "--cacert", "TRUST", "https://HOST:PORT/"}
	sClient := []string{"openssl", "s_client", "-quiet", "-connect", "HOST:PORT", "-CAfile", "TRUST"}
	python := []string{"/usr/bin/python3", "programs/python/https_client.py", "HOST", "PORT", "TRUST"}
	wget := []string{"wget", "-nv", "-O", "-", "--ca-certificate=TRUST", "https://HOST:PORT/"}
	gnutls := []string{"gnutls-cli", "--x509cafile=TRUST", "--port=PORT", "HOST"}
	return []coercedClient{
		{name: "wget", exe: "wget", words: wget, insecure: append(wget[:len(wget):len(wget)], "--no-check-certificate")},
		{name: "gnutls-cli", exe: "gnutls-cli", input: request, words: gnutls, insecure: append(gnutls[:len(gnutls):len(gnutls)], "--insecure")},
		{name: "curl", exe: "curl", words: curl, insecure: append(curl[:len(curl):len(curl)], "-k")},
		{name: "curl of HTTP/2", exe: "curl", words: h2, insecure: append(h2[:len(h2):len(h2)], "-k"), http2: true},
		{name: "openssl s_client", exe: "openssl", input: request, insecure: sClient, // it only says what is wrong
			words: append(sClient[:len(sClient):len(sClient)], "-verify_return_error")},
		{name: "python http.client", exe: "python3", words: python, insecure: append(python[:len(python):len(python)], "insecure")},
		{name: "socat", exe: "socat", input: request,
			words:    []string{"socat", "-t10", "STDIO,ignoreeof", "OPENSSL:HOST:PORT,cafile=TRUST"},
			insecure: []string{"socat", "-t10", "STDIO,ignoreeof", "OPENSSL:HOST:PORT,cafile=TRUST,verify=0"}},
	}
}

const bothVersions = "ssl_protocols TLSv1.2 TLSv1.3;"

// with puts the values into a command line.
func with(words []string, host, port, ca string) []string {
	r := strings.NewReplacer("HOST", host, "PORT", port, "TRUST", ca)
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = r.Replace(w)
	}
	return all
}

func TestCoerceClients(t *testing.T) {
	for _, row := range coercedClients() {
		t.Run(row.name, func(t *testing.T) {
			c := coerce(t, oneVersion+"coerce = true\n")
			t.Run("ok", func(t *testing.T) { row.fetch(c, testutil.NginxHTTP2(t, c.p.server, bothVersions)) })
			stranger := c.p.ca.Issue(t, testutil.Leaf{Names: []string{"other.test"}})
			row.refuse(c, testutil.NginxHTTP2(t, stranger, bothVersions))
		})
	}
}

// fetch fetches nginx's page, which says what it has seen.
func (row coercedClient) fetch(c *coercing, s *testutil.Server) {
	c.t.Helper()
	out, status := c.run(row.input, with(row.words, "localhost", s.Port(), c.p.ca.Path)...)
	page := testutil.Lines(out)
	if status != 0 || page["protocol"] != "TLSv1.2" || row.http2 && page["alpn"] != "h2" || page["sni"] != "localhost" {
		c.t.Errorf("status %d, output:\n%s", status, out)
	}
	c.governed(api.Client, row.exe)
}

// refuse shows that a certificate for another name is refused, also where the program is told not to look.
func (row coercedClient) refuse(c *coercing, s *testutil.Server) {
	c.t.Helper()
	for name, words := range map[string][]string{"bad name": row.words, "bad name, told not to verify": row.insecure} {
		out, status := c.run(row.input, with(words, "localhost", s.Port(), c.p.ca.Path)...)
		if status == 0 && row.exe != "openssl" || strings.Contains(out, "protocol TLS") {
			c.t.Errorf("%s: status %d, output:\n%s", name, status, out)
		}
	}
	c.refused(row.exe, "localhost")
	words := with(row.insecure, "localhost", s.Port(), c.p.ca.Path)
	if out, _ := testutil.Run(c.t, c.command(true, words...), row.input); !strings.Contains(out, "protocol TLSv1.3") {
		c.t.Errorf("without ssa run it does not even work:\n%s", out)
	}
}

// TestCoerceAsyncioClient moves its bytes itself.
func TestCoerceAsyncioClient(t *testing.T) {
	c := coerce(t, oneVersion+"coerce = true\n")
	server := func(cert testutil.Certificate) string {
		p := testutil.Start(t, c.command(true, "/usr/bin/python3", "programs/python/echo_asyncio.py", "server", cert.Chain, cert.Key))
		return p.WaitOutput(`port (\d+)`)[1]
	}
	client := []string{"/usr/bin/python3", "programs/python/echo_asyncio.py", "client", "HOST", "PORT", "TRUST"}
	out, status := c.run("", with(client, "localhost", server(c.p.server), c.p.ca.Path)...)
	if status != 0 || !strings.Contains(out, "version TLSv1.2 alpn echo\necho same\n") {
		t.Errorf("status %d, output:\n%s", status, out)
	}
	c.governed(api.Client, "python3")
	port := server(c.p.ca.Issue(t, testutil.Leaf{Names: []string{"other.test"}}))
	if out, status := c.run("", with(append(client, "insecure"), "localhost", port, c.p.ca.Path)...); status == 0 || !strings.Contains(out, "CERTIFICATE_VERIFY_FAILED") {
		t.Errorf("a wrong name: status %d, output:\n%s", status, out)
	}
}

func TestCoerceSMTP(t *testing.T) {
	c := coerce(t, oneVersion+"coerce = true\n")
	out, status := c.run("", "/usr/bin/python3", "programs/python/smtp_pair.py", c.p.server.Chain, c.p.server.Key, c.p.ca.Path)
	if status != 0 || !strings.Contains(out, "version TLSv1.2\n") || !strings.Contains(out, "received 30017\n") {
		t.Errorf("status %d, output:\n%s", status, out)
	}
	c.governed(api.Client, "python3")
	c.governed(api.Server, "python3")
}
