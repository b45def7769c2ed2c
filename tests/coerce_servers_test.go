package tests

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/linux"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// A coercedServer is a server of HTTPS.
type coercedServer struct {
	name, exe string
	// start starts it on a port, with the index page of a directory.
	start func(c *coercing, dir, port string) *testutil.Process
	http2 bool
}

// index is what the servers serve.
const index = "the index page of the server\n"

func coercedServers() []coercedServer {
	return []coercedServer{
		{"openssl s_server", "openssl", startSServer, false},
		{"nginx", "nginx", startCoercedNginx, true},
		{"lighttpd", "lighttpd", startLighttpd, true},
	}
}

func (c *coercing) start(words ...string) *testutil.Process {
	c.t.Helper()
	return testutil.Start(c.t, c.command(false, words...))
}

func startSServer(c *coercing, dir, port string) *testutil.Process {
	words := []string{"openssl", "s_server", "-accept", "127.0.0.1:" + port, "-WWW", "-alpn", "http/1.1"}
	script := "cd \"$1\" && shift && exec \"$@\""
	return c.start(append([]string{"sh", "-c", script, "sh", dir}, append(words, testutil.OpenSSLCertificate(c.p.server)...)...)...)
}

func (c *coercing) file(dir, name, format string, args ...any) string {
	c.t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, fmt.Appendf(nil, format, args...), 0o644); err != nil {
		c.t.Fatal(err)
	}
	return path
}

// startCoercedNginx starts a master and two workers. A second server has a certificate of its own.
func startCoercedNginx(c *coercing, dir, port string) *testutil.Process {
	other := c.p.ca.Issue(c.t, testutil.Leaf{Names: []string{"other.test"}})
	conf := c.file(dir, "nginx.conf", `daemon off; worker_processes 2; user root; pid %[1]s/pid; error_log stderr notice;
events { worker_connections 1024; }
http {
  access_log off; client_body_temp_path %[1]s; proxy_temp_path %[1]s; fastcgi_temp_path %[1]s; uwsgi_temp_path %[1]s; scgi_temp_path %[1]s;
  ssl_protocols TLSv1.2 TLSv1.3;
  server { listen 127.0.0.1:%[2]s ssl http2; server_name localhost; root %[1]s; ssl_certificate %[3]s; ssl_certificate_key %[4]s; }
  server { listen 127.0.0.1:%[2]s ssl http2; server_name other.test; root %[1]s; ssl_certificate %[5]s; ssl_certificate_key %[6]s; }
}
`, dir, port, c.p.server.Chain, c.p.server.Key, other.Chain, other.Key)
	return c.start("nginx", "-p", dir, "-e", "stderr", "-c", conf)
}

func startLighttpd(c *coercing, dir, port string) *testutil.Process {
	testutil.Require(c.t, testutil.File("/usr/lib/lighttpd/mod_openssl.so"))
	conf := c.file(dir, "lighttpd.conf", `server.document-root = "%s"
server.bind = "127.0.0.1"
server.port = %s
server.modules = ("mod_openssl")
index-file.names = ("index.html")
ssl.engine = "enable"
ssl.pemfile = "%s"
ssl.privkey = "%s"
`, dir, port, c.p.server.Chain, c.p.server.Key)
	return c.start("lighttpd", "-D", "-f", conf)
}

func TestCoerceServers(t *testing.T) {
	for _, row := range coercedServers() {
		t.Run(row.name, func(t *testing.T) {
			c := coerce(t, oneVersion+"coerce = true\n")
			dir := t.TempDir()
			if err := os.Chmod(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			c.file(dir, "index.html", index)
			port := fmt.Sprint(testutil.FreePort(t))
			p := row.start(c, dir, port)
			c.listens(port)
			row.check(c, port)
			if row.exe == "nginx" {
				c.checkNginx(p, port)
			}
			c.governed(api.Server, row.exe)
		})
	}
}

// listens waits until there is a listener on the port.
func (c *coercing) listens(port string) {
	c.t.Helper()
	if !eventually(func() bool {
		_, status := testutil.Run(c.t, c.command(true, "curl", "-s", "-o", "/dev/null", "http://localhost:"+port+"/"), "")
		return status != 7 // could not connect
	}) {
		c.t.Fatal("the server does not listen")
	}
}

// check has curl, past ssa, fetch the page.
func (row coercedServer) check(c *coercing, port string) {
	c.t.Helper()
	for _, version := range []string{"--http1.1", "--http2"} {
		out, status := testutil.Curl(c.t, c.p.ca, "localhost:"+port, version, "--write-out", "spoke %{http_version}", "--request-target", "/index.html")
		spoke := "spoke 1"
		if row.http2 && version == "--http2" {
			spoke = "spoke 2"
		}
		if status != 0 || !strings.Contains(out, index) || !strings.Contains(out, spoke) || !strings.Contains(out, "using TLSv1.2") {
			c.t.Errorf("curl %s: status %d, output:\n%s", version, status, out)
		}
	}
	if out, status := testutil.Curl(c.t, c.p.ca, "localhost:"+port, "--tlsv1.3"); status != 35 {
		c.t.Errorf("TLS 1.3, which the policy does not allow: status %d, output:\n%s", status, out)
	}
}

// checkNginx chooses the certificate by the name, and reloads under load.
func (c *coercing) checkNginx(p *testutil.Process, port string) {
	c.t.Helper()
	if out, status := testutil.Curl(c.t, c.p.ca, "other.test:"+port, "--request-target", "/index.html"); status != 0 || !strings.Contains(out, index) {
		c.t.Errorf("the other server: status %d, output:\n%s", status, out)
	}
	load := testutil.Start(c.t, c.command(true, "curl", "-sS", "--http1.1", "--cacert", c.p.ca.Path, "--parallel", "--parallel-max", "10",
		"-H", "Connection: close", "-o", "/dev/null", "-w", "%{http_code}\n", "https://localhost:"+port+"/index.html?[1-300]"))
	load.WaitOutput(`200\n`)
	if err := linux.Kill(p.PID(), linux.SIGHUP); err != nil {
		c.t.Fatal(err)
	}
	if load.Wait() != 0 || strings.Count(load.Output(), "200\n") != 300 {
		c.t.Errorf("load during a reload:\n%s", load.Output())
	}
	if out, status := testutil.Curl(c.t, c.p.ca, "localhost:"+port, "--request-target", "/index.html"); status != 0 || !strings.Contains(out, index) {
		c.t.Errorf("after the reload: status %d, output:\n%s", status, out)
	}
}

// TestCoerceAsyncioServer moves its bytes itself.
func TestCoerceAsyncioServer(t *testing.T) {
	c := coerce(t, oneVersion+"coerce = true\n")
	echo := "programs/python/echo_asyncio.py"
	server := c.start("/usr/bin/python3", echo, "server", c.p.server.Chain, c.p.server.Key)
	port := server.WaitOutput(`port (\d+)`)[1]
	out, status := testutil.Run(t, c.command(true, "/usr/bin/python3", echo, "client", "localhost", port, c.p.ca.Path), "")
	if status != 0 || !strings.Contains(out, "version TLSv1.2 alpn echo\necho same\n") {
		t.Errorf("status %d, output:\n%s", status, out)
	}
	server.WaitOutput("name localhost")
	c.governed(api.Server, "python3")
}
