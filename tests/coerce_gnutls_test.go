package tests

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/securesocketapi/ssa/api"
	"github.com/securesocketapi/ssa/internal/testutil"
)

// prepare runs a script whose output matters to nobody.
func (c *coercing) prepare(script string, words ...string) {
	c.t.Helper()
	out, status := testutil.Run(c.t, c.command(true, append([]string{"sh", "-ec", script, "sh"}, words...)...), "")
	if status != 0 {
		c.t.Fatalf("prepare: status %d, output:\n%s", status, out)
	}
}

// serve has nginx serve a directory, past the policy, with a certificate.
func (c *coercing) serve(dir string, cert testutil.Certificate) *testutil.Server {
	c.t.Helper()
	return testutil.Nginx(c.t, cert, bothVersions, "location /files/ { alias "+dir+"/; }")
}

// TestCoerceGit clones a repository, by the curl that Debian links with GnuTLS.
func TestCoerceGit(t *testing.T) {
	c := coerce(t, oneVersion+"coerce = true\n")
	dir := plainDir(t)
	c.prepare(`cd "$1"; git init -q -b main work; cd work; seq 100000 >numbers; git add numbers
git -c user.name=x -c user.email=x@localhost commit -q -m x; cd ..; git clone -q --bare work bare.git; git -C bare.git update-server-info`, dir)
	clone := func(past bool, cert testutil.Certificate, verify string) (out, numbers string) {
		to := filepath.Join(t.TempDir(), "clone")
		url := "https://localhost:" + c.serve(dir, cert).Port() + "/files/bare.git"
		cmd := c.command(past, "git", "-c", "http.sslVerify="+verify, "clone", "-q", url, to)
		cmd.Env = append(os.Environ(), "GIT_SSL_CAINFO="+c.p.ca.Path, "GIT_TERMINAL_PROMPT=0")
		out, _ = testutil.Run(t, cmd, "")
		b, _ := os.ReadFile(filepath.Join(to, "numbers"))
		return out, string(b)
	}
	if out, got := clone(false, c.p.server, "true"); got != mustRead(t, filepath.Join(dir, "work", "numbers")) {
		t.Errorf("the clone differs; output:\n%s", out)
	}
	c.governed(api.Client, "git-remote-http")
	for _, verify := range []string{"true", "false"} {
		if out, got := clone(false, c.stranger(), verify); got != "" || !strings.Contains(out, `not for "localhost"`) {
			t.Errorf("bad name, http.sslVerify=%s: output:\n%s", verify, out)
		}
	}
	c.refused("git-remote-http", `not for "localhost"`)
	if out, got := clone(true, c.stranger(), "false"); got == "" {
		t.Errorf("without ssa run it does not even work:\n%s", out)
	}
}

// aptRepository makes a package and its index.
func (c *coercing) aptRepository(dir string) {
	c.prepare(`cd "$1"; mkdir -p p/DEBIAN p/usr/share/hello; seq 100000 >p/usr/share/hello/numbers
printf 'Package: ssa-hello\nVersion: 1\nArchitecture: all\nMaintainer: x <x@localhost>\nDescription: x\n' >p/DEBIAN/control
dpkg-deb -b p ssa-hello.deb >/dev/null`, dir)
	deb := mustRead(c.t, filepath.Join(dir, "ssa-hello.deb"))
	index := c.file(dir, "Packages", "%sFilename: ./ssa-hello.deb\nSize: %d\nSHA256: %x\n\n", mustRead(c.t, filepath.Join(dir, "p/DEBIAN/control")),
		len(deb), sha256.Sum256([]byte(deb)))
	text := mustRead(c.t, index)
	c.file(dir, "Release", "Date: Sat, 01 Jan 2022 00:00:00 UTC\nSHA256:\n %x %d Packages\n", sha256.Sum256([]byte(text)), len(text))
}

// apt runs apt-get with nothing of the machine's.
func (c *coercing) apt(past bool, dir, verify string, words ...string) (string, int) {
	conf := c.file(dir, "apt.conf", `Dir "%[1]s"; Dir::State::status "%[1]s/status"; Dir::Etc::sourcelist "%[1]s/sources.list"; Dir::Etc::sourceparts "-";
Dir::Bin::Methods "/usr/lib/apt/methods"; Dir::Etc::parts "-"; Acquire::https::CaInfo "%[2]s"; Acquire::https::Proxy "DIRECT"; Acquire::Retries 0;
APT::Sandbox::User "root"; Acquire::https::Verify-Peer "%[3]s"; Acquire::https::Verify-Host "%[3]s"; Acquire::Languages "none";
`, dir, c.p.ca.Path, verify)
	cmd := c.command(past, append([]string{"apt-get", "-q"}, words...)...)
	cmd.Env = append(os.Environ(), "APT_CONFIG="+conf)
	cmd.Dir = dir
	return testutil.Run(c.t, cmd, "")
}

// aptSource is a directory of apt's for a server.
func (c *coercing) aptSource(port string) string {
	dir := c.t.TempDir()
	c.prepare(`cd "$1"; mkdir -p lists/partial cache/archives/partial var/lib/apt/lists/partial; : >status`, dir)
	c.file(dir, "sources.list", "deb [trusted=yes] https://localhost:%s/files/ ./\n", port)
	return dir
}

// TestCoerceApt updates its lists and downloads a package.
func TestCoerceApt(t *testing.T) {
	testutil.Require(t, testutil.Program("apt-get"), testutil.Program("dpkg-deb"))
	c := coerce(t, oneVersion+"coerce = true\n")
	repository := plainDir(t)
	c.aptRepository(repository)
	dir := c.aptSource(c.serve(repository, c.p.server).Port())
	for _, words := range [][]string{{"update"}, {"download", "ssa-hello"}} {
		if out, status := c.apt(false, dir, "true", words...); status != 0 {
			t.Fatalf("apt-get %s: status %d, output:\n%s", words[0], status, out)
		}
	}
	if got := mustRead(t, filepath.Join(dir, "ssa-hello_1_all.deb")); got != mustRead(t, filepath.Join(repository, "ssa-hello.deb")) {
		t.Error("the package differs")
	}
	c.governed(api.Client, "http")
	dir = c.aptSource(c.serve(repository, c.stranger()).Port())
	for _, verify := range []string{"true", "false"} {
		if out, status := c.apt(false, dir, verify, "-o", "APT::Update::Error-Mode=any", "update"); status == 0 || !strings.Contains(out, `not for "localhost"`) {
			t.Errorf("bad name, Verify-Peer %s: status %d, output:\n%s", verify, status, out)
		}
	}
	c.refused("http", `not for "localhost"`)
	if out, status := c.apt(true, dir, "false", "-o", "APT::Update::Error-Mode=any", "update"); status != 0 {
		t.Errorf("without ssa run it does not even work: status %d, output:\n%s", status, out)
	}
}

// gnutlsServ starts gnutls-serv, coerced.
func (c *coercing) gnutlsServ(words ...string) (port string) {
	port = fmt.Sprint(testutil.FreePort(c.t))
	p := c.start(append([]string{"gnutls-serv", "--port=" + port, "--x509certfile=" + c.p.server.Chain, "--x509keyfile=" + c.p.server.Key,
		"--alpn=http/1.1"}, words...)...)
	p.WaitOutput(`port \d+\.\.\.done`)
	return port
}

// TestCoerceGnuTLSServ describes connections and asks for certificates.
func TestCoerceGnuTLSServ(t *testing.T) {
	testutil.Require(t, testutil.Program("gnutls-serv"))
	c := coerce(t, oneVersion+"coerce = true\n")
	port := c.gnutlsServ("--http", "--disable-client-cert")
	out, status := testutil.Curl(t, c.p.ca, "localhost:"+port)
	if status != 0 || !strings.Contains(out, "TLS1.2") || !strings.Contains(out, "Server Name: localhost") || !strings.Contains(out, "ALPN: server accepted http/1.1") {
		t.Errorf("status %d, output:\n%s", status, out)
	}
	if out, status := testutil.Curl(t, c.p.ca, "localhost:"+port, "--tlsv1.3"); status != 35 {
		t.Errorf("TLS 1.3, which the policy does not allow: status %d, output:\n%s", status, out)
	}
	port = c.gnutlsServ("--http", "--require-client-cert", "--x509cafile="+c.p.ca.Path)
	if out, status := testutil.Curl(t, c.p.ca, "localhost:"+port); status == 0 {
		t.Errorf("without a certificate: output:\n%s", out)
	}
	stranger := testutil.SelfSigned(t, testutil.Leaf{CommonName: "stranger"})
	if out, status := testutil.Curl(t, c.p.ca, "localhost:"+port, "--cert", stranger.Chain, "--key", stranger.Key); status == 0 {
		t.Errorf("with a certificate that nobody has signed: output:\n%s", out)
	}
	out, status = testutil.Curl(t, c.p.ca, "localhost:"+port, "--cert", c.p.client.Chain, "--key", c.p.client.Key)
	if status != 0 || !strings.Contains(out, "the client") {
		t.Errorf("with a certificate: status %d, output:\n%s", status, out)
	}
	c.governed(api.Server, "gnutls-serv")
}

// TestCoerceGnuTLSPriorities asks for less than the policy allows.
func TestCoerceGnuTLSPriorities(t *testing.T) {
	c := coerce(t, "coerce = true\n")
	s := testutil.Nginx(t, c.p.server, bothVersions)
	for priority, want := range map[string]string{
		"NORMAL":              "protocol TLSv1.3\n",
		"NORMAL:-VERS-TLS1.3": "protocol TLSv1.2\n",
		"NORMAL:-VERS-TLS1.3:-AES-128-GCM:-AES-256-GCM": "CHACHA20-POLY1305\n",
		"NORMAL:-VERS-ALL:+VERS-TLS1.1":                 "TLS 1.1 is below TLS 1.2, the lowest version the built-in policy allows",
	} {
		out, _ := c.run(request, "gnutls-cli", "--priority="+priority, "--x509cafile="+c.p.ca.Path, "--port="+s.Port(), "localhost")
		if !strings.Contains(out, want) {
			t.Errorf("%s: no %q in:\n%s", priority, want, out)
		}
	}
}

// TestCoerceGnuTLSUnserved uses a revocation list of the program's own.
func TestCoerceGnuTLSUnserved(t *testing.T) {
	testutil.Require(t, testutil.Program("certtool"))
	for text, want := range map[string]string{
		"coerce = true\n":            "TLS_COERCE: the program has called gnutls_certificate_set_x509_crl_file, which cannot be served to a program that /etc/ssa/policy.toml:1 coerces",
		"coerce = \"best-effort\"\n": "protocol TLS",
	} {
		c := coerce(t, text)
		s := testutil.Nginx(t, c.p.server)
		list := filepath.Join(t.TempDir(), "crl")
		c.prepare("printf 'crl_next_update = 1\ncrl_number = 1\n' | certtool --generate-crl --load-ca-certificate $1 --load-ca-privkey $2 --template /dev/stdin --outfile $3",
			c.p.server.Chain, c.p.server.Key, list)
		out, _ := c.run("", "wget", "-nv", "-O", "-", "--crl-file="+list, "--ca-certificate="+c.p.ca.Path, "https://localhost:"+s.Port()+"/")
		if !strings.Contains(out, want) || strings.Count(out, "ssa: coerce: gnutls_certificate_set_x509_crl_file cannot be served\n") != 1 {
			t.Errorf("%q: output:\n%s", text, out)
		}
	}
}

var buildGnuTLSClient = sync.OnceValue(func() built {
	return build("gnutls_client", nil, "gcc", "-std=gnu17", "-O2", "-Wall", "-Wextra", "-Werror", "-o", "OUT", "tests/programs/c/gnutls_client.c", "-lgnutls")
})

// TestCoerceGnuTLSCallbacks has a program whose own functions move the bytes, and whose own verification can refuse a peer
// that the policy accepts, not accept one that it refuses.
func TestCoerceGnuTLSCallbacks(t *testing.T) {
	testutil.Require(t, testutil.File("/usr/include/gnutls/gnutls.h"))
	c := coerce(t, oneVersion+"coerce = true\n")
	client := must(t, buildGnuTLSClient())
	good, bad := testutil.Nginx(t, c.p.server, bothVersions), testutil.Nginx(t, c.stranger(), bothVersions)
	tests := []struct {
		name, port, how string
		status          int
		want, never     []string
	}{
		{"ok", good.Port(), "accept", 0, []string{"peers 2 status 0\nunexpected 1\nhandshake 0 ", "version TLS1.2 resumed 0\nbinding same\n",
			"corked 54\nuncorked 54\n", "protocol TLSv1.2\n", "reused .\n", "end 0\n", "version TLS1.2 resumed 1\n", "reused r\n", "asked 2\n"}, nil},
		{"bad refused by the program", good.Port(), "refuse", 1, []string{"handshake -348 the program's own verification refuses", "asked 1\n"}, []string{"protocol"}},
		{"bad refused by the policy", bad.Port(), "accept", 1, []string{"handshake -348 ", `not for "localhost"`, "asked 0\n"}, []string{"protocol"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			out, status := c.run("", client, "localhost", tt.port, c.p.ca.Path, tt.how)
			if status != tt.status {
				t.Errorf("status %d, want %d", status, tt.status)
			}
			for _, w := range tt.want {
				if !strings.Contains(out, w) {
					t.Errorf("no %q", w)
				}
			}
			for _, n := range tt.never {
				if strings.Contains(out, n) {
					t.Errorf("%q", n)
				}
			}
			if t.Failed() {
				t.Log(out)
			}
		})
	}
}

// TestCoerceGnuTLSWaits writes more than the socket takes at once: nothing is lost or sent twice.
func TestCoerceGnuTLSWaits(t *testing.T) {
	testutil.Require(t, testutil.File("/usr/include/gnutls/gnutls.h"))
	c := coerce(t, oneVersion+"coerce = true\n")
	s := testutil.OpenSSLServer(t, c.p.server)
	out, status := c.run("", must(t, buildGnuTLSClient()), "localhost", s.Port(), c.p.ca.Path, "bulk")
	if status != 0 || !strings.Contains(out, "written 8000000 waited 1\n") {
		t.Fatalf("status %d, output:\n%s", status, out)
	}
	var want strings.Builder
	for i := range 1000000 {
		fmt.Fprintf(&want, "%07d\n", i)
	}
	if !eventually(func() bool { return strings.Contains(s.Output(), want.String()) }) {
		t.Errorf("what has arrived differs: %d bytes", len(s.Output()))
	}
}

// TestCoerceGnuTLSClientCertificate has one in the credentials, and one from a callback.
func TestCoerceGnuTLSClientCertificate(t *testing.T) {
	c := coerce(t, oneVersion+"coerce = true\n")
	s := startNginx(t, c.p, tlsVersion{page: "TLSv1.2 TLSv1.3"}, true)
	for _, words := range [][]string{
		{"wget", "-nv", "-O", "-", "--ca-certificate=TRUST", "--certificate=" + c.p.client.Chain, "--private-key=" + c.p.client.Key, "https://HOST:PORT/"},
		{"gnutls-cli", "--x509cafile=TRUST", "--x509certfile=" + c.p.client.Chain, "--x509keyfile=" + c.p.client.Key, "--port=PORT", "HOST"},
	} {
		out, status := c.run(request, with(words, "localhost", s.Port(), c.p.ca.Path)...)
		page := testutil.Lines(out)
		if status != 0 || page["verify"] != "SUCCESS" || !strings.Contains(page["client"], "CN=the client") || page["protocol"] != "TLSv1.2" {
			t.Errorf("%s: status %d, output:\n%s", words[0], status, out)
		}
	}
}

// TestCoerceGnuTLSNobodyServes runs the library without a supervisor.
func TestCoerceGnuTLSNobodyServes(t *testing.T) {
	p := newPKI(t)
	s := testutil.Nginx(t, p.server)
	cmd := exec.Command("wget", "-nv", "-O", "-", "--no-check-certificate", "https://localhost:"+s.Port()+"/")
	cmd.Env = append(os.Environ(), "LD_PRELOAD="+filepath.Join(filepath.Dir(must(t, buildShim())), "libssa-gnutls.so"))
	if out, status := testutil.Run(t, cmd, ""); status == 0 || !strings.Contains(out, "does not run under ssa run") {
		t.Errorf("status %d, output:\n%s", status, out)
	}
}
