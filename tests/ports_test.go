package tests

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/internal/testutil"
)

// The ported programs of ports/ at work. `make ports` builds them and runs these tests; it takes minutes and the archive of
// the distribution, so that other test runs leave them out.

// A portWorld is a machine whose policy trusts one authority and has one certificate.
type portWorld struct {
	p pki
	m *policed
	// dir is where the program runs and leaves its files.
	dir string
}

// ported is the path of a ported program and a machine for it, with further lines of policy.
func ported(t *testing.T, name, policy string) (string, portWorld) {
	t.Helper()
	testutil.Require(t, testutil.Asked("SSA_TEST_PORTS", "make ports"))
	p := newPKI(t)
	m := police(t, map[string]string{
		policyFile:      policy + "trust_store = \"/etc/authority.pem\"\n[[certificate]]\nchain = \"/etc/server.pem\"\nkey = \"/etc/server.key\"\n",
		"authority.pem": mustRead(t, p.ca.Path), "server.pem": mustRead(t, p.server.Chain), "server.key": mustRead(t, p.server.Key),
	})
	path, err := filepath.Abs(filepath.Join("..", "bin", "ports", name))
	if err != nil {
		t.Fatal(err)
	}
	return path, portWorld{p, m, t.TempDir()}
}

// sh runs a line of shell below `ssa run`, in the folder of the world.
func (w portWorld) sh(t *testing.T, line string, words ...string) (output string, status int) {
	t.Helper()
	cmd := w.m.run(t, append([]string{"sh", "-c", line, "sh"}, words...)...)
	cmd.Dir = w.dir
	return testutil.Run(t, cmd, "")
}

func TestPortsLinkNoTLSLibrary(t *testing.T) {
	for _, name := range []string{"wget", "lighttpd", "netcat", "caddy"} {
		path, _ := ported(t, name, "")
		out, _ := exec.Command("ldd", path).CombinedOutput() // status 1: it is static
		if regexp.MustCompile(`libssl|libcrypto|libgnutls|libmbedtls|libwolfssl|libssl3`).Match(out) || len(out) == 0 {
			t.Errorf("%s:\n%s", name, out)
		}
	}
}

// siteNginx serves eleven pages that link to each other, and says of each on which connection it went.
func siteNginx(t *testing.T, c testutil.Certificate, directives ...string) *testutil.Server {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var links strings.Builder
	for i := range 10 {
		fmt.Fprintf(&links, "<a href=\"page%d.html\">%d</a>\n", i, i)
	}
	for i := range 10 {
		name := filepath.Join(dir, fmt.Sprintf("page%d.html", i))
		if err := os.WriteFile(name, []byte(links.String()+strings.Repeat("text\n", 10000*i)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "index.html"), []byte(links.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return testutil.Nginx(t, c, append(directives, `add_header X-Connection "$connection $ssl_protocol reused=$ssl_session_reused";`,
		"location /site/ { alias "+dir+"/; }")...)
}

// TestPortsWget fetches a site over kept connections, twice, the second time with a session of the first.
func TestPortsWget(t *testing.T) {
	wget, w := ported(t, "wget", "")
	s := siteNginx(t, w.p.server, "ssl_protocols TLSv1.2 TLSv1.3;")
	url := "https://localhost:" + s.Port() + "/site/"
	out, status := w.sh(t, `"$1" -r -np -S -P first "$2" && "$1" -q -r -np -P second "$2" && diff -r first second && "$1" -S -O /dev/null "$2"`, wget, url)
	if status != 0 || !strings.Contains(out, "Downloaded: 11 files") {
		t.Fatalf("status %d:\n%s", status, out)
	}
	all := regexp.MustCompile(`X-Connection: (\d+) TLSv1.3 reused=(.)`).FindAllStringSubmatch(out, -1)
	if len(all) != 12 {
		t.Fatalf("%d answers:\n%s", len(all), out)
	}
	for i, a := range all[:11] {
		if a[1] != all[0][1] || a[2] != "." {
			t.Errorf("answer %d came on connection %s, reused %q; the first on %s", i, a[1], a[2], all[0][1])
		}
	}
	if all[11][1] == all[0][1] || all[11][2] != "r" {
		t.Errorf("a later program resumed no session: %v", all[11])
	}
}

// TestPortsWgetRefuses has wget meet what the policy forbids, asking it to look away.
func TestPortsWgetRefuses(t *testing.T) {
	stranger := testutil.SelfSigned(t, testutil.Leaf{Names: []string{"localhost"}})
	for name, row := range map[string]struct {
		policy, host string
		certificate  *testutil.Certificate
		want         string
	}{
		"ok":              {"", "localhost", nil, "200 OK"},
		"bad certificate": {"", "localhost", &stranger, "trust"},
		"bad name":        {"", "other.localhost", nil, "other.localhost"},
		"bad version":     {"versions = [\"TLS1.3\"]\n", "localhost", nil, "protocol_version"},
	} {
		t.Run(name, func(t *testing.T) {
			wget, w := ported(t, "wget", row.policy)
			if row.certificate == nil {
				row.certificate = &w.p.server
			}
			s := siteNginx(t, *row.certificate, "ssl_protocols TLSv1.2;")
			w.m.write(t, "hosts", "127.0.0.1 localhost other.localhost\n")
			url := fmt.Sprintf("https://%s:%s/site/", row.host, s.Port())
			out, status := w.sh(t, `"$1" --no-check-certificate -t 1 -S -O - "$2"`, wget, url)
			if ok := status == 0; ok != strings.HasPrefix(name, "ok") || !strings.Contains(out, row.want) {
				t.Errorf("status %d, want %q in\n%s", status, row.want, out)
			}
		})
	}
}

// startPort starts a server under `ssa run` on the machine, at a port that was free.
func (w portWorld) startPort(t *testing.T, ready, port string, words ...string) *testutil.Server {
	t.Helper()
	cmd := w.m.run(t, words...)
	cmd.Dir = w.dir
	p := testutil.Start(t, cmd)
	p.WaitOutput(ready)
	return &testutil.Server{Process: p, Addr: loopbackAddr(t, port)}
}

// freePort is a port that nobody listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	return fmt.Sprint(testutil.RefusedAddr(t).Port())
}

func (w portWorld) lighttpd(t *testing.T, path, settings string) (*testutil.Server, string) {
	t.Helper()
	port := freePort(t)
	conf := filepath.Join(w.dir, "lighttpd.conf")
	if err := os.WriteFile(filepath.Join(w.dir, "index.html"), []byte("from lighttpd\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf("server.document-root = %q\nserver.bind = \"127.0.0.1\"\nserver.port = %s\nserver.max-fds = 8192\nserver.max-connections = 4000\n"+
		"server.max-keep-alive-requests = 100000\nindex-file.names = (\"index.html\")\nserver.errorlog = \"/dev/stderr\"\nssl.engine = \"enable\"\n%s",
		w.dir, port, settings)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return w.startPort(t, `server started|does not|key`, port, path, "-D", "-f", conf, "-m", path+".d"), port
}

// TestPortsLighttpd serves HTTP/2 and HTTP/1.1 with the policy's certificate and with one of its own, and 1,000 clients.
func TestPortsLighttpd(t *testing.T) {
	testutil.Require(t, testutil.Program("h2load"))
	path, w := ported(t, "lighttpd", "versions = [\"TLS1.3\"]\n")
	for name, settings := range map[string]string{
		"ok policy's certificate": "",
		"ok own certificate":      fmt.Sprintf("ssl.pemfile = %q\nssl.privkey = %q\n", w.p.server.Chain, w.p.server.Key),
	} {
		t.Run(name, func(t *testing.T) {
			s, port := w.lighttpd(t, path, settings)
			for arg, want := range map[string]string{"--http2": "HTTP/2 200", "--http1.1": "HTTP/1.1 200"} {
				out, status := testutil.Curl(t, w.p.ca, "localhost:"+port, arg)
				if status != 0 || !strings.Contains(out, want) || !strings.Contains(out, "from lighttpd") || !strings.Contains(out, "TLSv1.3 / ") {
					t.Errorf("curl %s: status %d:\n%s\n%s", arg, status, out, s.Output())
				}
			}
			if out, status := testutil.Curl(t, w.p.ca, "localhost:"+port, "--tls-max", "1.2"); status == 0 {
				t.Errorf("the policy allows TLS 1.3 alone:\n%s", out)
			}
		})
	}
	t.Run("ok many", func(t *testing.T) {
		_, port := w.lighttpd(t, path, "")
		out, err := exec.Command("h2load", "--h1", "-n", "20000", "-c", "1000", "-T", "60", "-N", "60", "https://127.0.0.1:"+port+"/").CombinedOutput()
		if err != nil || !strings.Contains(string(out), "20000 succeeded, 0 failed, 0 errored") {
			t.Errorf("h2load: %v\n%s", err, out)
		}
	})
	t.Run("bad key", func(t *testing.T) {
		s, _ := w.lighttpd(t, path, fmt.Sprintf("ssl.pemfile = %q\nssl.privkey = %q\n", w.p.server.Chain, w.p.client.Key))
		if status := s.Wait(); status == 0 || !strings.Contains(s.Output(), "key") {
			t.Errorf("status %d:\n%s", status, s.Output())
		}
	})
}

// TestPortsNetcat sends 1 GB each way at once between two of them, and some bytes to OpenSSL. The one that listens ends its
// side first: nc -l exits as soon as its peer has ended, over TCP too, with whatever it still had to read.
func TestPortsNetcat(t *testing.T) {
	nc, w := ported(t, "netcat", "")
	const stream = `yes "the same on both sides" | head -c 1073741824`
	port := freePort(t)
	server := w.startPort(t, `Listening`, port, "sh", "-c", stream+` | "$1" -v -N -c -l 127.0.0.1 "$2" | sha256sum`, "sh", nc, port)
	out, status := w.sh(t, stream+` | "$1" -c localhost "$2" | sha256sum`, nc, port)
	server.Wait()
	want, err := exec.Command("sh", "-c", stream+" | sha256sum").Output()
	if err != nil || status != 0 || !bytes.Contains([]byte(out), want) || !strings.Contains(server.Output(), string(want)) {
		t.Errorf("status %d: the client got %s, the server %s; want %s", status, out, server.Output(), want)
	}
	peer := testutil.OpenSSLServer(t, w.p.server, "-rev")
	if out, status := w.sh(t, `echo abc | "$1" -c -q 1 localhost "$2"`, nc, peer.Port()); !strings.Contains(out, "cba") {
		t.Errorf("s_server: status %d:\n%s", status, out)
	}
	strange := testutil.OpenSSLServer(t, testutil.SelfSigned(t, testutil.Leaf{Names: []string{"localhost"}}), "-rev")
	if out, status := w.sh(t, `echo abc | "$1" -c -q 1 localhost "$2"`, nc, strange.Port()); status == 0 || !strings.Contains(out, "trust") {
		t.Errorf("a stranger: status %d:\n%s", status, out)
	}
}

// TestPortsCaddy serves HTTP/2, with the certificate of the policy, under its versions.
func TestPortsCaddy(t *testing.T) {
	path, w := ported(t, "caddy", "versions = [\"TLS1.3\"]\n")
	port := freePort(t)
	conf := filepath.Join(w.dir, "Caddyfile")
	text := fmt.Sprintf("{\n\tadmin off\n\tauto_https off\n\tservers {\n\t\tprotocols h1 h2c\n\t}\n}\nhttp://localhost:%s {\n\tbind ssa/127.0.0.1\n\trespond \"over {http.request.proto}\"\n}\n", port)
	if err := os.WriteFile(conf, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	s := w.startPort(t, `serving initial configuration|rror`, port, path, "run", "--config", conf, "--adapter", "caddyfile")
	for arg, want := range map[string]string{"--http2": "over HTTP/2.0", "--http1.1": "over HTTP/1.1"} {
		if out, status := testutil.Curl(t, w.p.ca, "localhost:"+port, arg); status != 0 || !strings.Contains(out, want) {
			t.Errorf("curl %s: status %d:\n%s\n%s", arg, status, out, s.Output())
		}
	}
	if out, status := testutil.Curl(t, w.p.ca, "localhost:"+port, "--tls-max", "1.2"); status == 0 {
		t.Errorf("the policy allows TLS 1.3 alone:\n%s", out)
	}
}
